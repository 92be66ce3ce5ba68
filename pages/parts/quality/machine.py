"""The machine against the person, and against its own calibration."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain import Verdict
from core.records.quality import verdict_counts
from core.records.search import Filter
from core.services.quality import ScoreHistory, score_history
from core.statistics.drift import MIN_SCORES, Drift, DriftState
from core.statistics.kappa import Kappa, KappaUnknown
from core.statistics.quality import Agreement, agreement
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.palette import palette
from pages.parts.quality.figures_running import drift_figure, scores_figure
from pages.parts.quality.line import PLAIN, the_product
from pages.parts.quality.words import interval_text, share_text, verdict_cell
from pages.texts import number, t, zone


@st.fragment(parallel=True)
def show_agreement(filter: Filter) -> None:
    """Show how far person and machine agree: a 2x2 table, and kappa."""
    st.markdown(f"##### {t('quality.agreement')}")
    with shown_to_the_operator(), st.skeleton(height=200):
        found = agreement(verdict_counts(shared_station().records, filter))
        if found.n == 0:
            st.info(t("quality.nobody_decided"))
            return
        fields, kappa, same = st.columns([3, 1, 1], vertical_alignment="center")
        with fields:
            _four_fields(found)
        with kappa:
            _kappa(found.kappa_of_blind)
        with same:
            st.metric(t("quality.agreed"), share_text(found.blind.agreed))
            if found.blind.n:
                st.caption(interval_text(found.blind.agreed))
        st.caption(
            " ".join(
                [
                    t("quality.judged_blind", count=number(found.blind.n), of=number(found.n)),
                    t(
                        "quality.agreement_note",
                        reviews=number(found.reviews),
                        undecided=number(found.undecided),
                    ),
                ]
            )
        )


def _kappa(kappa: Kappa | KappaUnknown) -> None:
    value = number(kappa.value, 3) if isinstance(kappa, Kappa) else t("quality.unknown")
    st.metric(t("quality.kappa"), value, help=t("quality.kappa_help"))
    st.caption(_kappa_text(kappa))


def _kappa_text(kappa: Kappa | KappaUnknown) -> str:
    """Give the interval of kappa, or say why it is unknown."""
    match kappa:
        case KappaUnknown.NOT_BLIND:
            return t("quality.kappa_not_blind")
        case KappaUnknown.ONE_ANSWER:
            return t("quality.kappa_one_answer")
        case Kappa():
            low, high = number(kappa.low, 3), number(kappa.high, 3)
            return t("quality.kappa_interval", low=low, high=high)


def _four_fields(found: Agreement) -> None:
    good, bad = t("quality.person_good"), t("quality.person_bad")
    st.table(
        [
            {
                t("quality.machine"): verdict_cell(verdict),
                good: f"{mark_good} {number(is_good)}",
                bad: f"{mark_bad} {number(is_bad)}",
            }
            for verdict, is_good, is_bad, mark_good, mark_bad in (
                (Verdict.PASS, found.passed_good, found.passed_bad, "=", "≠"),
                (Verdict.FAIL, found.failed_good, found.failed_bad, "≠", "="),
            )
        ],
        hide_index=True,
        alt=t(
            "quality.agreement_alt",
            overkills=number(found.failed_good),
            escapes=number(found.passed_bad),
            count=number(found.n),
        ),
    )


@st.fragment(parallel=True)
def show_drift(filter: Filter) -> None:
    """Show whether parts still look to the detector as its calibration normals did."""
    st.markdown(f"##### {t('quality.drift')}")
    with shown_to_the_operator(), st.skeleton(height=330):
        station = shared_station()
        key = the_product(station, filter)
        if key is None:
            st.info(t("quality.choose_product_drift"))
            return
        plant = station.settings.plant_time(zone())
        history = score_history(station, station.product(key), filter, plant)
        if not history.weeks:
            st.info(t("quality.no_passed"))
            return
        weeks, scores = st.columns(2)
        with weeks:
            _weeks(history)
        with scores:
            _scores(history)


def _weeks(history: ScoreHistory) -> None:
    sentences = drift_sentences(history.weeks)
    st.plotly_chart(
        drift_figure(history.weeks, palette()),
        config=PLAIN,
        key="drift",
        alt=" ".join(sentences),
    )
    st.markdown("  \n".join(sentences))
    st.caption(t("quality.drift_note", fewest=number(MIN_SCORES)))


def drift_sentences(weeks: Sequence[Drift]) -> list[str]:
    """Say how many weeks have drifted, may have, have not, and are unknown, the worst first."""
    told = []
    for state in (DriftState.DRIFTED, DriftState.POSSIBLE, DriftState.NONE, DriftState.UNKNOWN):
        starts = [f"{week.start:%Y-%m-%d}" for week in weeks if week.state is state]
        if starts:
            told.append(_drift_sentence(state, number(len(starts)), starts[-1]))
    return told


def _drift_sentence(state: DriftState, count: str, newest: str) -> str:
    match state:
        case DriftState.DRIFTED:
            return t("quality.drifted_weeks", count=count, newest=newest)
        case DriftState.POSSIBLE:
            return t("quality.drift_possible", count=count, newest=newest)
        case DriftState.NONE:
            return t("quality.no_drift", count=count)
        case DriftState.UNKNOWN:
            return t("quality.drift_unknown", count=count)


def _scores(history: ScoreHistory) -> None:
    last = history.weeks[-1]
    st.plotly_chart(
        scores_figure(history, palette()),
        config=PLAIN,
        key="scores",
        alt=t(
            "quality.scores_alt",
            newest=number(last.median, 3),
            normals=number(last.median_of_normals, 3),
            threshold=number(history.t_low, 3),
        ),
    )
    st.markdown(
        t(
            "quality.medians",
            newest=number(last.median, 3),
            normals=number(last.median_of_normals, 3),
            ks=number(last.ks, 2),
        )
    )
    st.caption(t("quality.scores_note"))
