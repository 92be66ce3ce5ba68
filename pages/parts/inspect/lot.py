"""A lot that is inspected in the background: progress, and a strip of results that fills."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core.domain import InspectionSummary, Job, Verdict
from core.domain.errors import JobError
from core.records.search import of_ids
from core.services.station import Station
from core.tasks.lot import InspectLot, LotResult
from pages.parts.jobs import show_job, watch_job
from pages.parts.quality.words import finding_cell
from pages.parts.tables import localised
from pages.parts.words import plain
from pages.texts import t
from pages.texts.labels import disposition_label, label

# Low beside an open inspection, which a tall strip would push off the screen.
HEIGHT_PX, HEIGHT_BESIDE_PX = 420, 150


def show_unfinished_lots(station: Station, *, but: str | None) -> None:
    """Show the lots that are inspected at the moment, and those that ended before they were done.

    Args:
        station: whose jobs they are.
        but: id of a job that is shown already.
    """
    for job in station.jobs.unfinished(InspectLot):
        if job.id != but:
            with st.container(border=True):
                watch_job(station, job, _show_way_to)


def show_left_lots(station: Station) -> bool:
    """Show the lots that ended before they were done; return whether there are any."""
    left = [job for job in station.jobs.unfinished(InspectLot) if job.can_resume]
    for job in left:
        with st.container(border=True):
            show_job(station, job)
            _show_way_to(job)
    return bool(left)


def _show_way_to(job: Job) -> None:
    if st.button(t("lot.results"), icon=":material/grid_view:", key=f"results-{job.id}"):
        st.switch_page("inspect.py", query_params={"job": job.id})


def show_lot(station: Station, job: Job) -> None:
    """Show the job of a lot with its results; choosing one opens it.

    Raises:
        JobError: if the job is of another kind.
    """
    if job.kind != InspectLot.kind:
        raise JobError(f"The job {job.id} inspects no lot. Look for it on System health.")
    height = HEIGHT_BESIDE_PX if "inspection" in st.query_params else HEIGHT_PX
    with st.container(border=True):
        watch_job(station, job, lambda now: _show_results(station, now, height))


def _show_results(station: Station, job: Job, height: int) -> None:
    result = job.result_as(LotResult) or LotResult()
    found = of_ids(station.records, result.inspections)
    st.caption(" · ".join([*_counted(found), t("lot.refused", count=len(result.refused))]))
    if not job.is_active and found and found[0].lot:
        _show_ways_on(found[0])
    show_strip(found, f"lot-{job.id}", height)
    if result.refused:
        count = len(result.refused)
        title = t("lot.refusals", count=count)
        # A lot ends with what was left out of it.
        with st.expander(title, expanded=not job.is_active, icon=":material/broken_image:"):
            for each in result.refused:
                st.markdown(f"- {plain(each.sentence)}")


def _counted(found: tuple[InspectionSummary, ...]) -> list[str]:
    """Count the verdicts, without those that are hidden for an audit."""
    told = Counter(summary.verdict for summary in found if not summary.is_sealed)
    said = [f"{label(verdict)} {told[verdict]}" for verdict in Verdict]
    hidden = sum(summary.is_sealed for summary in found)
    return [*said, t("sealed.counted", count=hidden)] if hidden else said


def _show_ways_on(one: InspectionSummary) -> None:
    """Link to what follows an inspected lot: deciding on stopped parts, exporting reports."""
    of_lot = {"product": one.product_key, "lot": one.lot}
    with st.container(horizontal=True):
        if st.button(t("lot.review"), icon=":material/rule:"):
            st.switch_page("review.py", query_params=of_lot)
        if st.button(t("lot.history"), icon=":material/history:"):
            of_lot = {f"by-{name}": value for name, value in of_lot.items()}
            st.switch_page("history.py", query_params=of_lot)


def show_strip(found: tuple[InspectionSummary, ...], key: str, height: int) -> None:
    """Show results that can be sorted; choosing one opens it."""
    event = st.dataframe(
        localised(
            [
                {
                    t("lot.verdict"): finding_cell(summary),
                    t("lot.score"): None if summary.is_sealed else summary.score,
                    t("lot.defects"): None if summary.is_sealed else summary.defect_count,
                    t("lot.picture"): summary.filename,
                    t("lot.serial"): summary.serial,
                    t("lot.disposition"): disposition_label(summary.disposition),
                }
                for summary in found
            ],
            {t("lot.score"): 3, t("lot.defects"): 0},
        ),
        hide_index=True,
        height=height,
        on_select="rerun",
        selection_mode="single-row",
        key=key,
        alt=t("lot.alt", count=len(found)),
    )
    rows = event.selection.rows
    if rows and rows[0] < len(found) and st.session_state.get(f"{key}-opened") != rows:
        st.session_state[f"{key}-opened"] = rows
        st.query_params["inspection"] = found[rows[0]].id
        st.rerun()
