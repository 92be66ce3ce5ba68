"""Writing a new entry, and taking in a file of others."""

from __future__ import annotations

import streamlit as st

from core.domain.errors import KnowledgeError
from core.records.products import list_products
from core.services.knowledge import add_entry, import_file
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.knowledge.entry import ask_who
from pages.texts import t


def known_products(station: Station) -> list[str]:
    """List the keys of all products that are taught or written about."""
    written = {entry.product_key for entry in station.knowledge.entries() if entry.product_key}
    return sorted(written | {product.key for product in list_products(station.records)})


def write_an_entry(station: Station) -> None:
    """Ask for a new entry."""
    form, guide = st.columns([11, 10], gap="medium")
    with guide:
        st.info(
            t("knowledge.how_to_write"),
            title=t("knowledge.how_to_write_title"),
            icon=":material/edit_note:",
        )
    with form, st.form("write"):
        left, right = st.columns(2)
        key = left.selectbox(
            t("knowledge.product"),
            known_products(station),
            index=None,
            accept_new_options=True,
            placeholder=t("knowledge.choose_product"),
        )
        kind = right.text_input(
            t("knowledge.defect_type"), placeholder=t("knowledge.defect_type_example")
        )
        text = st.text_area(t("knowledge.text"), placeholder=t("knowledge.pattern"), height=220)
        name, reason = ask_who("write")
        if st.form_submit_button(t("knowledge.add_entry"), type="primary", icon=":material/add:"):
            with shown_to_the_operator():
                if not key:
                    raise KnowledgeError(t("knowledge.no_product"))
                entry = add_entry(station, key, kind, text, by=name, reason=reason)
                st.session_state["person"] = name
                st.session_state["knowledge-said"] = t(
                    "knowledge.added", title=entry.title, product=entry.product_key, id=entry.id
                )
                st.rerun()


def import_a_file(station: Station) -> None:
    """Ask for a knowledge file of others."""
    form, guide = st.columns([11, 10], gap="medium")
    with guide:
        st.info(
            t("knowledge.importable"),
            title=t("knowledge.importable_title"),
            icon=":material/upload_file:",
        )
    with form, st.form("import", clear_on_submit=False):
        upload = st.file_uploader(t("knowledge.file"), type="json")
        replace = st.checkbox(t("knowledge.replace"))
        name, reason = ask_who("import")
        submitted = st.form_submit_button(
            t("knowledge.import"), type="primary", icon=":material/upload_file:"
        )
        if submitted:
            with shown_to_the_operator(), st.spinner(t("knowledge.importing")):
                if upload is None:
                    raise KnowledgeError(t("knowledge.no_file"))
                outcome = import_file(
                    station, upload.name, upload.getvalue(), by=name, reason=reason, replace=replace
                )
                station.knowledge.refresh()
                st.session_state["person"] = name
                st.success(outcome.sentence(), icon=":material/check_circle:")
                for sentence in outcome.refused:
                    st.warning(sentence, icon=":material/info:")
