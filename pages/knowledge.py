"""Knowledge: what the reports cite; read, search, write, edit and retire it."""

from __future__ import annotations

from enum import StrEnum

import streamlit as st

from core.retrieval.knowledge.entries import GOOD
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.knowledge.changes import import_a_file, write_an_entry
from pages.parts.knowledge.documents import show_documents
from pages.parts.knowledge.entry import show_entry
from pages.parts.product_choice import ask_product_or_all
from pages.parts.tables import localised
from pages.parts.urls import choice_in_url
from pages.texts import t

MOST_ROWS = 300
MOST_FOUND = 20
PREVIEW_LETTERS = 140


class View(StrEnum):
    """What the page is used for."""

    READ = "read"
    WRITE = "write"
    DOCUMENTS = "documents"
    IMPORT = "import"


def view_text(view: View) -> str:
    """Name the view on the page."""
    match view:
        case View.READ:
            return t("knowledge.read")
        case View.WRITE:
            return t("knowledge.write")
        case View.DOCUMENTS:
            return t("knowledge.documents")
        case View.IMPORT:
            return t("knowledge.import_file")


def choose_an_entry(station: Station) -> None:
    """Show search and list; choosing a row opens its entry."""
    base = station.knowledge
    entries = [entry for entry in base.entries() if entry.defect_type]
    search, about = st.columns([3, 2])
    words = search.text_input(
        t("knowledge.search"),
        key="words",
        type="search",
        placeholder=t("knowledge.example"),
        bind="query-params",
    )
    keys = sorted({entry.product_key for entry in entries})
    with about:
        product = ask_product_or_all(
            t("knowledge.product"),
            keys,
            "about",
            name="about",
            placeholder=t("knowledge.every"),
        )
    rows: list[dict[str, object]] = []
    ids: list[str] = []
    if words:
        with st.spinner(t("knowledge.searching")):
            found = base.find(words, len(entries) if product else MOST_FOUND)
        for snippet in found:
            if product in (None, snippet.scope) and len(ids) < MOST_FOUND:
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
        listed = [entry for entry in entries if product in (None, entry.product_key)]
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
        localised(rows, {t("knowledge.similarity"): 3}),
        hide_index=True,
        height=455,
        on_select="rerun",
        selection_mode="single-row",
        key=f"entries-{product}-{words}",
        column_config={
            t("knowledge.about"): st.column_config.Column(width="medium"),
        },
        alt=t("knowledge.alt", count=len(rows)),
    )
    st.caption(caption)
    chosen = ids[event.selection.rows[0]] if event.selection.rows else None
    # A selection opens its entry once; later the URL decides, so that links keep working.
    if chosen != st.session_state.get("chosen"):
        st.session_state["chosen"] = chosen
        if chosen is not None:
            st.query_params["entry"] = chosen


def _preview(text: str) -> str:
    return text.removeprefix("Appearance: ")[:PREVIEW_LETTERS]


def show_what_is_known(station: Station) -> None:
    """Show the entries, and beside them the chosen one."""
    listing, detail = st.columns([11, 10], gap="medium")
    with listing:
        choose_an_entry(station)
    with detail, shown_to_the_operator():
        if entry_id := st.query_params.get("entry"):
            show_entry(station, entry_id)
        else:
            st.info(t("knowledge.empty"), title=t("knowledge.title"), icon=":material/menu_book:")


def show_view(station: Station) -> None:
    """Show the view that was chosen."""
    view = choice_in_url(
        t("knowledge.view"),
        [each.value for each in View],
        lambda value: view_text(View(value)),
        "view",
        label_visibility="collapsed",
    )
    with shown_to_the_operator():
        match View(view):
            case View.READ:
                show_what_is_known(station)
            case View.WRITE:
                write_an_entry(station)
            case View.DOCUMENTS:
                show_documents(station)
            case View.IMPORT:
                import_a_file(station)


with shown_to_the_operator():
    station = shared_station()
    if message := st.session_state.pop("knowledge-said", None):
        st.success(message, icon=":material/check_circle:")
    show_view(station)
