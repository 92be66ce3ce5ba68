"""Thresholds of a product: where they lie among normals and known defects, and what that means."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.detection.calibration import Calibration, calibrate, guaranteed_rates, policy_of
from core.detection.checkpoints import Card, read_calibration, read_card
from core.detection.operating_point import Day, Meaning, Span, day, meaning
from core.detection.product_files import read_policy
from core.domain import Disposition, Product
from core.domain.errors import NumberError
from core.domain.policy import MOST_RATE, Policy
from core.records.decided import KnownDefect, known_defects
from core.services.products import change_policy
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.numbers import number_field
from pages.parts.palette import palette
from pages.parts.products.known import ask_known_defects
from pages.parts.products.threshold_figure import threshold_figure
from pages.parts.statements import points
from pages.parts.words import person_of
from pages.texts import number, percentage, t
from pages.texts.labels import disposition_label

CONFIDENCES = (0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Choice:
    """A pair of thresholds, and what it means."""

    policy: Policy
    calibration: Calibration
    meaning: Meaning
    day: Day

    @classmethod
    def of(cls, policy: Policy, calibration: Calibration, scores: list[float]) -> Choice:
        said = meaning(calibration, scores)
        return cls(policy, calibration, said, day(said, policy.line))


def show_thresholds(station: Station, product: Product) -> None:
    """Look at, try and set the thresholds of the version that judges."""
    card = read_card(station.settings, product)
    policy = read_policy(station.settings, product)
    present = read_calibration(station.settings, card)
    known = known_defects(station.records, product.key, card.detector.version)
    scores = [each.score for each in known if each.score is not None]
    left, right = st.columns([12, 9], gap="medium")
    with left:
        chart = st.container()
        chosen = _ask_thresholds(card, policy, present)
    choice = Choice.of(chosen, calibrate(present.normals, chosen), scores)
    with chart:
        st.plotly_chart(
            threshold_figure(choice.calibration, present, scores, palette()),
            config={"displayModeBar": False},
            key="thresholds",
            alt=t(
                "products.chart_alt",
                normals=number(choice.meaning.normals),
                defects=number(len(scores)),
                low=number(choice.calibration.t_low, 3),
                high=number(choice.calibration.t_high, 3),
            ),
        )
    with left:
        ask_known_defects(station, product, known)
    with right:
        _say(choice.meaning, known)
        _show_beside(Choice.of(policy, present, scores), choice)
        with shown_to_the_operator():
            _ask_to_set(station, product, policy, chosen)
        with shown_to_the_operator():
            _ask_line(station, product, policy)


def _ask_thresholds(card: Card, policy: Policy, present: Calibration) -> Policy:
    """Ask for thresholds to try; the present policy where nothing was moved."""
    normals = present.normals
    confidences = sorted({*CONFIDENCES, policy.confidence})
    # Another version or policy makes new widgets, which start at its values.
    key = f"{card.detector.version}-{policy.false_alarm_rate}-{policy.fail_margin}"
    slider = st.container()
    left, right = st.columns(2)
    confidence = right.segmented_control(
        t("products.confidence"),
        confidences,
        default=policy.confidence,
        format_func=_confidence,
        required=True,
        help=t("products.confidence_help"),
        key=f"confidence-{key}-{policy.confidence}",
    )
    base = policy.model_copy(update={"confidence": confidence})
    rates = guaranteed_rates(len(normals.scores), confidence)
    most = int((rates <= MOST_RATE).sum())
    options = sorted(set(normals.scores[len(normals.scores) - most :])) if most else []
    if len(options) < 2:
        st.info(t("products.too_few"), icon=":material/info:")
        return policy
    start = calibrate(normals, base)
    low = slider.select_slider(
        t("products.review_from"),
        options,
        value=start.t_low,
        format_func=lambda score: number(score, 3),
        help=t("products.review_help"),
        key=f"low-{key}-{confidence}",
    )
    at_low = base
    if low != start.t_low:
        moved = policy_of(normals, base, low, low)
        at_low = base.model_copy(update={"false_alarm_rate": moved.false_alarm_rate})
    suggested = calibrate(normals, at_low).t_high
    # No minimum here: the field would turn red and keep the old value without a message.
    with left:
        read_high = number_field(
            t("products.fail_from"),
            suggested,
            digits=4,
            help=t("products.fail_help"),
            key=f"high-{key}-{confidence}-{low}",
        )
    try:
        high = read_high()
    except NumberError as error:
        st.error(str(error), icon=":material/error:")
        return policy
    if high is None or high == suggested:
        return at_low
    if high < low:
        st.error(
            # Rounded up: what is asked for is then accepted, too.
            t(
                "products.fail_below",
                high=number(high, 4),
                low=number(math.ceil(1e4 * low) / 1e4, 4),
            ),
            icon=":material/error:",
        )
        return policy
    margin = policy_of(normals, base, low, high).fail_margin
    return at_low.model_copy(update={"fail_margin": margin})


def _say(said: Meaning, known: tuple[KnownDefect, ...]) -> None:
    """Say the choice in words."""
    most = points(said.guaranteed)
    if said.is_estimate:
        st.markdown(t("products.say_estimate", most=most, normals=number(said.normals)))
    else:
        st.markdown(
            t(
                "products.say_good",
                about=number(100 * said.stopped, 1),
                most=most,
                confidence=_confidence(said.confidence),
                stopped=number(said.normals_stopped),
                normals=number(said.normals),
                failed=number(said.normals_failed.count),
            )
        )
    passed, reviewed, failed = said.defects_passed, said.defects_reviewed, said.defects_failed
    if passed is None or reviewed is None or failed is None:
        st.markdown(
            t("products.say_unscored", count=number(len(known)))
            if known
            else t("products.say_no_defects")
        )
        return
    st.markdown(
        t(
            "products.say_defects",
            defects=number(said.defects),
            passed=number(passed.count),
            reviewed=number(reviewed.count),
            failed=number(failed.count),
            low=percentage(passed.low),
            high=percentage(passed.high),
        )
    )
    if any(each.origin == "inspected" for each in known):
        st.caption(t("products.biased"))


def _show_beside(now: Choice, chosen: Choice) -> None:
    """Show the present thresholds beside the chosen ones."""
    # The same calls make both columns, so that they differ only in their figures.
    names = [
        t("products.review_from"),
        t("products.fail_from"),
        t("products.stopped_100"),
        t("products.defects_pass"),
        t("products.alarms_day"),
        t("products.escapes_day"),
        t("products.alarm_cost_day"),
        t("products.escape_cost_day"),
    ]
    # Its cells wrap, so that the choice stays visible on a tablet.
    st.table(
        [
            {"": name, t("products.now"): before, t("products.chosen"): after}
            for name, before, after in zip(names, _column(now), _column(chosen), strict=True)
        ],
        border="horizontal",
        hide_index=True,
        alt=t("products.beside"),
    )


def _column(choice: Choice) -> list[str]:
    said, today = choice.meaning, choice.day
    passed = said.defects_passed
    return [
        number(choice.calibration.t_low, 3),
        number(choice.calibration.t_high, 3),
        t(
            "products.about_most",
            about=number(100 * said.stopped, 1),
            most=points(said.guaranteed),
        ),
        t("products.unknown")
        if passed is None
        else t("products.of", count=number(passed.count), total=number(passed.out_of)),
        _about_most(today.false_alarms),
        _between(today.escapes),
        _about_most(today.false_alarm_cost),
        _between(today.escape_cost),
    ]


def _about_most(span: Span | None) -> str:
    if span is None:
        return t("products.unknown")
    return t("products.about_most", about=_short(span.expected), most=_short(span.high))


def _between(span: Span | None) -> str:
    if span is None:
        return t("products.unknown")
    return t(
        "products.between",
        expected=_short(span.expected),
        low=_short(span.low),
        high=_short(span.high),
    )


def _confidence(share: float) -> str:
    return percentage(share, 0 if round(share * 100, 6) % 1 == 0 else 2)


def _short(value: float) -> str:
    return number(value, 0 if value >= 10 else 1)


def _ask_to_set(station: Station, product: Product, policy: Policy, chosen: Policy) -> None:
    with st.form("set-thresholds"):
        left, right = st.columns([2, 3])
        who = left.text_input(t("products.who"), value=person_of(), key="set-who")
        reason = right.text_input(t("products.reason"), key="set-reason")
        pressed = st.form_submit_button(
            t("products.set"), type="primary", icon=":material/done:", disabled=chosen == policy
        )
    if pressed:
        names = ("false_alarm_rate", "confidence", "fail_margin")
        before, after = policy.model_dump(), chosen.model_dump()
        changes = {name: after[name] for name in names if before[name] != after[name]}
        change_policy(station, product, changes, by=who, reason=reason)
        st.session_state["person"] = who
        st.session_state["products-said"] = t("products.set_done", product=product.key)
        st.rerun()


def _ask_line(station: Station, product: Product, policy: Policy) -> None:
    """Ask for the line's figures, which turn shares into counts and costs."""
    line = policy.line
    with st.expander(t("products.line"), icon=":material/conveyor_belt:"), st.form("line"):
        first, second = st.columns(2)
        parts = first.number_input(
            t("products.parts_per_day"), min_value=1, value=line.parts_per_day, step=100
        )
        with second:
            read_percent = number_field(
                t("products.defect_share"),
                None if line.defect_share is None else 100 * line.defect_share,
                least=0,
                most=100,
            )
        with first:
            read_alarm = number_field(t("products.alarm_cost"), line.false_alarm_cost, least=0)
        with second:
            read_escape = number_field(t("products.escape_cost"), line.escape_cost, least=0)
        read_part_costs = _ask_part_costs(policy)
        first, second = st.columns(2)
        who = first.text_input(t("products.who"), value=person_of(), key="line-who")
        reason = second.text_input(t("products.reason"), key="line-reason")
        if st.form_submit_button(t("products.keep"), icon=":material/save:"):
            with shown_to_the_operator():
                percent = read_percent()
                part_costs = {name: read() for name, read in read_part_costs.items()}
                changes = {
                    "line.parts_per_day": parts,
                    "line.defect_share": None if percent is None else percent / 100,
                    "line.false_alarm_cost": read_alarm(),
                    "line.escape_cost": read_escape(),
                    "disposition_costs": {
                        name: cost for name, cost in part_costs.items() if cost is not None
                    },
                }
                change_policy(station, product, changes, by=who, reason=reason)
                st.session_state["person"] = who
                st.session_state["products-said"] = t("products.kept")
                st.rerun()


def _ask_part_costs(policy: Policy) -> dict[str, Callable[[], float | None]]:
    """Ask what a part costs by its disposition; an empty one has no cost."""
    st.markdown(t("products.part_costs"))
    with st.grid(4, min_column_width=120, gap="small"):
        return {
            disposition.value: number_field(
                disposition_label(disposition),
                policy.disposition_costs.get(disposition),
                least=0,
            )
            for disposition in Disposition
        }
