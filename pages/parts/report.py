"""The report as a form, its revisions, the disposition and the PDF."""

from __future__ import annotations

import streamlit as st

from core.documents import report_pdf
from core.domain import Disposition, Finding, Inspection, Report, Revision, RevisionKind
from core.errors import InspectionError
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator

NOT_PROPOSED = "none"
CONFIDENCES = ("low", "medium", "high")


def show_report(bench: Workbench, inspection: Inspection) -> None:
    """The report of an inspection, to be read, edited, signed and printed."""
    revision = _chosen_revision(inspection)
    if revision is None:
        st.caption("No report was written: see the failed step.")
        return
    _edit(bench, inspection, revision)
    st.download_button(
        "PDF of this revision",
        lambda: report_pdf(bench, inspection, revision.number),
        file_name=f"{inspection.id}-r{revision.number}.pdf",
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        on_click="ignore",
    )


def show_disposition(bench: Workbench, inspection: Inspection) -> None:
    """What a person decides about the part. It never changes the machine's verdict."""
    for entry in inspection.dispositions:
        st.markdown(
            f"**{entry.disposition.value}** · {entry.reason} · {entry.decided_by}, "
            f"{entry.decided_at:%Y-%m-%d %H:%M} UTC"
        )
    with st.form(f"disposition-{inspection.id}-{len(inspection.dispositions)}"):
        choice = st.selectbox(
            "Disposition", list(Disposition), format_func=lambda option: option.value
        )
        reason = st.text_input("Reason")
        name = st.text_input("Decided by", value=_name(inspection))
        if st.form_submit_button("Record the disposition", icon=":material/gavel:"):
            with shown_to_the_operator():
                bench.records.add_disposition(inspection.id, choice, reason, name)
                st.session_state["person"] = name
                st.rerun()


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


def _edit(bench: Workbench, inspection: Inspection, revision: Revision) -> None:
    report = revision.report
    form = f"report-{inspection.id}-{revision.number}"
    with st.form(form):
        summary = st.text_area("Summary", report.summary, height="content")
        findings = [_edit_finding(finding, form, i) for i, finding in enumerate(report.findings)]
        effect = st.text_area("Effect", report.effect, height="content")
        containment = st.text_area("Containment", report.containment, height="content")
        action = st.text_area("Recommended action", report.recommended_action, height="content")
        questions = st.text_area(
            "Open questions, one a line", "\n".join(report.open_questions), height="content"
        )
        left, right = st.columns(2)
        options = [NOT_PROPOSED, *(option.value for option in Disposition)]
        proposed = left.selectbox(
            "Proposed disposition",
            options,
            index=options.index(
                report.proposed_disposition.value if report.proposed_disposition else NOT_PROPOSED
            ),
        )
        confidence = right.segmented_control(
            "Confidence", CONFIDENCES, default=report.confidence, required=True
        )
        name = st.text_input("Your name", value=_name(inspection))
        with st.container(horizontal=True):
            saved = st.form_submit_button("Save as new revision", icon=":material/save:")
            signed = st.form_submit_button("Save and sign", icon=":material/signature:")
    if not (saved or signed):
        return
    edited = Report(
        language=report.language,
        summary=summary,
        findings=tuple(findings),
        effect=effect,
        containment=containment,
        recommended_action=action,
        proposed_disposition=None if proposed == NOT_PROPOSED else Disposition(proposed),
        open_questions=tuple(line.strip() for line in questions.splitlines() if line.strip()),
        confidence=confidence,
    )
    kind = RevisionKind.SIGNED if signed else RevisionKind.EDITED
    try:
        bench.records.add_revision(inspection.id, edited, kind, name)
    except InspectionError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state["person"] = name
    st.toast(f"Revision {len(inspection.revisions) + 1} is on record.", icon=":material/save:")
    st.rerun()


def _edit_finding(finding: Finding, form: str, index: int) -> Finding:
    st.markdown(f"**Finding {index + 1}** · {', '.join(finding.defect_ids)}")
    observation = st.text_area(
        "Observation", finding.observation, height="content", key=f"{form}-observation-{index}"
    )
    kind = st.text_input(
        "Probable defect type", finding.probable_defect_type, key=f"{form}-type-{index}"
    )
    hypotheses = [
        hypothesis.model_copy(
            update={
                "cause": st.text_area(
                    f"Possible cause {number}",
                    hypothesis.cause,
                    height="content",
                    key=f"{form}-cause-{index}-{number}",
                )
            }
        )
        for number, hypothesis in enumerate(finding.hypotheses, start=1)
    ]
    if finding.snippet_ids:
        st.caption(f"Cites {', '.join(finding.snippet_ids)}")
    return finding.model_copy(
        update={
            "observation": observation,
            "probable_defect_type": kind,
            "hypotheses": tuple(h for h in hypotheses if h.cause.strip()),
        }
    )


def _name(inspection: Inspection) -> str:
    return st.session_state.get("person", inspection.context.inspector)
