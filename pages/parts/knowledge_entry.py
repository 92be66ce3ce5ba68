"""One piece of knowledge: its text, its uses, its history, and changing it."""

from __future__ import annotations

import streamlit as st

from core.domain import Snippet
from core.errors import InspectionError
from core.knowledge_desk import Known, edit_entry, look_up, retire_entry
from core.records.citations import Citation
from core.records.database import Event
from core.retrieval.entries import GOOD, Entry
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import plain


def show_entry(bench: Workbench, entry_id: str) -> None:
    """An entry as it is, or as it was when it was cited.

    Raises:
        InspectionError: if there is none of that id, or knowledge or records cannot be read.
    """
    opened: Entry | None = st.session_state.get("opened-entry")
    if opened is not None and opened.id != entry_id:
        opened = None
    try:
        known = look_up(bench, entry_id)
    except InspectionError:
        if opened is None:
            raise
        known = Known(None, None, (), ())
    shown = known.entry or known.as_cited or opened
    if shown is None:
        return
    _show_head(shown)
    if known.entry is None:
        st.warning(
            "This text is no longer current: it was edited or retired. Reports that cite it keep "
            "it as it is shown here.",
            icon=":material/history:",
        )
        _offer_the_current(bench, shown)
    with st.container(border=True):
        st.text(shown.text)
    if isinstance(shown, Entry) and shown.document:
        st.caption("A passage of a document. The document is kept and retired under Documents.")
    else:
        editable = known.entry or opened
        if editable is not None:
            st.session_state["opened-entry"] = editable
            _edit(bench, editable)
    _show_citations(known.citations)
    _show_history(known.history)


def ask_who(key: str) -> tuple[str, str]:
    """Fields for the person's name and the reason, inside a form."""
    left, right = st.columns(2)
    name = left.text_input("Your name", value=st.session_state.get("person", ""), key=f"{key}-name")
    reason = right.text_input("Reason", placeholder="may be left out", key=f"{key}-reason")
    return name, reason


def _show_head(shown: Entry | Snippet) -> None:
    title = "Normal parts" if shown.defect_type == GOOD else shown.title
    st.markdown(f"#### {plain(title[:1].upper() + title[1:])}")
    scope = f"{shown.dataset}/{shown.category}" if shown.category else "all products"
    page = f", page {shown.page}" if shown.page else ""
    st.caption(f"{plain(scope)} · {plain(shown.source)}{page} · `{shown.id}`")


def _offer_the_current(bench: Workbench, shown: Entry | Snippet) -> None:
    place = (shown.dataset, shown.category, shown.defect_type)
    for entry in bench.knowledge.entries():
        if shown.defect_type and (entry.dataset, entry.category, entry.defect_type) == place:
            if st.button("Open it as it is now", icon=":material/arrow_forward:"):
                st.session_state.pop("opened-entry", None)
                st.query_params["entry"] = entry.id
                st.rerun()
            return


def _edit(bench: Workbench, entry: Entry) -> None:
    with st.expander("Edit", icon=":material/edit:"), st.form(f"edit-{entry.id}", border=False):
        text = st.text_area("Text", entry.text, height=220, key=f"text-{entry.id}")
        name, reason = ask_who(f"edit-{entry.id}")
        if st.form_submit_button("Save the entry", icon=":material/save:", type="primary"):
            with shown_to_the_operator():
                after = edit_entry(bench, entry.id, text, by=name, reason=reason)
                _say_and_open(name, f"{entry.title} was saved as {after.id}.", after.id)
    with (
        st.expander("Retire", icon=":material/archive:"),
        st.form(f"retire-{entry.id}", border=False),
    ):
        st.caption(
            "Inspections will not find it any more. Reports that cite it keep its text, and it "
            "stays in the history."
        )
        name, reason = ask_who(f"retire-{entry.id}")
        if st.form_submit_button("Retire the entry", icon=":material/archive:"):
            with shown_to_the_operator():
                retire_entry(bench, entry.id, by=name, reason=reason)
                _say_and_open(name, f"{entry.title} of {entry.product_key} was retired.", None)


def _say_and_open(name: str, message: str, entry_id: str | None) -> None:
    st.session_state["person"] = name
    st.session_state["knowledge-said"] = message
    st.session_state.pop("opened-entry", None)
    if entry_id is None:
        st.query_params.pop("entry", None)
    else:
        st.query_params["entry"] = entry_id
    st.rerun()


def _show_citations(citations: tuple[Citation, ...]) -> None:
    st.markdown("##### Used by inspections")
    if not citations:
        st.caption("None yet: no inspection has retrieved it.")
        return
    event = st.dataframe(
        [
            {
                "Verdict": citation.verdict.value,
                "Product": citation.product_key,
                "Picture": citation.filename,
                "Cited by": _cited_by(citation),
                "Similarity": citation.similarity,
                "Time (UTC)": f"{citation.created_at:%Y-%m-%d %H:%M}",
            }
            for citation in citations
        ],
        hide_index=True,
        height="content" if len(citations) <= 5 else 212,
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Similarity": st.column_config.NumberColumn(format="%.2f")},
        alt=f"{len(citations)} inspections that retrieved this piece of knowledge",
    )
    st.caption("Choose a row to open the inspection.")
    if event.selection.rows:
        opened = citations[event.selection.rows[0]].inspection_id
        st.switch_page("inspect.py", query_params={"inspection": opened})


def _cited_by(citation: Citation) -> str:
    if citation.findings:
        return f"{citation.findings} finding{'s' if citation.findings > 1 else ''}"
    return "an earlier revision" if citation.ever_cited else "no finding"


def _show_history(history: tuple[Event, ...]) -> None:
    if not history:
        return
    with st.expander(f"History · {len(history)} changes", icon=":material/history:"):
        for event in history:
            reason = event.detail.get("reason") or "no reason given"
            st.markdown(
                f"**{event.kind.removeprefix('knowledge ').capitalize()}** by "
                f"{plain(event.actor)}, {event.happened_at:%Y-%m-%d %H:%M} UTC · {plain(reason)}"
            )
            if before := event.detail.get("before"):
                st.caption(f"Before ({before['id']}):")
                st.text(before["text"])
