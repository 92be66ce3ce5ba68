"""What inspections take: time of their steps against the takt, cost of their writers."""

from __future__ import annotations

import streamlit as st

from core.domain import StepName
from core.records.running import StepTimes, writing_costs
from core.records.search import Filter
from core.services.quality import times_against_takt
from core.statistics.quality import writer_totals
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.palette import palette
from pages.parts.quality.figures_running import costs_figure, duration, steps_figure
from pages.parts.quality.line import PLAIN
from pages.parts.tables import localised
from pages.texts import number, percentage, t
from pages.texts.labels import label


@st.fragment(parallel=True)
def show_step_times(filter: Filter) -> None:
    """Show how long each step takes, and whether the whole fits the takt."""
    st.markdown(f"##### {t('quality.steps')}")
    with shown_to_the_operator(), st.skeleton(height=330):
        station = shared_station()
        takt_s = station.settings.takt_s
        times = times_against_takt(station, filter)
        if times.median is None or times.p95 is None:
            st.info(t("quality.nothing_timed"))
            return
        sentence = _takt(times, takt_s)
        st.plotly_chart(
            steps_figure(times, takt_s, palette()), config=PLAIN, key="steps", alt=sentence
        )
        st.markdown(sentence)
        failed = [step for step in times.steps if step.failed]
        notes = [t("quality.timed", count=number(times.inspections))]
        notes += [
            t("quality.step_failed", name=label(StepName(step.name)), count=number(step.failed))
            for step in failed
        ]
        st.caption(" ".join(notes))


def _takt(times: StepTimes, takt_s: float | None) -> str:
    whole = t("quality.whole", median=duration(times.median or 0), p95=duration(times.p95 or 0))
    if takt_s is None or times.over_takt is None:
        return f"{whole} {t('quality.no_takt')}"
    over = t(
        "quality.over_takt",
        count=number(times.over_takt),
        of=number(times.inspections),
        share=percentage(times.over_takt / times.inspections, 2),
        takt=duration(takt_s),
    )
    return f"{whole} {over}"


@st.fragment(parallel=True)
def show_writing_costs(filter: Filter) -> None:
    """Show what drafts of models cost, by writer and day."""
    st.markdown(f"##### {t('quality.costs')}")
    with shown_to_the_operator(), st.skeleton(height=330):
        costs = writing_costs(shared_station().records, filter)
        if not costs:
            st.info(t("quality.no_models"))
            return
        totals = writer_totals(costs)
        whole = sum(total.cost_usd for total in totals)
        sentence = t(
            "quality.costs_sentence",
            cost=number(whole, 2),
            count=number(sum(total.drafts for total in totals)),
            writer=totals[0].writer,
        )
        st.plotly_chart(
            costs_figure(costs, [total.writer for total in totals], palette()),
            config=PLAIN,
            key="costs",
            alt=sentence,
        )
        st.markdown(sentence)
        st.dataframe(
            localised(
                [
                    {
                        t("quality.writer"): total.writer,
                        t("quality.drafts"): total.drafts,
                        t("quality.from_cache"): total.from_cache,
                        t("quality.input_tokens"): total.input_tokens,
                        t("quality.output_tokens"): total.output_tokens,
                        "USD": total.cost_usd,
                        t("quality.unpriced"): total.unpriced,
                    }
                    for total in totals
                ],
                {
                    t("quality.drafts"): 0,
                    t("quality.from_cache"): 0,
                    t("quality.input_tokens"): 0,
                    t("quality.output_tokens"): 0,
                    "USD": 4,
                    t("quality.unpriced"): 0,
                },
            ),
            hide_index=True,
            height="content",
            alt=sentence,
        )
