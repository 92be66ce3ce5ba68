"""Compare: detectors and writers on one picture, or two detectors over a past lot."""

from __future__ import annotations

import streamlit as st

from core.domain import Inspection, InspectionRequest, Product, WriterChoice
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection
from core.records.side_by_side import side_by_side
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.services.inspection_images import recorded_picture
from core.services.side_by_side import detectors_of, put_side_by_side
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.compare.lot_comparison import ask_comparison, show_comparison
from pages.parts.compare.side_by_side import show_side_by_side, show_win_rates
from pages.parts.errors import shown_to_the_operator
from pages.parts.product_choice import ask_product
from pages.parts.uploads import largest_mb
from pages.parts.urls import choice_in_url, inspection_link
from pages.parts.words import plain
from pages.parts.writers import ask_language, writer_name
from pages.texts import t

PICTURE = "picture"
LOT = "lot"
# In the URL: the comparison on one picture that is shown.
SIDE_BY_SIDE = "side-by-side"


def ask_picture(
    station: Station, recorded: Inspection | None
) -> tuple[Product, PictureFile | None] | None:
    """Ask for the picture: of the inspection that was brought along, or an upload."""
    if recorded is not None:
        st.markdown(
            f"**{plain(recorded.image.filename)}** · {recorded.product.key} · "
            f"[{recorded.id}]({inspection_link(recorded.id)})"
        )
        return recorded.product, recorded_picture(station, recorded)
    products = station.taught_products()
    if not products:
        st.info(t("compare.nothing_taught"), icon=":material/school:")
        return None
    known = {product.key: product for product in products}
    key = ask_product(t("compare.product"), list(known), "compare-product")
    if key is None:
        return None
    upload = st.file_uploader(t("compare.picture"), max_upload_size=largest_mb(station.settings))
    return known[key], PictureFile.of(upload.name, upload.getvalue()) if upload else None


def ask_combinations(station: Station, product: Product) -> tuple[list[str], list[str]]:
    """Ask for detectors of the product and for writers, those that can run here first."""
    known = list(detectors_of(station, product))
    detectors = st.multiselect(
        t("compare.detectors"), known, default=known[:1], key="compare-detectors"
    )
    offered = {one.model.key: one for one in ranked(catalogue().values(), station.settings)}
    writers = st.multiselect(
        t("compare.writers"),
        list(offered),
        default=["offline"],
        format_func=lambda key: writer_name(offered[key]),
        key="compare-writers",
    )
    return detectors, writers


def run(station: Station, recorded: Inspection | None) -> None:
    """Ask what is to be compared, and compare it."""
    asked = ask_picture(station, recorded)
    if asked is None:
        return
    product, picture = asked
    detectors, writers = ask_combinations(station, product)
    language = ask_language(station, "compare")
    count = len(detectors) * len(writers)
    st.caption(t("compare.count", count=count))
    if not st.button(
        t("compare.compare"),
        type="primary",
        icon=":material/compare:",
        disabled=not (picture and count),
    ):
        return
    if picture is None:
        return
    progress = st.progress(0.0, t("compare.judging"))
    comparison = put_side_by_side(
        station,
        InspectionRequest(product=product, writing=WriterChoice(language=language)),
        picture,
        detectors,
        writers,
        recorded=recorded,
        on_progress=lambda done, of: progress.progress(
            done / of, t("compare.progress", done=done, total=of)
        ),
    )
    st.query_params[SIDE_BY_SIDE] = comparison.id
    st.rerun()


def compare_on_a_picture(station: Station) -> None:
    st.query_params.pop("comparison", None)
    inspection_id = st.query_params.get("inspection")
    with st.sidebar:
        run(station, load_inspection(station.records, inspection_id) if inspection_id else None)
    if comparison_id := st.query_params.get(SIDE_BY_SIDE):
        show_side_by_side(station, side_by_side(station.records, comparison_id))
    else:
        st.info(t("compare.empty"), title=t("compare.title"), icon=":material/compare:")
    show_win_rates(station)


def compare_over_a_lot(station: Station) -> None:
    with st.sidebar, shown_to_the_operator():
        ask_comparison(station)
    show_comparison(station)


with shown_to_the_operator():
    station = shared_station()
    if "comparison" in st.query_params and "what" not in st.session_state:
        st.query_params["what"] = LOT
    with st.sidebar:
        mode = choice_in_url(
            t("compare.mode"),
            [PICTURE, LOT],
            {PICTURE: t("compare.one_picture"), LOT: t("compare.past_lot")}.__getitem__,
            "what",
        )
    if mode == LOT:
        compare_over_a_lot(station)
    else:
        compare_on_a_picture(station)
