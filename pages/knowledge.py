"""Knowledge: what the reports cite; read, search, write, edit and retire it."""

from __future__ import annotations

import streamlit as st

from core.retrieval.entries import GOOD
from core.workbench import Workbench, shared_workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.knowledge_changes import import_a_file, write_an_entry
from pages.parts.knowledge_documents import show_documents
from pages.parts.knowledge_entry import show_entry
from pages.texts import t

MOST_ROWS = 300
MOST_FOUND = 20
PREVIEW = 140


def choose_an_entry(bench: Workbench) -> None:
    """Search and list; choosing a row opens its entry."""
    base = bench.knowledge
    entries = [entry for entry in base.entries() if entry.defect_type]
    every = t("knowledge.every")
    search, about = st.columns([3, 2])
    words = search.text_input(
        t("knowledge.search"),
        key="words",
        type="search",
        placeholder=t("knowledge.example"),
        bind="query-params",
    )
    keys = sorted({entry.product_key for entry in entries})
    choice = about.selectbox(
        t("knowledge.product"), [every, *keys], key="about", bind="query-params"
    )
    rows: list[dict[str, object]] = []
    ids: list[str] = []
    if words:
        with st.spinner(t("knowledge.searching")):
            found = base.find(words, len(entries) if choice != every else MOST_FOUND)
        for snippet in found:
            if choice in (every, snippet.scope) and len(ids) < MOST_FOUND:
                ids.append(snippet.id)
                rows.append(
                    {
                        t("knowledge.similarity"): snippet.similarity,
                        t("knowledge.about"): snippet.title,
                        t("knowledge.product"): snippet.scope,
                        t("knowledge.text"): _preview(snippet.text),
                    }
                )
        caption = t("knowledge.nearest", count=len(rows))
    else:
        listed = [entry for entry in entries if choice in (every, entry.product_key)]
        for entry in listed[:MOST_ROWS]:
            ids.append(entry.id)
            rows.append(
                {
                    t("knowledge.about"): t("knowledge.normal_parts")
                    if entry.defect_type == GOOD
                    else entry.title,
                    t("knowledge.product"): entry.product_key,
                    t("knowledge.text"): _preview(entry.text),
                }
            )
        caption = t("knowledge.listed", count=len(rows), total=len(listed))
    event = st.dataframe(
        rows,
        hide_index=True,
        height=455,
        on_select="rerun",
        selection_mode="single-row",
        key=f"entries-{choice}-{words}",
        column_config={
            t("knowledge.about"): st.column_config.Column(width="medium"),
            t("knowledge.similarity"): st.column_config.NumberColumn(format="localized"),
        },
        alt=t("knowledge.alt", count=len(rows)),
    )
    st.caption(caption)
    chosen = ids[event.selection.rows[0]] if event.selection.rows else None
    # A selection opens its entry once; later the address leads, so that links keep working.
    if chosen != st.session_state.get("chosen"):
        st.session_state["chosen"] = chosen
        if chosen is not None:
            st.query_params["entry"] = chosen


def _preview(text: str) -> str:
    return text.removeprefix("Appearance: ")[:PREVIEW]


with shown_to_the_operator():
    workbench = shared_workbench()
    if message := st.session_state.pop("knowledge-said", None):
        st.success(message, icon=":material/check_circle:")
    reading, writing, documents, importing = st.tabs(
        [
            t("knowledge.read"),
            t("knowledge.write"),
            t("knowledge.documents"),
            t("knowledge.import_file"),
        ],
        key="view",
        on_change="rerun",
        bind="query-params",
    )
    if reading.open:
        with reading:
            listing, detail = st.columns([11, 10], gap="medium")
            with listing:
                choose_an_entry(workbench)
            with detail, shown_to_the_operator():
                if entry_id := st.query_params.get("entry"):
                    show_entry(workbench, entry_id)
                else:
                    st.info(
                        t("knowledge.empty"),
                        title=t("knowledge.title"),
                        icon=":material/menu_book:",
                    )
    if writing.open:
        with writing, shown_to_the_operator():
            write_an_entry(workbench)
    if documents.open:
        with documents, shown_to_the_operator():
            show_documents(workbench)
    if importing.open:
        with importing, shown_to_the_operator():
            import_a_file(workbench)
