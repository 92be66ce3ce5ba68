"""Writing a new entry, and taking in a file of others."""

from __future__ import annotations

import streamlit as st

from core.errors import KnowledgeError
from core.knowledge_desk import add_entry, import_file
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.knowledge_entry import ask_who

PATTERN = (
    "Appearance: what the camera sees. Common causes: machine, method, material, people. "
    "Effect: what it does to the part. Recommended action: what to do first."
)


def known_products(bench: Workbench) -> list[str]:
    """Keys of all products that are taught or written about."""
    written = {entry.product_key for entry in bench.knowledge.entries() if entry.product_key}
    return sorted(written | {product.key for product in bench.records.products()})


def write_an_entry(bench: Workbench) -> None:
    """A form for a new entry."""
    form, guide = st.columns([11, 10], gap="medium")
    with guide:
        st.info(
            "One entry describes one type of defect of one product. Reports quote it part by part "
            "when it names Appearance, Common causes, Effect and Recommended action. The type "
            "good describes normal parts. Instructions in a text stay text: they change nothing.",
            title="How to write so that a report can quote it",
            icon=":material/edit_note:",
        )
    with form, st.form("write"):
        left, right = st.columns(2)
        key = left.selectbox(
            "Product",
            known_products(bench),
            index=None,
            accept_new_options=True,
            placeholder="choose, or type DATASET/CATEGORY",
        )
        kind = right.text_input("Defect type", placeholder="scratch")
        text = st.text_area("Text", placeholder=PATTERN, height=220)
        name, reason = ask_who("write")
        if st.form_submit_button("Add the entry", type="primary", icon=":material/add:"):
            with shown_to_the_operator():
                if not key:
                    raise KnowledgeError("Choose the product that the entry is about.")
                entry = add_entry(bench, key, kind, text, by=name, reason=reason)
                st.session_state["person"] = name
                st.session_state["knowledge-said"] = (
                    f"{entry.title} of {entry.product_key} was added as {entry.id}."
                )
                st.rerun()


def import_a_file(bench: Workbench) -> None:
    """A form for a knowledge file of others."""
    form, guide = st.columns([11, 10], gap="medium")
    with guide:
        st.info(
            "A JSON file of the shape dataset, category, defect type, text. The knowledge file of "
            "MMAD is one: its MVTec entries come in as MVTec-AD. What is described here already "
            "stays as it is, unless you choose otherwise.",
            title="What can be imported",
            icon=":material/upload_file:",
        )
    with form, st.form("import", clear_on_submit=False):
        upload = st.file_uploader("Knowledge file", type="json")
        replace = st.checkbox("Replace entries of the same product and defect type")
        name, reason = ask_who("import")
        submitted = st.form_submit_button("Import", type="primary", icon=":material/upload_file:")
        if submitted:
            with shown_to_the_operator(), st.spinner("Importing and indexing"):
                if upload is None:
                    raise KnowledgeError("Choose the file to import.")
                outcome = import_file(
                    bench, upload.name, upload.getvalue(), by=name, reason=reason, replace=replace
                )
                bench.knowledge.refresh()
                st.session_state["person"] = name
                st.success(outcome.sentence(), icon=":material/check_circle:")
                for sentence in outcome.refused:
                    st.warning(sentence, icon=":material/info:")
