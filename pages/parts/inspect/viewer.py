"""The picture viewer: what is shown of the inspected picture, where, and how near."""

from __future__ import annotations

import streamlit as st

from core.domain import Inspection
from core.services.inspection_images import colour_scale, legend_png
from core.services.station import Station
from core.services.viewer import (
    MAX_ZOOM,
    REGION_CENTRES,
    Look,
    View,
    fitting_zoom,
    nearest_normal,
    view_picture,
)
from pages.parts.errors import shown_to_the_operator
from pages.parts.statements import alignment_text
from pages.parts.urls import choice_in_url
from pages.parts.words import plain
from pages.texts import number, t
from pages.texts.labels import label, place_label


def look_at(inspection: Inspection, place: str) -> None:
    """Bring a defect or a region into view the next time that the viewer is drawn."""
    st.session_state[_place_key(inspection)] = place
    st.session_state[_zoom_key(inspection)] = fitting_zoom(inspection, place)


@st.fragment
def show_viewer(station: Station, inspection: Inspection) -> None:
    """Show the picture, its controls and the colour scale; a control redraws only this."""
    look = choice_in_url(
        t("viewer.look"),
        [look.value for look in Look],
        lambda value: label(Look(value)),
        "look",
        label_visibility="collapsed",
        stretch=True,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = _ask_place(inspection, [defect.id for defect in inspection.defects])
        zoom = _ask_zoom(inspection)
        with st.popover(t("viewer.drawing"), icon=":material/tune:"):
            opacity = st.slider(t("viewer.opacity"), 0.0, 1.0, 0.6, 0.05, key="opacity")
            contour = st.toggle(t("viewer.contour"), value=True, key="contour")
            numbers = st.toggle(t("viewer.numbers"), value=True, key="numbers")
    view = View(Look(look), place, zoom, opacity, contour, numbers)
    with shown_to_the_operator():
        _show(station, inspection, view)


@st.fragment
def show_plain_picture(station: Station, inspection: Inspection) -> None:
    """Show the picture alone, without anything that the machine found."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = _ask_place(inspection, [])
        zoom = _ask_zoom(inspection)
    with shown_to_the_operator():
        st.image(
            _rendered(station, inspection, inspection.id, View(Look.ORIGINAL, place, zoom)),
            width="stretch",
            alt=t("viewer.plain_alt", filename=inspection.image.filename),
        )


def _show(station: Station, inspection: Inspection, view: View) -> None:
    st.image(
        _rendered(station, inspection, inspection.id, view),
        width="stretch",
        alt=t(
            "viewer.alt",
            filename=inspection.image.filename,
            look=label(view.look),
            verdict=label(inspection.judgement.verdict),
            count=len(inspection.defects),
        ),
    )
    if view.look is Look.BLINK:
        normal = nearest_normal(station, inspection)
        st.caption(
            t("viewer.blinks", normal=plain(normal.filename), alignment=alignment_text(normal))
        )
    elif view.look is Look.MASK:
        st.caption(t("viewer.mask_means"))
    elif view.look is not Look.ORIGINAL:
        _show_scale(inspection)


def _show_scale(inspection: Inspection) -> None:
    """Show the colour scale; its words stand below it, as the picture's font has no Hangul."""
    scale = colour_scale(inspection)
    low, high = number(scale.t_low, 3), number(scale.t_high, 3)
    st.image(
        # Without numbers: those in view are on the score's scale, which is another.
        legend_png(inspection, ("", "", ""), dark=st.context.theme.type == "dark"),
        width="stretch",
        alt=t("viewer.scale_alt"),
    )
    st.caption(t("viewer.scale_means"), help=t("viewer.scale_numbers", low=low, high=high))


@st.cache_data(max_entries=128, ttl=600, show_spinner=False)
def _rendered(_station: Station, _inspection: Inspection, inspection_id: str, view: View) -> bytes:
    return view_picture(_station, _inspection, view)


def _ask_place(inspection: Inspection, defects: list[str]) -> str:
    severities = {defect.id: label(defect.severity) for defect in inspection.defects}
    key = _place_key(inspection)

    def name(place: str) -> str:
        if place in severities:
            return f"{place} · {severities[place]}"
        return place_label(place) if place else t("viewer.whole")

    return st.selectbox(
        t("viewer.place"),
        ["", *defects, *REGION_CENTRES],
        format_func=name,
        key=key,
        on_change=lambda: look_at(inspection, st.session_state[key]),
        label_visibility="collapsed",
        width=170,
    )


def _ask_zoom(inspection: Inspection) -> float:
    return st.slider(
        t("viewer.zoom"),
        1.0,
        MAX_ZOOM,
        step=0.1,
        format="%.1f×",
        key=_zoom_key(inspection),
        label_visibility="collapsed",
    )


def _place_key(inspection: Inspection) -> str:
    return f"place-{inspection.id}"


def _zoom_key(inspection: Inspection) -> str:
    return f"zoom-{inspection.id}"
