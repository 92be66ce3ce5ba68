"""Editing and signing a report: nothing typed is lost, and nothing of others is overwritten."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from pydantic import JsonValue

from core.domain import Inspection, Remark, Report, Revision, RevisionKind
from core.domain.errors import InspectionError, OutdatedError
from core.records.drafts import Draft, drop_draft, keep_draft, kept_draft
from core.services.reports import save_edit
from core.services.station import Station
from pages.parts.browser import browser_id
from pages.parts.inspect.report_form import ReportForm
from pages.parts.report_text import show_report_text
from pages.parts.typing import commit_while_typing
from pages.parts.words import ask_name, plain
from pages.texts import t, when
from pages.texts.labels import label


class Desk:
    """One browser's work on the report of one inspection.

    Attributes:
        draft: what was typed and not saved; None: nothing.
    """

    def __init__(self, station: Station, inspection: Inspection) -> None:
        self.station = station
        self.inspection = inspection
        self._browser = browser_id()
        self.draft = kept_draft(station.records, self._browser, inspection.id)

    def keep(self, draft: Draft) -> None:
        """Keep what was typed."""
        keep_draft(self.station.records, self._browser, self.inspection.id, draft)

    def drop(self) -> None:
        """Forget what was typed, and begin anew."""
        drop_draft(self.station.records, self._browser, self.inspection.id)
        name = f"typed-anew-{self.inspection.id}"
        st.session_state[name] = st.session_state.get(name, 0) + 1

    def read_now(self) -> Draft | None:
        """Read what was typed again: fields may have changed since the page was drawn."""
        return kept_draft(self.station.records, self._browser, self.inspection.id)

    @property
    def key(self) -> str:
        """Name the widgets: they begin anew when the text is dropped."""
        drawn = st.session_state.get(f"typed-anew-{self.inspection.id}", 0)
        return f"report-{self.inspection.id}-{drawn}"


def open_revision(inspection: Inspection, number: int) -> None:
    """Make a revision the one that the page shows."""
    st.session_state[f"revision-of-{inspection.id}"] = number


@st.fragment
def edit_report(
    station: Station, inspection: Inspection, revision: Revision, remarks: Sequence[Remark]
) -> None:
    """Show the form; what is saved becomes the next revision, checked again.

    What is typed is kept for this browser until it is saved or discarded. A signed report is locked
    until a reason for another one is given.
    """
    desk = Desk(station, inspection)
    commit_while_typing()
    draft = desk.draft
    if draft is not None and draft.revision != revision.number:
        st.info(t("form.elsewhere", number=draft.revision), icon=":material/edit_note:")
        _form(desk, revision, remarks, disabled=True)
        return
    locked = inspection.signed is not None and not (draft and draft.reason)
    edited = _form(desk, revision, remarks, disabled=locked)
    if draft is not None and draft.after != inspection.newest_revision:
        _show_newer(desk, draft, edited)
    elif locked:
        _unlock(desk, revision)
    else:
        _save(desk, revision, edited)


def _form(desk: Desk, revision: Revision, remarks: Sequence[Remark], *, disabled: bool) -> Report:
    newest = desk.inspection.newest_revision
    opened = desk.draft or Draft(revision=revision.number, after=newest)

    def keep(place: str, value: JsonValue) -> None:
        before = desk.read_now() or opened
        desk.keep(before.model_copy(update={"fields": {**before.fields, place: value}}))

    is_own = opened.revision == revision.number
    form = ReportForm(
        revision,
        desk.inspection.defects,
        remarks,
        f"{desk.key}-{revision.number}",
        typed=opened.fields if is_own else {},
        keep=keep,
        disabled=disabled,
    )
    return form.edited()


def _unlock(desk: Desk, revision: Revision) -> None:
    signed = desk.inspection.signed
    assert signed is not None
    st.info(
        t(
            "form.locked",
            number=signed.number,
            author=plain(signed.author),
            time=when(signed.created_at),
        ),
        icon=":material/lock:",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input(t("form.reason"), key=f"{desk.key}-reason", width=420)
        if st.button(
            t("form.unlock"),
            icon=":material/lock_open:",
            disabled=not reason.strip(),
            key=f"{desk.key}-unlock",
        ):
            newest = desk.inspection.newest_revision
            draft = desk.draft or Draft(revision=revision.number, after=newest)
            desk.keep(draft.model_copy(update={"reason": reason.strip()}))
            st.rerun()


def _save(desk: Desk, revision: Revision, edited: Report) -> None:
    draft = desk.draft
    if draft is not None:
        kept = t("form.unsaved", time=when(draft.kept_at)) if draft.kept_at else ""
        why = f" {t('form.reason')}: {plain(draft.reason)}" if draft.reason else ""
        st.caption(f":material/edit_note: {kept}{why}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = ask_name(t("form.your_name"), "report-name", width=320)
        key = f"{desk.key}-{revision.number}-{desk.inspection.newest_revision}"
        pressed = {
            RevisionKind.EDITED: st.button(
                t("form.save"), icon=":material/save:", key=f"{key}-save"
            ),
            RevisionKind.SIGNED: st.button(
                t("form.sign"), icon=":material/signature:", key=f"{key}-sign"
            ),
        }
        if draft is not None and st.button(
            t("form.discard"), icon=":material/delete:", type="tertiary", key=f"{key}-discard"
        ):
            desk.drop()
            st.rerun()
    for kind, is_pressed in pressed.items():
        if is_pressed:
            _record(desk, revision, edited, kind, name)


def _record(desk: Desk, revision: Revision, edited: Report, kind: RevisionKind, name: str) -> None:
    draft = desk.draft or Draft(revision=revision.number, after=desk.inspection.newest_revision)
    try:
        saved = save_edit(
            desk.station,
            desk.inspection,
            edited,
            kind,
            name,
            after=draft.after,
            reason=draft.reason,
        )
    except OutdatedError:
        desk.keep(draft)
        st.rerun()
    except InspectionError as error:
        st.error(str(error), icon=":material/error:")
        return
    desk.drop()
    open_revision(desk.inspection, saved.number)
    st.toast(t("form.saved", number=saved.number), icon=":material/save:")
    st.rerun()


def _show_newer(desk: Desk, draft: Draft, edited: Report) -> None:
    """Show what somebody has saved in the meantime beside one's own text."""
    newest = desk.inspection.revisions[-1]
    st.warning(
        t(
            "form.outdated",
            number=newest.number,
            kind=label(newest.kind),
            author=plain(newest.author),
            time=when(newest.created_at),
        ),
        icon=":material/merge:",
    )
    with st.container(horizontal=True):
        if st.button(t("form.follow", number=newest.number), icon=":material/edit:"):
            desk.keep(draft.model_copy(update={"after": newest.number}))
            st.rerun()
        if st.button(t("form.take", number=newest.number), icon=":material/delete:"):
            desk.drop()
            open_revision(desk.inspection, newest.number)
            st.rerun()
    mine, theirs = st.columns(2, gap="medium")
    with mine:
        st.markdown(f"**{t('form.mine')}**")
        show_report_text(edited, newest.report)
    with theirs:
        st.markdown(f"**{t('form.theirs', number=newest.number, author=plain(newest.author))}**")
        show_report_text(newest.report, edited)
