"""Counts and yield of each hour, shift, day or lot on the control chart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.statistics.counts import Period, PeriodCount
from core.statistics.intervals import exact_rate
from core.statistics.quality import by_shift
from pages.parts.quality.words import bounds_text, share_text
from pages.parts.tables import localised
from pages.texts import t
from pages.texts.labels import label


def show_periods(periods: Sequence[PeriodCount], names: Sequence[str], by: Period) -> None:
    """Show periods in a table, the newest first; shifts are also summed by their start."""
    with st.expander(t("quality.counts"), icon=":material/table_rows:"):
        if by is Period.SHIFT:
            st.caption(t("quality.shifts_compared"))
            totals = by_shift(periods)
            _table([(total.label, total) for total in totals], t("quality.shifts_compared"), by)
        newest = list(zip(names, periods, strict=True))[::-1]
        _table(newest, t("quality.counts"), by)


def _table(named: Sequence[tuple[str, PeriodCount]], alt: str, by: Period) -> None:
    rows = []
    for name, each in named:
        passed = exact_rate(each.first_passed, each.first)
        rows.append(
            {
                label(by): name,
                t("quality.parts"): each.inspected,
                t("quality.rejected"): each.failed,
                t("quality.reviewed"): each.reviewed,
                t("quality.first_pass"): share_text(passed),
                t("quality.yield_interval"): bounds_text(passed),
            }
        )
    counts = (t("quality.parts"), t("quality.rejected"), t("quality.reviewed"))
    st.dataframe(localised(rows, dict.fromkeys(counts, 0)), hide_index=True, alt=alt)
