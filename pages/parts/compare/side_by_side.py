"""Side by side: maps, verdicts and reports side by side, the choice, and who wins how often."""

from __future__ import annotations

import streamlit as st

from core.domain import SideBySide, SideBySideColumn
from core.records.side_by_side import win_rates
from core.reporting.catalogue import catalogue
from core.services.inspection_images import PDF_OVERLAY_OPACITY, overlay_png
from core.services.side_by_side import choose
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.grounding_words import checked_text
from pages.parts.report_text import show_report_text
from pages.parts.tables import localised
from pages.parts.words import person_of, plain, verdict_text
from pages.texts import number, percentage, t, when
from pages.texts.labels import label

COLUMNS_A_ROW = 3
KINDS = {"detector": lambda: t("side_by_side.detector"), "writer": lambda: t("side_by_side.writer")}


def show_side_by_side(station: Station, comparison: SideBySide) -> None:
    """Show every column; words that the first report does not have are underlined."""
    filename = plain(comparison.columns[0].inspection.image.filename)
    st.markdown(
        f"**{comparison.product_key}** · {t('side_by_side.picture', name=filename)} · "
        f"{comparison.id} · {when(comparison.created_at)}"
    )
    if len(comparison.columns) > 1:
        st.caption(t("side_by_side.underlined"))
    _choice(station, comparison)
    for start in range(0, len(comparison.columns), COLUMNS_A_ROW):
        row = comparison.columns[start : start + COLUMNS_A_ROW]
        cells = st.columns(min(COLUMNS_A_ROW, len(comparison.columns)), gap="medium")
        for place, (cell, column) in enumerate(zip(cells, row, strict=False), start):
            with cell:
                _column(station, comparison, place, column)


def show_win_rates(station: Station) -> None:
    """Show how often each detector and writer was chosen over another of its kind."""
    rates = win_rates(station.records)
    if not rates:
        return
    with st.expander(t("side_by_side.chosen_so_far")):
        st.dataframe(
            localised(
                [
                    {
                        t("side_by_side.kind"): KINDS[rate.kind](),
                        t("side_by_side.name"): rate.name,
                        t("side_by_side.chosen"): rate.won,
                        t("side_by_side.of"): rate.decided,
                        t("side_by_side.share"): percentage(rate.won / rate.decided, 0),
                    }
                    for rate in rates
                ],
                {t("side_by_side.chosen"): 0, t("side_by_side.of"): 0},
            ),
            hide_index=True,
            alt=t("side_by_side.rates_alt"),
        )


def _name(column: SideBySideColumn) -> str:
    """Name the detector, and who wrote in the end."""
    if not column.writing.fell_back:
        return column.name
    failed = t("side_by_side.failed", writer=_title(column.writer))
    return f"{column.detector}/{failed}"


def _title(writer: str) -> str:
    """Name a writer as the catalogue does; by its key where it has left the catalogue."""
    model = catalogue().get(writer)
    return writer if model is None else model.title


def _choice(station: Station, comparison: SideBySide) -> None:
    if comparison.chosen is not None:
        name = plain(_name(comparison.columns[comparison.chosen]))
        st.success(
            t(
                "side_by_side.who_chose",
                person=plain(comparison.chosen_by),
                number=comparison.chosen + 1,
                name=name,
            ),
            icon=":material/check:",
        )
        return
    row = st.form(f"choice-{comparison.id}")
    with row.container(horizontal=True, vertical_alignment="bottom"):
        position = st.selectbox(
            t("side_by_side.make_report"),
            range(len(comparison.columns)),
            format_func=lambda index: f"{index + 1}: {_name(comparison.columns[index])}",
        )
        person = st.text_input(t("side_by_side.your_name"), value=person_of())
        pressed = st.form_submit_button(t("side_by_side.choose"), icon=":material/check:")
    if pressed:
        with shown_to_the_operator():
            inspection = choose(station, comparison.id, position, person)
            st.session_state["person"] = person
            st.switch_page("inspect.py", query_params={"inspection": inspection.id})


def _column(station: Station, comparison: SideBySide, place: int, column: SideBySideColumn) -> None:
    judgement = column.inspection.judgement
    mark = " :material/check:" if comparison.chosen == place else ""
    st.markdown(f"##### {place + 1}: {plain(_name(column))}{mark}")
    st.image(
        overlay_png(station, column.inspection, opacity=PDF_OVERLAY_OPACITY),
        alt=t(
            "side_by_side.map_alt",
            detector=column.detector,
            verdict=label(judgement.verdict),
            count=len(column.inspection.defects),
        ),
    )
    st.markdown(
        f"{verdict_text(judgement.verdict)} · "
        + t(
            "side_by_side.score",
            score=number(judgement.score, 3),
            low=number(judgement.t_low, 3),
            high=number(judgement.t_high, 3),
            count=len(column.inspection.defects),
        )
    )
    _facts(column)
    show_report_text(column.report, comparison.columns[0].report if place else None)
    for remark in column.remarks:
        icon = "warning" if remark.is_violation else "psychology"
        quoted = f"“{plain(remark.sentence)}” " if remark.sentence else ""
        st.caption(f":material/{icon}: **{remark.rule.value}** {quoted}— {plain(remark.message)}")


def _facts(column: SideBySideColumn) -> None:
    writing = column.writing
    tokens = (
        t("side_by_side.tokens_unknown")
        if writing.input_tokens is None or writing.output_tokens is None
        else t(
            "side_by_side.tokens",
            read=number(writing.input_tokens),
            written=number(writing.output_tokens),
        )
    )
    cost = (
        t("side_by_side.cost_unknown")
        if writing.cost_usd is None
        else f"{number(writing.cost_usd, 4)} USD"
    )
    st.caption(f"{writing.outcome.value} · {number(writing.seconds, 1)} s · {tokens} · {cost}")
    st.caption(checked_text(column.report, column.inspection.evidence, len(column.violations)))
    if writing.fell_back:
        st.warning(
            t(
                "writers.fell_back",
                writer=plain(_title(writing.writer)),
                reason=plain(writing.reason),
            ),
            icon=":material/undo:",
        )
    elif writing.reason:
        st.caption(plain(writing.reason))
