"""Products: what the station has been taught, and teaching it more."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.detection.checkpoints import Card, read_card
from core.domain import Product
from core.errors import ProductError
from core.images import PICTURE_SUFFIXES
from core.sources import PictureFile, pictures_at
from core.workbench import Workbench, shared_workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.teaching import teach_demo_button, teach_on_screen


def show_product(bench: Workbench, product: Product) -> None:
    card = read_card(bench.settings, product)
    calibration = bench.taught(product).calibration
    with st.container(border=True):
        st.markdown(f"#### {product.key}")
        with st.container(horizontal=True):
            st.metric("Good pictures", len(card.images))
            st.metric("Held out", card.held_out, help="for the threshold; never in the memory")
            st.metric("Review from", f"{calibration.t_low:.3f}")
            st.metric("Fail from", f"{calibration.t_high:.3f}")
            st.metric("Taught in", f"{sum(card.seconds.values()):.1f} s")
        st.caption(calibration.false_alarm.sentence())
        show_card(card)


def show_card(card: Card) -> None:
    for sentence in card.notices:
        st.warning(sentence, icon=":material/info:")
    if card.skipped:
        with st.expander(f"{len(card.skipped)} pictures were skipped"):
            for sentence in card.skipped:
                st.text(sentence)
    with st.expander("Card"):
        scale = card.product.mm_per_px
        st.markdown(
            f"{card.detector.algorithm} on {card.detector.backbone}, version "
            f"{card.detector.version} · scale "
            f"{f'{scale:g} mm per px' if scale else 'not given'}"
        )
        st.markdown("\n".join(f"- {name}: {fact}" for name, fact in card.facts.items()))
        st.caption(" · ".join(f"{name} {value}" for name, value in card.options.items()))
        st.dataframe(
            [image.model_dump() for image in card.images],
            hide_index=True,
            height=220,
            alt="Pictures that the detector was taught with",
        )


def ask_what_to_teach(bench: Workbench) -> None:
    with st.form("teach"):
        left, middle, right = st.columns(3)
        dataset = left.text_input("Data set or plant", placeholder="Plant-2")
        category = middle.text_input("Part", placeholder="bracket")
        scale = right.number_input(
            "Scale, mm per px",
            min_value=0.0,
            value=None,
            format="%.4f",
            help="for defect areas in mm²; may be left out",
        )
        uploads = st.file_uploader(
            "Pictures of good parts", type=sorted(PICTURE_SUFFIXES), accept_multiple_files=True
        )
        folder = st.text_input("or a folder on this machine", placeholder="/data/bracket/good")
        submitted = st.form_submit_button("Teach", type="primary", icon=":material/school:")
    if submitted:
        product = Product.from_key(f"{dataset}/{category}", scale or None)
        pictures = [PictureFile.of(upload.name, upload.getvalue()) for upload in uploads]
        if folder:
            pictures += pictures_at([Path(folder)])
        if not pictures:
            raise ProductError("Choose pictures of good parts, or name a folder of them.")
        teach_on_screen(bench, product, pictures)


with shown_to_the_operator():
    workbench = shared_workbench()
    if message := st.session_state.pop("taught", None):
        st.success(message, icon=":material/check_circle:")
    taught, teaching = st.columns([11, 10], gap="medium")
    with taught:
        st.subheader("Taught products")
        products = workbench.taught_products()
        if not products:
            st.info(
                "None yet. A product is taught from pictures of good parts only: at least 5, "
                "better 200. No defects and no labels are needed.",
                icon=":material/school:",
            )
        for one in products:
            with shown_to_the_operator():
                show_product(workbench, one)
    with teaching:
        st.subheader("Teach a product")
        with shown_to_the_operator():
            ask_what_to_teach(workbench)
        teach_demo_button(workbench)
        st.caption(
            "The demo product is ELPV/mono: 200 electroluminescence images of functional solar "
            "cells, which come with the installation."
        )
