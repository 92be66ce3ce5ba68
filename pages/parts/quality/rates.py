"""The rates of the line, each with its interval and n."""

from __future__ import annotations

import streamlit as st

from core.domain import Disposition
from core.records.quality import verdict_counts
from core.records.search import Filter, count
from core.statistics.quality import Rates, rates
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.quality.words import interval_text, share_text
from pages.texts import number, t


@st.fragment(parallel=True)
def show_rates(filter: Filter) -> None:
    """Show five rates side by side; an unknown one is labelled so, with the reason."""
    with shown_to_the_operator(), st.skeleton(height=150):
        records = shared_station().records
        found = rates(verdict_counts(records, filter))
        in_error = filter.model_copy(update={"disposition": Disposition.IN_ERROR})
        with st.grid(5, min_column_width=150, gap="small"):
            for label, rate, meaning in (
                (t("quality.first_pass"), found.first_pass_yield, t("quality.first_pass_help")),
                (t("quality.rejected"), found.rejected, t("quality.rejected_help")),
                (t("quality.reviewed"), found.reviewed, t("quality.reviewed_help")),
                (t("quality.false_alarms"), found.false_alarms, t("quality.false_alarms_help")),
                (t("quality.escape"), found.escape, t("quality.escape_help")),
            ):
                with st.container(border=True, gap="xsmall", height="stretch"):
                    st.metric(label, share_text(rate), help=meaning)
                    st.caption(interval_text(rate))
        st.caption(" · ".join(_open_ends(found, count(records, in_error))))


def _open_ends(found: Rates, in_error: int) -> list[str]:
    sentences = [
        t("quality.inspected", count=number(found.inspected)),
        t("quality.stopped_undecided", count=number(found.stopped_undecided)),
        t("quality.audits_undecided", count=number(found.audits_undecided)),
        t("quality.escapes_otherwise", count=number(found.escapes_otherwise)),
    ]
    if in_error:
        sentences.append(t("quality.in_error", count=number(in_error)))
    if found.escape is None:
        sentences.append(t("quality.escape_unknown"))
    return sentences
