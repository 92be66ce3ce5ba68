"""The report: its revisions, how they were written, the form and the PDF."""

from __future__ import annotations

import streamlit as st

from core.domain import Inspection, Job, JobState, Revision
from core.records.drafts import kept_draft
from core.services.inspection_images import report_pdf
from core.services.reports import remarks_of
from core.services.station import Station
from core.tasks.report import WriteReport, WritingResult
from pages.parts.browser import browser_id
from pages.parts.grounding_words import checked_text
from pages.parts.inspect.report_edit import edit_report, open_revision
from pages.parts.jobs import watch_job
from pages.parts.words import plain
from pages.parts.writers import show_writing, write_again_button
from pages.texts import t, when
from pages.texts.labels import label


def show_report(station: Station, inspection: Inspection) -> None:
    """Show the report of an inspection, to read, edit, sign, print and write again."""
    _show_writing_job(station, inspection)
    revision = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if inspection.revisions:
            revision = _chosen_revision(station, inspection)
            _pdf_button(station, inspection, revision)
        write_again_button(station, inspection)
        if st.button(
            t("report.compare"), icon=":material/compare:", key=f"compare-{inspection.id}"
        ):
            st.switch_page("compare.py", query_params={"inspection": inspection.id})
    if revision is None:
        st.caption(t("report.none_yet"))
        return
    remarks = remarks_of(revision, inspection)
    violations = sum(remark.is_violation for remark in remarks)
    show_writing(revision)
    st.caption(checked_text(revision.report, inspection.evidence, violations))
    if violations:
        st.warning(t("report.contradicts", count=violations), icon=":material/rule:")
    _show_which_counts(inspection, revision)
    edit_report(station, inspection, revision, remarks)


def _pdf_button(station: Station, inspection: Inspection, revision: Revision) -> None:
    st.download_button(
        t("report.pdf"),
        lambda: report_pdf(station, inspection, revision.number),
        file_name=f"{inspection.id}-r{revision.number}.pdf",
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        on_click="ignore",
    )


def _show_writing_job(station: Station, inspection: Inspection) -> None:
    """Show the report as it is being written, or why it was not."""
    job = station.jobs.latest(WriteReport, "inspection", inspection.id)
    if job is None or job.state is JobState.DONE:
        return
    newest = inspection.revisions[-1].created_at if inspection.revisions else None
    if not job.is_active and newest is not None and newest > job.created_at:
        return
    with st.container(border=True):
        watch_job(station, job, _show_answer)


def _show_answer(job: Job) -> None:
    if job.is_active:
        told = job.result_as(WritingResult)
        st.text((told and told.answer) or t("report.no_text_yet"))


def _chosen_revision(station: Station, inspection: Inspection) -> Revision:
    """Ask for a revision: at first that with text not saved yet, else the one that counts."""
    newest_first = inspection.revisions[::-1]
    opened = st.session_state.get(f"revision-of-{inspection.id}")
    if opened is None:
        draft = kept_draft(station.records, browser_id(), inspection.id)
        opened = draft and draft.revision
    places = {revision.number: place for place, revision in enumerate(newest_first)}
    counts = inspection.revision or newest_first[0]
    key = f"revision-{inspection.id}-{len(newest_first)}-{opened}"
    return st.selectbox(
        t("report.revision"),
        newest_first,
        index=places.get(opened or 0, places[counts.number]),
        format_func=lambda revision: t(
            "report.revision_name",
            number=revision.number,
            kind=label(revision.kind),
            author=revision.author,
            time=when(revision.created_at),
        ),
        key=key,
        on_change=lambda: open_revision(inspection, st.session_state[key].number),
        width=380,
    )


def _show_which_counts(inspection: Inspection, revision: Revision) -> None:
    """Say that a report is signed, and that a later revision is not."""
    signed = inspection.signed
    if signed is None:
        return
    if revision.number == signed.number:
        said = t("report.signed", author=plain(signed.author), time=when(signed.created_at))
        st.success(said, icon=":material/verified:")
    elif revision.number > signed.number:
        st.warning(t("report.not_signed", number=signed.number), icon=":material/edit_note:")
    if revision.reason:
        st.caption(t("report.followed_because", reason=plain(revision.reason)))
