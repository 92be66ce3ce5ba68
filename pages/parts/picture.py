"""The inspected picture under its heatmap."""

from __future__ import annotations

import streamlit as st

from core.documents import legend_png, overlay_png
from core.domain import Inspection
from core.workbench import Workbench


@st.cache_data(max_entries=64, show_spinner=False)
def _overlay(
    _bench: Workbench,
    _inspection: Inspection,
    inspection_id: str,
    opacity: float,
    contour: bool,
    numbers: bool,
) -> bytes:
    return overlay_png(_bench, _inspection, opacity=opacity, contour=contour, numbers=numbers)


@st.fragment
def show_picture(bench: Workbench, inspection: Inspection) -> None:
    """The picture, its controls and the colour scale; moving a control redraws only this."""
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        opacity = st.slider("Heatmap opacity", 0.0, 1.0, 0.6, 0.05, key="opacity")
        contour = st.toggle("Threshold contour", value=True, key="contour")
        numbers = st.toggle("Defect numbers", value=True, key="numbers")
    verdict = inspection.judgement.verdict.value
    place.image(
        _overlay(bench, inspection, inspection.id, opacity, contour, numbers),
        width="stretch",
        alt=f"{inspection.image.filename} under its heatmap: {verdict}, "
        f"{len(inspection.defects)} defects",
    )
    dark = st.context.theme.type == "dark"
    place.image(
        legend_png(inspection, dark=dark),
        width="stretch",
        alt="Colour scale of the anomaly map, the same for every picture of this product",
    )
