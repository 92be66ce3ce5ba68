"""What is filtered, as a file: at once where that is short, else by a job in the background."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.domain import Job, JobState
from core.domain.errors import JobError
from core.records.search import Filter
from core.services.exports import AT_ONCE, ExportKind, exported
from core.services.station import Station
from core.tasks.exports import Export, ExportResult, export_file
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import watch_job
from pages.parts.words import person_of
from pages.texts import number, t

MIMES = {
    ExportKind.CSV: "text/csv",
    ExportKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportKind.PARQUET: "application/vnd.apache.parquet",
    ExportKind.PDFS: "application/zip",
}
SHOWN_EXPORTS = 2


def kind_text(kind: ExportKind) -> str:
    """Name a kind of export."""
    match kind:
        case ExportKind.CSV:
            return "CSV"
        case ExportKind.XLSX:
            return "XLSX"
        case ExportKind.PARQUET:
            return "Parquet"
        case ExportKind.PDFS:
            return t("history.pdfs")


def show_export(station: Station, filter: Filter, count: int) -> None:
    """Ask for a kind of export, and offer the file."""
    panel = st.popover(
        t("history.export"),
        icon=":material/download:",
        disabled=count == 0,
        key="export",
        on_change="rerun",
    )
    if not panel.open:
        return
    with panel:
        kind = st.segmented_control(
            t("history.export_as"),
            list(ExportKind),
            default=ExportKind.CSV,
            required=True,
            format_func=kind_text,
            key="export-kind",
        )
        if count <= AT_ONCE[kind]:
            st.download_button(
                t("history.download", count=number(count)),
                lambda: exported(station, kind, filter),
                file_name=f"inspections.{kind.value}",
                mime=MIMES[kind],
                on_click="ignore",
                icon=":material/download:",
            )
            return
        st.caption(t("history.long", count=number(count)))
        st.button(
            t("history.start_export"),
            icon=":material/play_arrow:",
            on_click=_start,
            args=(station, kind, filter, count),
        )


def _start(station: Station, kind: ExportKind, filter: Filter, count: int) -> None:
    with shown_to_the_operator():
        station.jobs.submit(
            Export(what=kind, filter=filter), f"{kind_text(kind)}, {number(count)}", person_of()
        )
        st.session_state["export"] = False  # closes the panel: the job stands under it


def show_export_jobs(station: Station) -> None:
    """Show the newest exports, with their files."""
    for job in station.jobs.recent(SHOWN_EXPORTS, Export):
        watch_job(station, job, partial(_result, station))


def _result(station: Station, job: Job) -> None:
    if job.state is not JobState.DONE:
        return
    made = job.result_as(ExportResult)
    if made is not None and made.missing:
        st.caption(t("history.missing", count=number(made.missing)))
    _download(station, job)


def _download(station: Station, job: Job) -> None:
    try:
        path = export_file(station.settings, job)
    except JobError:
        st.caption(t("history.gone"))
        return
    # Over REST, from disk: the file may be larger than memory.
    st.link_button(
        t("history.download_file", size=number(path.stat().st_size / 2**20, 1)),
        f"api/exports/{job.id}",
        icon=":material/download:",
    )
