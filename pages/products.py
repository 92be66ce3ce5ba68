"""Products: what the station has been taught, its thresholds and versions, teaching it more."""

from __future__ import annotations

from enum import StrEnum

import streamlit as st

from core.domain import Product
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.product_choice import ask_product
from pages.parts.products.lesson import ask_false_alarms, ask_lesson
from pages.parts.products.teaching import PRODUCT, show_lessons, shown_jobs, teach_demo_button
from pages.parts.products.thresholds import show_thresholds
from pages.parts.products.versions import show_versions
from pages.parts.urls import choice_in_url
from pages.texts import t


class View(StrEnum):
    """What is looked at of a product."""

    THRESHOLDS = "thresholds"
    VERSIONS = "versions"
    TEACH = "teach"
    ALARMS = "alarms"


def view_text(view: View) -> str:
    """Name the view on the page."""
    match view:
        case View.THRESHOLDS:
            return t("products.view_thresholds")
        case View.VERSIONS:
            return t("products.view_versions")
        case View.TEACH:
            return t("products.view_teach")
        case View.ALARMS:
            return t("products.view_alarms")


def show_first_steps(station: Station) -> None:
    st.info(t("products.none_yet"), title=t("products.none_title"), icon=":material/school:")
    teach_demo_button(station)
    st.caption(t("products.demo_help"))
    ask_lesson(station, None)


def show_product(station: Station, product: Product) -> None:
    """Show the view of the product that was chosen."""
    view = choice_in_url(
        t("products.view"),
        [each.value for each in View],
        lambda value: view_text(View(value)),
        "view",
        label_visibility="collapsed",
    )
    # On the Teach view the outcome stands below the button.
    jobs = shown_jobs(station)
    if view != View.TEACH:
        show_lessons(station, jobs)
    with shown_to_the_operator():
        match View(view):
            case View.THRESHOLDS:
                show_thresholds(station, product)
            case View.VERSIONS:
                show_versions(station, product)
            case View.TEACH:
                ask_lesson(station, product)
            case View.ALARMS:
                ask_false_alarms(station, product)
    if view == View.TEACH:
        show_lessons(station, jobs)


with shown_to_the_operator():
    station = shared_station()
    if message := st.session_state.pop("products-said", None):
        st.success(message, icon=":material/check_circle:")
    products = {product.key: product for product in station.taught_products()}
    if products:
        key = ask_product(t("products.product"), list(products), PRODUCT, width=380)
        if key is not None:
            show_product(station, products[key])
    else:
        show_first_steps(station)
