"""Quality: how the line runs, how often the machine is wrong, and what it costs."""

from __future__ import annotations

from enum import StrEnum

import streamlit as st

from core.records.search import count
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.filters import quality_filter
from pages.parts.quality.line import (
    show_control_chart,
    show_cost_pareto,
    show_pareto,
    show_places,
)
from pages.parts.quality.machine import show_agreement, show_drift
from pages.parts.quality.rates import show_rates
from pages.parts.quality.running import show_step_times, show_writing_costs
from pages.parts.urls import choice_in_url
from pages.texts import t


class View(StrEnum):
    """Charts that are looked at together; those of the others are not asked for."""

    LINE = "line"
    MACHINE = "machine"
    RUNNING = "running"


def view_text(view: View) -> str:
    """Name the view on the page."""
    match view:
        case View.LINE:
            return t("quality.view_line")
        case View.MACHINE:
            return t("quality.view_machine")
        case View.RUNNING:
            return t("quality.view_running")


def show_quality(station: Station) -> None:
    """Show the filter, the rates, and the charts of a view."""
    if count(station.records) == 0:
        st.info(t("quality.nothing"), icon=":material/frame_inspect:")
        return
    filter = quality_filter(station)
    show_rates(filter)
    view = choice_in_url(
        t("quality.view"),
        [each.value for each in View],
        lambda value: view_text(View(value)),
        "view",
        label_visibility="collapsed",
    )
    match View(view):
        case View.LINE:
            show_control_chart(filter)
            types, costs, places = st.columns([1, 1, 1])
            with types:
                show_pareto(filter)
            with costs:
                show_cost_pareto(filter)
            with places:
                show_places(filter)
        case View.MACHINE:
            show_agreement(filter)
            show_drift(filter)
        case View.RUNNING:
            steps, costs = st.columns(2)
            with steps:
                show_step_times(filter)
            with costs:
                show_writing_costs(filter)


with shown_to_the_operator():
    show_quality(shared_station())
