"""Inspect: pictures in, verdicts with their evidence and reports out."""

from __future__ import annotations

import random

import streamlit as st

from core.domain import Context, EvidenceChoice, Inspection, Product, Verdict
from core.errors import InspectionError
from core.images import PICTURE_SUFFIXES
from core.inspection import inspect
from core.report_desk import WriterChoice
from core.sources import DEMO_PRODUCT_KEY, PictureFile, demo_examples
from core.workbench import Workbench, shared_workbench
from pages.parts.disposition import show_disposition
from pages.parts.errors import shown_to_the_operator
from pages.parts.facts import (
    show_defects,
    show_score_among_normals,
    show_snippets,
    show_steps,
    show_verdict,
)
from pages.parts.normals import show_comparisons, show_exemplars
from pages.parts.picture import show_picture
from pages.parts.report import show_report
from pages.parts.teaching import teach_demo_button
from pages.parts.words import verdict_text
from pages.parts.writers import ask_writer, shown_in


def say_what_to_do_first(bench: Workbench) -> None:
    st.info(
        "Nothing can be inspected yet: the station has not been taught what a good part looks "
        "like. Teach a product from pictures of good parts on the Products page, or try the "
        "demo product: 200 real electroluminescence images of good solar cells.",
        title="Teach a product first",
        icon=":material/school:",
    )
    teach_demo_button(bench)


def ask_context() -> Context:
    with st.expander("Lot, serial, station, inspector"):
        fields = {
            name: st.text_input(name.capitalize(), key=f"context-{name}", persist_state="session")
            for name in Context.model_fields
        }
    return Context(**fields)


def ask_evidence(bench: Workbench) -> EvidenceChoice:
    """What to look up; a switch that stands as its setting does leaves the choice to it."""
    settings = bench.settings
    with st.container(horizontal=True):
        exemplars = st.toggle(
            "Similar normals",
            value=settings.rag_enabled,
            key="evidence-exemplars",
            persist_state="session",
            help="Show the normal parts that look most like this one",
        )
        knowledge = st.toggle(
            "Knowledge",
            value=settings.domain_rag_enabled,
            key="evidence-knowledge",
            persist_state="session",
            help="Look up what is known of such defects",
        )
    return EvidenceChoice(
        exemplars=None if exemplars == settings.rag_enabled else exemplars,
        knowledge=None if knowledge == settings.domain_rag_enabled else knowledge,
    )


def take_pictures(bench: Workbench, product: Product) -> None:
    context = ask_context()
    evidence = ask_evidence(bench)
    with st.expander("Report writer and language"):
        writing = ask_writer(bench, "inspect")
    uploads = st.file_uploader(
        "Pictures",
        type=sorted(PICTURE_SUFFIXES),
        accept_multiple_files=True,
        key=f"uploads-{st.session_state['uploads']}",
    )
    pictures = [PictureFile.of(upload.name, upload.getvalue()) for upload in uploads]
    if product.key == DEMO_PRODUCT_KEY and st.button(
        "Try a defective demo cell", icon=":material/casino:", width="stretch"
    ):
        pictures = [random.choice(demo_examples())]
    if pictures:
        # A fresh uploader: what was inspected is not inspected again by the next rerun.
        st.session_state["uploads"] += 1
        inspect_all(bench, pictures, product, context, evidence, writing)


def show_refusals() -> None:
    for sentence in st.session_state["refusals"]:
        st.error(sentence, icon=":material/broken_image:")
    st.session_state["refusals"] = []


def inspect_all(
    bench: Workbench,
    pictures: list[PictureFile],
    product: Product,
    context: Context,
    evidence: EvidenceChoice,
    writing: WriterChoice,
) -> None:
    """Inspect pictures one after another; one that cannot be used never stops the rest."""
    progress = st.progress(0.0, "Inspecting") if len(pictures) > 1 else None
    early, draft = st.empty(), st.empty()
    newest: Inspection | None = None
    for done, picture in enumerate(pictures):
        if progress is not None:
            progress.progress(done / len(pictures), f"Inspecting {picture.filename}")
        try:
            newest = inspect(
                bench,
                picture,
                product,
                context=context,
                evidence=evidence,
                writing=shown_in(draft, writing),
                on_verdict=lambda judgement, _defects: early.markdown(
                    verdict_text(judgement.verdict)
                ),
            )
            st.session_state["strip"].insert(0, newest.id)
        except InspectionError as error:
            st.session_state["refusals"].append(str(error))
    if newest is not None:
        st.query_params["inspection"] = newest.id
    st.rerun()


def show_strip(bench: Workbench) -> None:
    """This session's inspections, the newest first; choosing one opens it."""
    ids = st.session_state["strip"][:50]
    if len(ids) < 2:
        return
    inspections = [bench.records.inspection(inspection_id) for inspection_id in ids]
    event = st.dataframe(
        [
            {
                "Verdict": inspection.judgement.verdict.value,
                "Score": round(inspection.judgement.score, 3),
                "Picture": inspection.image.filename,
            }
            for inspection in inspections
        ],
        hide_index=True,
        height=180,
        on_select="rerun",
        selection_mode="single-row",
        key=f"strip-{len(st.session_state['strip'])}",
        alt="Inspections of this session",
    )
    if event.selection.rows:
        st.query_params["inspection"] = ids[event.selection.rows[0]]


def show_inspection(bench: Workbench, inspection: Inspection) -> None:
    context = inspection.context
    known = [text for text in (context.lot, context.serial, context.station) if text]
    st.markdown(
        " · ".join([f"**{inspection.image.filename}**", inspection.product.key, *known])
        + f" · {inspection.id}"
    )
    for sentence in inspection.image.notices:
        st.warning(sentence, icon=":material/info:")
    picture, facts = st.columns([11, 10], gap="medium")
    with picture:
        with shown_to_the_operator():
            show_picture(bench, inspection)
        show_exemplars(bench, inspection)
        show_comparisons(bench, inspection)
    with facts:
        show_verdict(inspection.judgement)
        show_defects(inspection.defects, inspection.defect_types)
        if inspection.judgement.verdict is not Verdict.PASS or inspection.snippets:
            show_snippets(inspection)
        show_score_among_normals(bench, inspection)
    report, disposition = st.columns([11, 10], gap="medium")
    with report:
        st.subheader("Report")
        show_report(bench, inspection)
    with disposition:
        st.subheader("Disposition")
        show_disposition(bench, inspection)
        show_steps(inspection)


st.session_state.setdefault("strip", [])
st.session_state.setdefault("refusals", [])
st.session_state.setdefault("uploads", 0)

with shown_to_the_operator():
    bench = shared_workbench()
    products = bench.taught_products()
    if products:
        with st.sidebar:
            product = st.selectbox("Product", products, format_func=lambda product: product.key)
            take_pictures(bench, product)
            show_refusals()
            show_strip(bench)

    if inspection_id := st.query_params.get("inspection"):
        show_inspection(bench, bench.records.inspection(inspection_id))
    elif not products:
        say_what_to_do_first(bench)
    else:
        st.info(
            f"Drop one or many pictures of {product.key} into the box on the left. Each gets a "
            "verdict, a heatmap, measured defects and a report, all of it on record.",
            title="Ready to inspect",
            icon=":material/frame_inspect:",
        )
