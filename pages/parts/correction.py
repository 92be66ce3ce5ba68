"""What was said of inspected pictures, put right: by whom, when and why stays on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.domain import Corrected, Inspection
from core.records.corrections import MOST_AT_ONCE, correct
from core.records.products import list_products
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import person_of, plain
from pages.texts import number, t, when


def show_corrections(inspection: Inspection) -> None:
    """Show what was corrected of an inspection and when its picture was seen before."""
    if inspection.seen_before is not None:
        st.info(t("correction.seen", when=when(inspection.seen_before)), icon=":material/history:")
    for each in inspection.corrections[::-1]:
        st.caption(
            t(
                "correction.made",
                what=", ".join(_change(name, each.before, each.after) for name in each.after),
                reason=plain(each.reason),
                person=plain(each.corrected_by),
                when=when(each.corrected_at),
            )
        )


def offer_right_product(
    station: Station, inspection: Inspection, inspect_as: Callable[[str], None]
) -> None:
    """Say where another product's detector judged, and offer to inspect the picture as its own.

    Args:
        station: records and products.
        inspection: that is open.
        inspect_as: inspects its picture again, as the product with this key.
    """
    shown = _shown_product(inspection)
    if shown != inspection.product.key:
        st.warning(
            t("correction.other_product", shown=plain(shown), judged=plain(inspection.product.key)),
            icon=":material/sync_problem:",
        )
        is_taught = any(product.key == shown for product in station.taught_products())
        if st.button(
            t("correction.inspect_as", product=plain(shown)),
            icon=":material/refresh:",
            disabled=not is_taught,
            help=None if is_taught else t("correction.not_taught"),
        ):
            inspect_as(shown)


def _shown_product(inspection: Inspection) -> str:
    """Find the product that the picture shows, as far as anybody has said."""
    said = [each.after["product"] for each in inspection.corrections if "product" in each.after]
    return said[-1] if said else inspection.product.key


def correct_one(station: Station, inspection: Inspection) -> None:
    """Offer to correct lot, serial and product of an inspection."""
    context = inspection.context
    present: dict[Corrected, str] = {
        "lot": context.lot,
        "serial": context.serial,
        "product": _shown_product(inspection),
    }
    with st.popover(t("correction.correct"), icon=":material/edit_note:"):
        _ask(station, lambda: (inspection.id,), present)


def correct_many(station: Station, inspection_ids: Callable[[], Sequence[str]], found: int) -> None:
    """Offer to correct lot or product of all inspections that were found.

    Args:
        station: records.
        inspection_ids: lists them, when that is asked for.
        found: their number.
    """
    with st.popover(
        t("correction.correct_all", count=number(found)),
        icon=":material/edit_note:",
        disabled=not 0 < found <= MOST_AT_ONCE,
        help=t("correction.at_once", count=number(MOST_AT_ONCE)),
    ):
        _ask(station, inspection_ids, {})


def _ask(
    station: Station, inspection_ids: Callable[[], Sequence[str]], present: dict[Corrected, str]
) -> None:
    """Ask what is right; without present values, what is left empty stays as it is."""
    unchanged = None if present else t("correction.unchanged")
    products = {product.key for product in list_products(station.records)}
    products |= {present["product"]} if present else set()
    with st.form(f"correct-{len(present)}", border=False):
        right: dict[Corrected, str | None] = {
            "lot": st.text_input(t("correction.lot"), present.get("lot", ""), placeholder=unchanged)
        }
        if present:
            right["serial"] = st.text_input(t("correction.serial"), present["serial"])
        right["product"] = st.selectbox(
            t("correction.product"),
            sorted(products),
            index=sorted(products).index(present["product"]) if present else None,
            placeholder=unchanged,
            accept_new_options=True,
        )
        st.caption(t("correction.product_help"))
        reason = st.text_input(t("correction.reason"))
        name = st.text_input(t("correction.by"), value=person_of())
        pressed = st.form_submit_button(
            t("correction.record"), icon=":material/save:", type="primary"
        )
    if pressed:
        with shown_to_the_operator():
            changes = {field: value or "" for field, value in right.items() if value or present}
            corrected = correct(station.records, inspection_ids(), changes, reason, name)
            st.session_state["person"] = name
            if corrected:
                st.rerun()
            st.info(t("correction.nothing"), icon=":material/info:")


def _change(name: Corrected, before: dict[Corrected, str], after: dict[Corrected, str]) -> str:
    names = {
        "lot": t("correction.lot"),
        "serial": t("correction.serial"),
        "product": t("correction.product"),
    }
    return f"{names[name]} {plain(before[name]) or '–'} → {plain(after[name]) or '–'}"
