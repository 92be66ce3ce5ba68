"""One piece of knowledge: its text, its uses, its history, and changing it."""

from __future__ import annotations

import streamlit as st

from core.domain import Snippet
from core.domain.errors import InspectionError
from core.records.citations import Citation
from core.records.events import Event
from core.retrieval.knowledge.entries import GOOD, Entry
from core.services.knowledge import Known, edit_entry, look_up, retire_entry
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.tables import localised
from pages.parts.words import person_of, plain
from pages.texts import t, when
from pages.texts.labels import label


def show_entry(station: Station, entry_id: str) -> None:
    """Show an entry as it is, or as it was when it was cited.

    Raises:
        InspectionError: if there is none of that id, or knowledge or records cannot be read.
    """
    opened: Entry | None = st.session_state.get("opened-entry")
    if opened is not None and opened.id != entry_id:
        opened = None
    try:
        known = look_up(station, entry_id)
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
            t("knowledge.not_current"),
            icon=":material/history:",
        )
        _offer_the_current(station, shown)
    with st.container(border=True):
        st.text(shown.text)
    if isinstance(shown, Entry) and shown.document:
        st.caption(t("knowledge.of_document"))
    else:
        editable = known.entry or opened
        if editable is not None:
            st.session_state["opened-entry"] = editable
            _edit(station, editable)
    _show_citations(known.citations)
    _show_history(known.history)


def ask_who(key: str) -> tuple[str, str]:
    """Ask for the person's name and the reason, inside a form."""
    left, right = st.columns(2)
    name = left.text_input(t("knowledge.your_name"), value=person_of(), key=f"{key}-name")
    reason = right.text_input(
        t("knowledge.reason"), placeholder=t("knowledge.may_be_left_out"), key=f"{key}-reason"
    )
    return name, reason


def _show_head(shown: Entry | Snippet) -> None:
    title = t("knowledge.normal_parts") if shown.defect_type == GOOD else shown.title
    st.markdown(f"#### {plain(title[:1].upper() + title[1:])}")
    scope = f"{shown.dataset}/{shown.category}" if shown.category else t("knowledge.every")
    page = f", {t('knowledge.page', page=shown.page)}" if shown.page else ""
    st.caption(f"{plain(scope)} · {plain(shown.source)}{page} · `{shown.id}`")


def _offer_the_current(station: Station, shown: Entry | Snippet) -> None:
    place = (shown.dataset, shown.category, shown.defect_type)
    for entry in station.knowledge.entries():
        if shown.defect_type and (entry.dataset, entry.category, entry.defect_type) == place:
            if st.button(t("knowledge.open_current"), icon=":material/arrow_forward:"):
                st.session_state.pop("opened-entry", None)
                st.query_params["entry"] = entry.id
                st.rerun()
            return


def _edit(station: Station, entry: Entry) -> None:
    with (
        st.expander(t("knowledge.edit"), icon=":material/edit:"),
        st.form(f"edit-{entry.id}", border=False),
    ):
        text = st.text_area(t("knowledge.text"), entry.text, height=220, key=f"text-{entry.id}")
        name, reason = ask_who(f"edit-{entry.id}")
        if st.form_submit_button(t("knowledge.save_entry"), icon=":material/save:", type="primary"):
            with shown_to_the_operator():
                after = edit_entry(station, entry.id, text, by=name, reason=reason)
                said = t("knowledge.saved", title=entry.title, id=after.id)
                _say_and_open(name, said, after.id)
    with (
        st.expander(t("knowledge.retire"), icon=":material/archive:"),
        st.form(f"retire-{entry.id}", border=False),
    ):
        st.caption(t("knowledge.what_retiring_does"))
        name, reason = ask_who(f"retire-{entry.id}")
        if st.form_submit_button(t("knowledge.retire_entry"), icon=":material/archive:"):
            with shown_to_the_operator():
                retire_entry(station, entry.id, by=name, reason=reason)
                said = t("knowledge.retired", title=entry.title, product=entry.product_key)
                _say_and_open(name, said, None)


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
    st.markdown(f"##### {t('knowledge.used_by')}")
    if not citations:
        st.caption(t("knowledge.not_used"))
        return
    event = st.dataframe(
        localised(
            [
                {
                    t("knowledge.verdict"): t("sealed.cell")
                    if citation.is_sealed
                    else label(citation.verdict),
                    t("knowledge.product"): citation.product_key,
                    t("knowledge.picture"): citation.filename,
                    t("knowledge.cited_by"): _cited_by(citation),
                    t("knowledge.similarity"): citation.similarity,
                    t("knowledge.time"): when(citation.created_at),
                }
                for citation in citations
            ],
            {t("knowledge.similarity"): 3},
        ),
        hide_index=True,
        height="content" if len(citations) <= 5 else 212,
        on_select="rerun",
        selection_mode="single-row",
        alt=t("knowledge.citations_alt", count=len(citations)),
    )
    st.caption(t("knowledge.open_inspection"))
    if event.selection.rows:
        opened = citations[event.selection.rows[0]].inspection_id
        st.switch_page("inspect.py", query_params={"inspection": opened})


def _cited_by(citation: Citation) -> str:
    if citation.findings:
        return t("knowledge.findings", count=citation.findings)
    return t("knowledge.earlier_revision") if citation.ever_cited else t("knowledge.no_finding")


def _show_history(history: tuple[Event, ...]) -> None:
    if not history:
        return
    with st.expander(t("knowledge.history", count=len(history)), icon=":material/history:"):
        for event in history:
            reason = event.detail.get("reason") or t("knowledge.no_reason")
            st.markdown(
                t(
                    "knowledge.change",
                    kind=_change(event.kind),
                    person=plain(event.actor),
                    time=when(event.happened_at),
                    reason=plain(reason),
                )
            )
            if before := event.detail.get("before"):
                st.caption(t("knowledge.before", id=before["id"]))
                st.text(before["text"])


def _change(kind: str) -> str:
    """Name what was done; a kind of event that is no longer known stands as recorded."""
    names = {
        "knowledge added": t("knowledge.change_added"),
        "knowledge edited": t("knowledge.change_edited"),
        "knowledge retired": t("knowledge.change_retired"),
        "knowledge replaced": t("knowledge.change_replaced"),
    }
    return names.get(kind, kind)
