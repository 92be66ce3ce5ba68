"""Compare: detectors and report writers side by side on one picture."""

from __future__ import annotations

import streamlit as st

from core.contests import detectors_of, hold_contest
from core.domain import Inspection, Product
from core.images import PICTURE_SUFFIXES
from core.records.contests import contest as recorded_contest
from core.report_desk import WriterChoice
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.sources import PictureFile
from core.workbench import Workbench, shared_workbench
from pages.parts.contest import show_contest, show_win_rates
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import plain
from pages.parts.writers import ask_language, writer_name


def ask_picture(
    bench: Workbench, recorded: Inspection | None
) -> tuple[Product, PictureFile | None] | None:
    """What is compared on: the inspection that was brought along, or an uploaded picture."""
    if recorded is not None:
        st.markdown(
            f"**{plain(recorded.image.filename)}** · {recorded.product.key} · "
            f"[{recorded.id}](inspect?inspection={recorded.id})"
        )
        sha256 = recorded.image.sha256
        return recorded.product, PictureFile(
            recorded.image.filename, lambda: bench.files.read(sha256)
        )
    products = bench.taught_products()
    if not products:
        st.info(
            "Nothing can be compared yet: teach a product first, on the Products page.",
            icon=":material/school:",
        )
        return None
    product = st.selectbox("Product", products, format_func=lambda option: option.key)
    upload = st.file_uploader("Picture", type=sorted(PICTURE_SUFFIXES))
    return product, PictureFile.of(upload.name, upload.getvalue()) if upload else None


def ask_combinations(bench: Workbench, product: Product) -> tuple[list[str], list[str]]:
    """Detectors of the product and writers, those that can run here first."""
    known = list(detectors_of(bench, product))
    detectors = st.multiselect("Detectors", known, default=known[:1], key="compare-detectors")
    offered = {one.model.key: one for one in ranked(catalogue().values(), bench.settings)}
    writers = st.multiselect(
        "Report writers",
        list(offered),
        default=["offline"],
        format_func=lambda key: writer_name(offered[key]),
        key="compare-writers",
    )
    return detectors, writers


def run(bench: Workbench, recorded: Inspection | None) -> None:
    """Ask what is to be compared, and compare it."""
    asked = ask_picture(bench, recorded)
    if asked is None:
        return
    product, picture = asked
    detectors, writers = ask_combinations(bench, product)
    language = ask_language(bench, "compare")
    count = len(detectors) * len(writers)
    st.caption(f"{count} reports are written on the same picture, at the same time where they can.")
    if not st.button(
        "Compare", type="primary", icon=":material/compare:", disabled=not (picture and count)
    ):
        return
    if picture is None:
        return
    progress = st.progress(0.0, "Judging the picture")
    contest = hold_contest(
        bench,
        picture,
        product,
        detectors,
        writers,
        choice=WriterChoice(language=language),
        recorded=recorded,
        on_progress=lambda done, of: progress.progress(done / of, f"{done} of {of} reports"),
    )
    st.query_params["contest"] = contest.id
    st.rerun()


with shown_to_the_operator():
    bench = shared_workbench()
    inspection_id = st.query_params.get("inspection")
    with st.sidebar:
        run(bench, bench.records.inspection(inspection_id) if inspection_id else None)
    if contest_id := st.query_params.get("contest"):
        show_contest(bench, recorded_contest(bench.records, contest_id))
    else:
        st.info(
            "Choose a picture, detectors and report writers on the left. Their maps, verdicts and "
            "reports then stand side by side; the one that you choose becomes the report.",
            title="Side by side",
            icon=":material/compare:",
        )
    show_win_rates(bench)
