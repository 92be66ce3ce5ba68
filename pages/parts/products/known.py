"""Known defects of a product: how many there are, and adding labelled ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.domain import Product
from core.records.decided import KnownDefect
from core.services.station import Station
from core.tasks.known_defects import ScoreDefects
from pages.parts.errors import shown_to_the_operator
from pages.parts.products.lesson import given_pictures
from pages.parts.uploads import largest_mb, uploaded
from pages.parts.words import person_of
from pages.texts import number, t


def ask_known_defects(station: Station, product: Product, known: Sequence[KnownDefect]) -> None:
    """Say what is known, offer to score what is not scored yet, and take labelled pictures."""
    unscored = sum(each.score is None for each in known)
    labelled = sum(each.origin == "labelled" for each in known)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t(
                "products.known",
                labelled=number(labelled),
                inspected=number(len(known) - labelled),
            )
        )
        if unscored and st.button(
            t("products.score_them", count=number(unscored)), icon=":material/speed:"
        ):
            with shown_to_the_operator():
                _submit(station, product, {}, person_of())
    with (
        st.expander(t("products.add_known"), icon=":material/bug_report:"),
        st.form("known", clear_on_submit=True),
    ):
        st.caption(t("products.add_known_help"))
        uploads = st.file_uploader(
            t("products.bad_uploads"),
            accept_multiple_files=True,
            max_upload_size=largest_mb(station.settings),
        )
        folder = st.text_input(t("products.folder"), placeholder="/data/bracket/bad")
        who = st.text_input(t("products.who"), value=person_of(), key="known-who")
        if st.form_submit_button(t("products.add_known"), icon=":material/add:"):
            with shown_to_the_operator():
                given = given_pictures(station, uploaded(uploads), folder)
                _submit(station, product, given, who)


def _submit(station: Station, product: Product, given: dict[str, Any], who: str) -> None:
    station.jobs.submit(ScoreDefects(product=product.key, by=who, **given), product.key, who)
    st.rerun()
