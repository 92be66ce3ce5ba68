"""Products: what the station has been taught, its thresholds and versions, teaching it more."""

from __future__ import annotations

import streamlit as st

from core.domain import Product
from core.workbench import Workbench, shared_workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.product_lesson import ask_false_alarms, ask_lesson
from pages.parts.product_thresholds import show_thresholds
from pages.parts.product_versions import show_versions
from pages.parts.teaching import show_lessons, shown_jobs, teach_demo_button
from pages.texts import t


def show_first_steps(bench: Workbench) -> None:
    st.info(t("products.none_yet"), title=t("products.none_title"), icon=":material/school:")
    teach_demo_button(bench)
    st.caption(t("products.demo_help"))
    ask_lesson(bench, None)


def show_product(bench: Workbench, product: Product) -> None:
    thresholds, versions, teach, alarms = st.tabs(
        [
            t("products.tab_thresholds"),
            t("products.tab_versions"),
            t("products.tab_teach"),
            t("products.tab_alarms"),
        ],
        key="view",
        on_change="rerun",
        bind="query-params",
    )
    if thresholds.open:
        with thresholds, shown_to_the_operator():
            show_thresholds(bench, product)
    if versions.open:
        with versions, shown_to_the_operator():
            show_versions(bench, product)
    if teach.open:
        with teach, shown_to_the_operator():
            ask_lesson(bench, product)
    if alarms.open:
        with alarms, shown_to_the_operator():
            ask_false_alarms(bench, product)


with shown_to_the_operator():
    workbench = shared_workbench()
    if message := st.session_state.pop("products-said", None):
        st.success(message, icon=":material/check_circle:")
    products = {product.key: product for product in workbench.taught_products()}
    if products:
        key = st.selectbox(
            t("products.product"), list(products), key="product", bind="query-params", width=380
        )
        show_lessons(workbench, shown_jobs(workbench))
        show_product(workbench, products[key])
    else:
        show_first_steps(workbench)
