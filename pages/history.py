"""History: every inspection on record, found again, opened, printed and taken out."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain import Inspection, InspectionSummary, Verdict
from core.records.inspections import load_inspection
from core.records.search import PAGE, Filter, count, ids, search
from core.services.inspection_images import check_printable, report_pdf
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.correction import correct_many
from pages.parts.errors import shown_to_the_operator
from pages.parts.filters import history_filter
from pages.parts.history.exports import show_export, show_export_jobs
from pages.parts.quality.words import finding_cell, type_text
from pages.parts.tables import localised
from pages.parts.urls import inspection_link
from pages.parts.words import plain
from pages.texts import number, t, when
from pages.texts.labels import disposition_label

MOST_HEIGHT_PX = 430


def show_history(station: Station) -> None:
    """Show the search, its results, and what can be done with them."""
    if count(station.records) == 0:
        st.info(t("history.nothing"), icon=":material/frame_inspect:")
        return
    filter = history_filter(station)
    if st.session_state.setdefault("searched", filter) != filter:
        st.session_state["searched"], st.session_state["page"] = filter, 1
    found = count(station.records, filter)
    # Placed to the left: the table's own toolbar opens over its right end.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("history.found", count=number(found)), width="content")
        show_export(station, filter, found)
        correct_many(station, lambda: ids(station.records, filter), found)
    show_export_jobs(station)
    if found == 0:
        st.info(t("history.none_fits"), icon=":material/search_off:")
        return
    table = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        actions = st.container(horizontal=True, vertical_alignment="center")
        page = st.pagination(-(-found // PAGE), key="page", bind="query-params")
    summaries = search(station.records, filter, limit=PAGE, offset=PAGE * (page - 1))
    with table:
        chosen = _table(summaries, filter, page, found)
    with actions:
        if chosen is None:
            st.caption(t("history.choose"))
        else:
            _actions(station, chosen)


def _table(
    summaries: Sequence[InspectionSummary], filter: Filter, page: int, found: int
) -> InspectionSummary | None:
    event = st.dataframe(
        localised(
            [
                {
                    "open": inspection_link(summary.id),
                    "verdict": finding_cell(summary),
                    "disposition": _disposition_cell(summary),
                    "signed": _signed_cell(summary),
                    "corrected": summary.is_corrected,
                    "product": summary.product_key,
                    "picture": summary.filename,
                    "lot": summary.lot,
                    "serial": summary.serial,
                    "station": summary.station,
                    **_found_cells(summary),
                    "time": when(summary.created_at),
                    "inspector": summary.inspector,
                }
                for summary in summaries
            ],
            {"score": 3, "defects": 0},
        ),
        column_config={
            "open": st.column_config.LinkColumn(
                t("history.open"), display_text=":material/open_in_new:", width=48
            ),
            "verdict": t("filters.verdict"),
            "disposition": t("filters.disposition"),
            "signed": st.column_config.TextColumn(
                t("history.signed"), help=t("history.signed_help"), width="small"
            ),
            "corrected": st.column_config.CheckboxColumn(
                t("history.corrected"), help=t("history.corrected_help"), width="small"
            ),
            "product": t("filters.product"),
            "picture": t("history.picture"),
            "lot": t("filters.lot"),
            "serial": t("filters.serial"),
            "station": t("filters.station"),
            "type": st.column_config.TextColumn(
                t("history.likely_type"), help=t("history.likely_type_help")
            ),
            "score": t("history.score"),
            "defects": t("history.defects"),
            "time": t("history.time"),
            "inspector": t("history.inspector"),
        },
        hide_index=True,
        height=min(MOST_HEIGHT_PX, 38 + 35 * len(summaries)),
        # A new search or page makes a new table, in which no row is chosen.
        key=f"rows-{page}-{hash(filter)}",
        on_select="rerun",
        selection_mode="single-row",
        alt=t("history.table", shown=number(len(summaries)), count=number(found)),
    )
    rows = event.selection.rows
    return summaries[rows[0]] if rows and rows[0] < len(summaries) else None


def _found_cells(summary: InspectionSummary) -> dict[str, str | float | None]:
    """Show what was found, unless it is hidden for an audit."""
    if summary.is_sealed:
        return {"type": "", "score": None, "defects": None}
    return {
        "type": type_text(summary.defect_type) if summary.defect_count else "",
        "score": summary.score,
        "defects": summary.defect_count,
    }


def _disposition_cell(summary: InspectionSummary) -> str:
    """Name the disposition; a dash where a part passed and nobody is asked to decide."""
    is_asked_for = summary.verdict is not Verdict.PASS or summary.is_audited
    return disposition_label(summary.disposition) if summary.disposition or is_asked_for else "–"


def _print_words(inspection: Inspection) -> str:
    if inspection.signed is None:
        return t("history.print")
    return t("history.print_signed", number=inspection.signed.number)


def _signed_cell(summary: InspectionSummary) -> str:
    """Name the revision that was signed; empty: none was."""
    if summary.signed_revision is None:
        return ""
    return f"✓ {t('history.signed_revision', number=summary.signed_revision)}"


def _actions(station: Station, chosen: InspectionSummary) -> None:
    if st.button(t("history.open_inspection"), icon=":material/frame_inspect:", type="primary"):
        st.switch_page("inspect.py", query_params={"inspection": chosen.id})
    if chosen.is_sealed:
        st.caption(t("sealed.notice"))
        return
    with shown_to_the_operator():
        inspection = load_inspection(station.records, chosen.id)
        check_printable(station, inspection)
        st.download_button(
            _print_words(inspection),
            lambda: report_pdf(station, inspection),
            file_name=f"{chosen.id}.pdf",
            mime="application/pdf",
            on_click="ignore",
            icon=":material/picture_as_pdf:",
        )
    st.markdown(f"**{plain(chosen.filename)}** · {chosen.id}", width="content")


with shown_to_the_operator():
    show_history(shared_station())
