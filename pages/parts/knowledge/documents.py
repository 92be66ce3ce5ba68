"""Documents of the knowledge: add, read, retire."""

from __future__ import annotations

import streamlit as st

from core.domain import Product
from core.domain.errors import KnowledgeError
from core.retrieval.knowledge.documents import Document
from core.services.knowledge import add_document, retire_document
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.knowledge.changes import known_products
from pages.parts.knowledge.entry import ask_who
from pages.parts.words import plain
from pages.texts import t, when

TYPES = ("pdf", "md", "txt")
MIME = {"pdf": "application/pdf", "md": "text/markdown", "txt": "text/plain"}
LARGEST_MB = 32
SHOWN_PASSAGES = 50


def show_documents(station: Station) -> None:
    """Show all documents, and ask for another."""
    listing, form = st.columns([11, 10], gap="medium")
    with listing:
        documents = station.knowledge.documents.documents()
        if not documents:
            st.info(
                t("knowledge.no_documents"),
                title=t("knowledge.documents"),
                icon=":material/description:",
            )
        for document in documents:
            with shown_to_the_operator():
                _show(station, document)
    with form, shown_to_the_operator():
        _add(station)


def _show(station: Station, document: Document) -> None:
    about = document.product_key or t("knowledge.every")
    with st.container(border=True):
        st.markdown(f"**{plain(document.filename)}**")
        st.caption(
            f"{plain(about)} · "
            + t(
                "knowledge.passages_added",
                count=len(document.passages),
                person=plain(document.added_by),
                time=when(document.added_at),
            )
        )
        with st.expander(t("knowledge.passages"), on_change="rerun") as passages:
            if passages.open:
                for entry in document.entries()[:SHOWN_PASSAGES]:
                    page = f"{t('knowledge.page', page=entry.page)} · " if entry.page else ""
                    st.caption(f"{page}{plain(entry.heading)} `{entry.id}`")
                    st.text(entry.text)
                if len(document.passages) > SHOWN_PASSAGES:
                    st.caption(t("knowledge.first_passages", count=SHOWN_PASSAGES))
        with (
            st.expander(t("knowledge.retire"), icon=":material/archive:"),
            st.form(f"retire-{document.sha256}", border=False),
        ):
            name, reason = ask_who(document.sha256)
            if st.form_submit_button(t("knowledge.retire_document"), icon=":material/archive:"):
                with shown_to_the_operator():
                    retire_document(station, document.sha256, by=name, reason=reason)
                    _say(name, t("knowledge.document_retired", filename=document.filename))
        st.download_button(
            t("knowledge.original"),
            lambda: station.knowledge.documents.original(document),
            file_name=document.filename,
            mime=MIME[document.kind],
            icon=":material/download:",
            on_click="ignore",
            key=f"original-{document.sha256}",
        )


def _add(station: Station) -> None:
    with st.form("document"):
        # A fresh uploader after each document: what was added is not offered again.
        upload = st.file_uploader(
            t("knowledge.document_file"),
            type=TYPES,
            max_upload_size=LARGEST_MB,
            key=f"upload-{st.session_state.get('documents-added', 0)}",
        )
        about = st.selectbox(
            t("knowledge.about"),
            [None, *known_products(station)],
            format_func=lambda key: key or t("knowledge.every"),
        )
        name, reason = ask_who("document")
        submitted = st.form_submit_button(
            t("knowledge.add_document"), type="primary", icon=":material/note_add:"
        )
    if submitted:
        if upload is None:
            raise KnowledgeError(t("knowledge.no_document"))
        product = None if about is None else Product.from_key(about)
        with st.spinner(t("knowledge.reading")):
            document = add_document(
                station, upload.name, upload.getvalue(), product, by=name, reason=reason
            )
            station.knowledge.refresh()
        st.session_state["documents-added"] = st.session_state.get("documents-added", 0) + 1
        _say(
            name,
            t(
                "knowledge.document_added",
                filename=document.filename,
                count=len(document.passages),
                product=document.product_key or t("knowledge.every"),
            ),
        )


def _say(name: str, message: str) -> None:
    st.session_state["person"] = name
    st.session_state["knowledge-said"] = message
    st.rerun()
