"""Which inspections a page is about: fields whose values stand in the URL."""

from __future__ import annotations

from datetime import date

import streamlit as st

from core.domain import Disposition, Verdict
from core.domain.plant_time import PlantTime
from core.records.products import list_products
from core.records.search import Filter, values_of, whole_days
from core.services.station import Station
from pages.parts.product_choice import ask_product_or_all, choose_product
from pages.parts.quality.words import type_text
from pages.parts.urls import option_in_url
from pages.texts import t, zone
from pages.texts.labels import disposition_label, label

# Shared by History and Quality, so that going from one to the other keeps the filter.
PRODUCT = "by-product"
NARROW = (PRODUCT, "by-lot", "by-station", "since", "until")
WIDE = (*NARROW, "by-serial", "by-verdict", "by-disposition", "by-type", "by-signed", "text")
EMPTY: dict[str, object] = {"text": "", "by-lot": "", "by-serial": ""}
# Streamlit itself keeps the others in the URL.
BY_VALUE = ("by-station", "by-verdict", "by-disposition", "by-type", "by-signed")
OPEN = "open"
SIGNED = {"is_signed": True, "not_signed": False}


def history_filter(station: Station) -> Filter:
    """Ask for the fields of a search, in two rows."""
    plant = station.settings.plant_time(zone())
    with st.grid(6, min_column_width=120, gap="small"):
        text = st.text_input(
            t("filters.text"),
            key="text",
            type="search",
            placeholder=t("filters.text_help"),
            bind="query-params",
        )
        product = _product(station)
        lot = _typed(t("filters.lot"), "by-lot")
        serial = _typed(t("filters.serial"), "by-serial")
        used_station = _used_station(station)
        verdict = option_in_url(
            t("filters.verdict"),
            [each.value for each in Verdict],
            lambda value: label(Verdict(value)),
            "by-verdict",
            placeholder=t("filters.all"),
        )
        disposition = option_in_url(
            t("filters.disposition"),
            [OPEN, *(each.value for each in Disposition)],
            _disposition,
            "by-disposition",
            placeholder=t("filters.all"),
        )
        defect_type = option_in_url(
            t("filters.defect_type"),
            values_of(station.records, "defect_type", Filter()),
            type_text,
            "by-type",
            placeholder=t("filters.all"),
        )
        signed = option_in_url(
            t("filters.signed"),
            list(SIGNED),
            lambda value: t("filters.is_signed") if SIGNED[value] else t("filters.not_signed"),
            "by-signed",
            placeholder=t("filters.all"),
        )
        first = _day(t("filters.since"), "since", plant)
        last = _day(t("filters.until"), "until", plant)
        _clear(WIDE)
    _stop_if_turned_round(first, last)
    since, until = whole_days(first, last, plant)
    return Filter(
        product_key=product,
        lot=lot,
        serial=serial,
        station=used_station,
        verdict=verdict and Verdict(verdict),
        disposition=OPEN if disposition == OPEN else disposition and Disposition(disposition),
        defect_type=defect_type,
        signed=None if signed is None else SIGNED[signed],
        since=since,
        until=until,
        text=(text or "").strip(),
    )


def quality_filter(station: Station) -> Filter:
    """Ask for product, lot, station and days, in one row."""
    plant = station.settings.plant_time(zone())
    with st.grid(6, min_column_width=120, gap="small"):
        product = _product(station)
        lot = _typed(t("filters.lot"), "by-lot")
        used_station = _used_station(station)
        first = _day(t("filters.since"), "since", plant)
        last = _day(t("filters.until"), "until", plant)
        _clear(NARROW)
    _stop_if_turned_round(first, last)
    since, until = whole_days(first, last, plant)
    return Filter(product_key=product, lot=lot, station=used_station, since=since, until=until)


def _product(station: Station) -> str | None:
    return ask_product_or_all(
        t("filters.product"),
        [product.key for product in list_products(station.records)],
        PRODUCT,
        name=PRODUCT,
        placeholder=t("filters.all"),
    )


def _used_station(station: Station) -> str | None:
    return option_in_url(
        t("filters.station"),
        [name for name in values_of(station.records, "station", Filter()) if name],
        str,
        "by-station",
        placeholder=t("filters.all"),
    )


def _typed(label: str, key: str) -> str | None:
    # Typed, not chosen: there may be thousands of lots and serials.
    typed = st.text_input(label, key=key, placeholder=t("filters.exact"), bind="query-params")
    return (typed or "").strip() or None


def _day(label: str, key: str, plant: PlantTime) -> date | None:
    return st.date_input(
        label,
        value=None,
        key=key,
        format="YYYY-MM-DD",
        help=t("filters.day_help", start=f"{plant.day_start:%H:%M}", zone=plant.zone),
        bind="query-params",
    )


def _stop_if_turned_round(first: date | None, last: date | None) -> None:
    """Stop with a message where the first day is after the last."""
    if first and last and first > last:
        st.error(t("filters.turned_round", since=first, until=last), icon=":material/event_busy:")
        st.stop()


def _clear(keys: tuple[str, ...]) -> None:
    # Aligned with fields that have a label above them.
    with st.container(height="stretch", vertical_alignment="bottom"):
        st.button(
            t("filters.clear"), icon=":material/filter_alt_off:", on_click=_forget, args=(keys,)
        )


def _forget(keys: tuple[str, ...]) -> None:
    choose_product(None)
    st.query_params.pop(PRODUCT, None)
    for key in keys:
        st.session_state[key] = EMPTY.get(key)
        if key in BY_VALUE:
            st.query_params.pop(key, None)


def _disposition(value: str) -> str:
    return t("words.open") if value == OPEN else disposition_label(Disposition(value))
