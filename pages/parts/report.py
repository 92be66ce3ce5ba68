"""The report: its revisions, how they were written, the form and the PDF."""

from __future__ import annotations

import streamlit as st

from core.documents import report_pdf
from core.domain import Inspection, Revision
from core.report_desk import remarks_of
from core.workbench import Workbench
from pages.parts.report_form import edit_report
from pages.parts.writers import show_writing, write_again_button


def show_report(bench: Workbench, inspection: Inspection) -> None:
    """The report of an inspection, to be read, edited, signed, printed and written again."""
    revision = _chosen_revision(inspection)
    if revision is None:
        st.caption("No report was written: see the failed step.")
        write_again_button(bench, inspection)
        return
    remarks = remarks_of(revision, inspection)
    violations = sum(remark.is_violation for remark in remarks)
    show_writing(revision)
    if violations:
        said = "One sentence contradicts" if violations == 1 else f"{violations} places contradict"
        st.warning(
            f"{said} the evidence, marked where it stands. Correct it before you sign.",
            icon=":material/rule:",
        )
    edit_report(bench, inspection, revision, remarks)
    with st.container(horizontal=True):
        st.download_button(
            "PDF of this revision",
            lambda: report_pdf(bench, inspection, revision.number),
            file_name=f"{inspection.id}-r{revision.number}.pdf",
            mime="application/pdf",
            icon=":material/picture_as_pdf:",
            on_click="ignore",
        )
        write_again_button(bench, inspection)
        st.markdown(
            f"[:material/compare: Compare writers](compare?inspection={inspection.id})",
            width="content",
        )


def _chosen_revision(inspection: Inspection) -> Revision | None:
    newest_first = inspection.revisions[::-1]
    if len(newest_first) < 2:
        return newest_first[0] if newest_first else None
    return st.selectbox(
        "Revision",
        newest_first,
        format_func=lambda revision: (
            f"{revision.number} · {revision.kind.value} by {revision.author}, "
            f"{revision.created_at:%Y-%m-%d %H:%M} UTC"
        ),
        key=f"revision-{inspection.id}-{len(newest_first)}",
    )
