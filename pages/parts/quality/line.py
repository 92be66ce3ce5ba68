"""The line over time: control chart, Pareto of defects and of costs, places of defects."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.plant_time import PlantTime
from core.records.products import list_products
from core.records.quality import defect_places, period_counts, type_counts
from core.records.search import Filter
from core.services.inspection_images import normal_picture
from core.services.quality import costs_by_type
from core.services.station import Station
from core.statistics.control_charts import ChartLimits, PChart
from core.statistics.counts import Period
from core.statistics.quality import Bar, defect_pareto, foremost, newest_chart
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.palette import palette
from pages.parts.quality.figures import (
    broken,
    control_figure,
    most_hit,
    pareto_figure,
    period_names,
    places_figure,
)
from pages.parts.quality.periods import show_periods
from pages.parts.quality.words import type_text
from pages.parts.urls import choice_in_url
from pages.texts import number, percentage, t, zone
from pages.texts.labels import label

MOST_PERIODS = 120
MOST_BARS = 8
MOST_NAMED_POINTS = 4
PLAIN = {"displayModeBar": False}


@st.fragment(parallel=True)
def show_control_chart(filter: Filter) -> None:
    """Show the share of nonconforming parts by hour, shift, day or lot, and the rules it breaks."""
    plant = shared_station().settings.plant_time(zone())
    shifts = [Period.SHIFT] if plant.shift_starts else []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"##### {t('quality.control_chart')}", width="stretch")
        by = Period(
            choice_in_url(
                t("quality.by"),
                [each.value for each in (Period.DAY, *shifts, Period.HOUR, Period.LOT)],
                lambda value: label(Period(value)),
                "chart-by",
                label_visibility="collapsed",
            )
        )
        with_reviews = st.toggle(
            t("quality.with_reviews"), key="chart-with-reviews", bind="query-params"
        )
    with shown_to_the_operator(), st.skeleton(height=330):
        periods = period_counts(shared_station().records, filter, by, plant)
        chart = newest_chart(periods, with_reviews=with_reviews, most=MOST_PERIODS)
        if chart is None:
            st.info(t("quality.no_periods"))
            return
        shown = periods[-MOST_PERIODS:]
        names = period_names([each.label for each in shown], by)
        if len(shown) == 1:
            st.info(t("quality.one_period", share=percentage(chart.centre, 2)))
        else:
            _chart(chart, names)
        notes = _which_clock(by, plant)
        if len(periods) > len(shown):
            notes.append(
                t(
                    "quality.newest_periods",
                    shown=number(len(shown)),
                    count=number(len(periods)),
                )
            )
        if len(shown) > 1:
            notes += _limits(chart)
        st.caption(" ".join(notes))
        show_periods(shown, names, by)


def _chart(chart: PChart, names: list[str]) -> None:
    sentences = _rules(chart, names)
    st.plotly_chart(
        control_figure(chart, names, palette()),
        config=PLAIN,
        key="control-chart",
        alt=t(
            "quality.control_alt",
            centre=percentage(chart.centre, 2),
            points=number(len(chart.points)),
            rules=" ".join(sentences) or t("quality.no_rule"),
        ),
    )
    st.markdown("\n".join(f"- {each}" for each in sentences) or t("quality.no_rule"))


def _which_clock(by: Period, plant: PlantTime) -> list[str]:
    """Say by whose clock periods are counted."""
    match by:
        case Period.LOT:
            return []
        case Period.HOUR:
            told = t("quality.plant_hours", zone=plant.zone)
        case Period.DAY:
            told = t("quality.plant_days", start=f"{plant.day_start:%H:%M}", zone=plant.zone)
        case Period.SHIFT:
            starts = ", ".join(f"{start:%H:%M}" for start in plant.shift_starts)
            told = t("quality.plant_shifts", starts=starts, zone=plant.zone)
    is_set = shared_station().settings.plant_time_zone is not None
    return [told] if is_set else [told, t("quality.no_zone")]


def _limits(chart: PChart) -> list[str]:
    """Say what the limits are, and what they cannot show."""
    times = number(chart.by_chance, 1)
    match chart.limits:
        case ChartLimits.BINOMIAL:
            told = [t("quality.limits_binomial", times=times)]
        case ChartLimits.LANEY:
            told = [t("quality.limits_laney", times=times, spread=number(chart.spread, 1))]
    if chart.without_lower:
        told.append(
            t(
                "quality.without_lower",
                count=number(chart.without_lower),
                of=number(len(chart.points)),
            )
        )
    return told


def _rules(chart: PChart, names: list[str]) -> list[str]:
    sentences = []
    for rule, points in broken(chart).items():
        newest = ", ".join(names[at] for at in reversed(points[-MOST_NAMED_POINTS:]))
        sentences.append(
            t("quality.broken", rule=label(rule), count=number(len(points)), newest=newest)
        )
    return sentences


@st.fragment(parallel=True)
def show_pareto(filter: Filter) -> None:
    """Show which defect types are most frequent."""
    st.markdown(f"##### {t('quality.pareto')}")
    with shown_to_the_operator(), st.skeleton(height=330):
        bars = defect_pareto(type_counts(shared_station().records, filter))
        if not bars:
            st.info(t("quality.no_defects"))
            return
        _pareto(bars, "pareto-types")


@st.fragment(parallel=True)
def show_cost_pareto(filter: Filter) -> None:
    """Show which defect types cost most."""
    st.markdown(f"##### {t('quality.cost_pareto')}")
    with shown_to_the_operator(), st.skeleton(height=330):
        found = costs_by_type(shared_station(), filter)
        if found is None:
            st.info(t("quality.no_costs"))
            return
        if found.bars:
            _pareto(found.bars, "pareto-costs")
        st.caption(
            t(
                "quality.costs_left_out",
                unpriced=number(found.unpriced),
                undecided=number(found.undecided),
            )
        )


def _pareto(bars: tuple[Bar, ...], key: str) -> None:
    shown = foremost(bars, MOST_BARS, t("quality.others"))
    names = [type_text(bar.name) for bar in shown]
    st.plotly_chart(
        pareto_figure(shown, names, palette()),
        config=PLAIN,
        key=key,
        alt=pareto_sentence(shown, names),
    )
    st.caption(t("quality.pareto_note"))


def pareto_sentence(bars: Sequence[Bar], names: Sequence[str]) -> str:
    """Say what leads a Pareto chart, and how much of it is a guess."""
    guessed = number(sum(bar.guessed for bar in bars))
    if not bars[0].confirmed:
        return t("quality.pareto_guessed", guessed=guessed, name=names[0])
    return t(
        "quality.pareto_alt",
        name=names[0],
        amount=number(bars[0].confirmed),
        share=percentage(bars[0].share),
        guessed=guessed,
    )


@st.fragment(parallel=True)
def show_places(filter: Filter) -> None:
    """Show where on the part the defects lie."""
    st.markdown(f"##### {t('quality.places')}")
    with shown_to_the_operator(), st.skeleton(height=380):
        station = shared_station()
        key = the_product(station, filter)
        if key is None:
            st.info(t("quality.choose_product_places"))
            return
        counts = defect_places(station.records, filter.model_copy(update={"product_key": key}))
        if not counts.any():
            st.info(t("quality.no_defects"))
            return
        picture = normal_picture(station, station.product(key))
        row, column = most_hit(counts)[0]
        st.plotly_chart(
            places_figure(counts, picture, palette()),
            config=PLAIN,
            key="places",
            alt=t(
                "quality.places_alt",
                count=number(int(counts.sum())),
                most=number(int(counts.max())),
                across=percentage((column + 0.5) / counts.shape[1], 0),
                down=percentage((row + 0.5) / counts.shape[0], 0),
            ),
        )
        note = t("quality.places_note", count=number(int(counts.sum())))
        st.caption(note if picture else f"{note} {t('quality.no_picture')}")


def the_product(station: Station, filter: Filter) -> str | None:
    """Find the product that is meant: the chosen one, or the only one there is."""
    if filter.product_key is not None:
        return filter.product_key
    products = list_products(station.records)
    return products[0].key if len(products) == 1 else None
