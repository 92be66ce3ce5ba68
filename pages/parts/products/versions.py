"""Versions of a product's detector: their cards, which one judges, and what changed."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.detection.checkpoints import (
    Active,
    Card,
    active_version,
    read_calibration,
    read_card,
    versions,
)
from core.domain import Product
from core.services.products import history
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.products.candidate import show_candidate
from pages.parts.statements import guarantee_text
from pages.parts.urls import item_in_url
from pages.parts.words import plain
from pages.texts import exact_number, number, t, when


def show_versions(station: Station, product: Product) -> None:
    """Choose a version, read its card, see what it would change, let it judge."""
    found = {version.version: version for version in versions(station.settings, product)}
    judges = active_version(station.settings, product)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        chosen = found[
            item_in_url(
                t("products.version"),
                list(found),
                lambda name: _version_name(found[name], judges),
                "version",
                judges.version if judges.version in found else next(iter(found)),
            )
        ]
        with shown_to_the_operator():
            show_card(station, read_card(station.settings, product, chosen))
    with right:
        with shown_to_the_operator():
            show_candidate(station, product, chosen)
        _show_history(station, product)


def show_card(station: Station, card: Card) -> None:
    """Show what a version is made of and what is known of it."""
    calibration = read_calibration(station.settings, card)
    with st.container(horizontal=True):
        st.metric(t("products.good"), number(len(card.images)))
        st.metric(t("products.held_out"), number(card.held_out), help=t("products.held_out_help"))
        st.metric(t("products.review_from"), number(calibration.t_low, 3))
        st.metric(t("products.fail_from"), number(calibration.t_high, 3))
        st.metric(t("products.seconds"), f"{number(sum(card.seconds.values()), 1)} s")
    st.caption(guarantee_text(calibration.false_alarm))
    scale = card.product.mm_per_px
    st.markdown(
        t(
            "products.made_of",
            algorithm=card.detector.algorithm,
            backbone=plain(card.detector.backbone),
            when=when(card.created_at),
            seed=card.seed,
            scale=t("products.no_scale") if scale is None else f"{number(scale, 4)} mm/px",
        )
    )
    for sentence in card.notices:
        st.warning(sentence, icon=":material/info:")
    if card.skipped:
        with st.expander(t("products.skipped", count=number(len(card.skipped)))):
            for sentence in card.skipped:
                st.text(sentence)
    with st.expander(t("products.facts")):
        st.markdown(
            "\n".join(f"- {plain(name)}: {plain(fact)}" for name, fact in card.facts.items())
        )
        st.caption(plain(" · ".join(f"{name} {value}" for name, value in card.options.items())))
    with st.expander(t("products.figures")):
        figures = {name: exact_number(value) for name, value in card.figures.items()}
        seconds = {name: f"{number(value, 2)} s" for name, value in card.seconds.items()}
        st.table(figures | seconds | card.versions)
    with st.expander(t("products.images", count=number(len(card.images)))):
        st.dataframe(
            [image.model_dump(include={"filename", "use", "sha256"}) for image in card.images],
            hide_index=True,
            height=260,
            alt=t("products.images", count=number(len(card.images))),
        )


def _version_name(version: Active, judges: Active) -> str:
    name = f"{_taught_at(version.version)} · {version.algorithm}"
    if version == judges:
        return f"{name} · {t('products.judges')}"
    is_candidate = version.version > judges.version
    return f"{name} · {t('products.candidate')}" if is_candidate else name


def _taught_at(version: str) -> str:
    """Format the time that a version is named after, to the second to keep names apart."""
    try:
        moment = datetime.strptime(version[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return version  # of another program, which names its versions in its own way
    return when(moment, with_seconds=True)


def _show_history(station: Station, product: Product) -> None:
    st.markdown(f"##### {t('products.history')}")
    changes = history(station, product)
    if not changes:
        st.caption(t("products.no_history"))
        return
    st.dataframe(
        [
            {
                t("products.when"): when(change.at),
                t("products.event"): _event_name(change.kind),
                t("products.by"): change.by,
                t("products.reason"): change.reason,
                t("products.what"): "; ".join(change.what),
            }
            for change in changes
        ],
        hide_index=True,
        height="content" if len(changes) <= 8 else 320,
        column_config={
            t("products.when"): st.column_config.TextColumn(width=125),
            t("products.by"): st.column_config.TextColumn(width=60),
            t("products.what"): st.column_config.TextColumn(width=230),
        },
        alt=t("products.history"),
    )


def _event_name(kind: str) -> str:
    names = {
        "policy changed": t("products.policy_changed"),
        "version activated": t("products.version_activated"),
        "product taught": t("products.product_taught"),
        "normals added": t("products.normals_added"),
        "detector imported": t("products.detector_imported"),
        "known defects added": t("products.known_added"),
        "defects labelled": t("products.defects_labelled"),
    }
    return names.get(kind, kind)
