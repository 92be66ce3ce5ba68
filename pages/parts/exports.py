"""What is filtered, as a file: at once where that is short, else by a job in the background."""

from __future__ import annotations

import streamlit as st

from core.domain import Job, JobState
from core.errors import JobError
from core.exports import AT_ONCE, ExportKind, exported
from core.records.search import Filter
from core.tasks.exports import export_file
from core.workbench import Workbench, shared_workbench
from pages.parts.errors import shown_to_the_operator
from pages.texts import number, percentage, t, when

MIMES = {
    ExportKind.CSV: "text/csv",
    ExportKind.PARQUET: "application/vnd.apache.parquet",
    ExportKind.PDFS: "application/zip",
}
SHOWN = 3
LOOKED_THROUGH = 50
EVERY_S = 2


def kind_text(kind: ExportKind) -> str:
    """A kind of export."""
    match kind:
        case ExportKind.CSV:
            return "CSV"
        case ExportKind.PARQUET:
            return "Parquet"
        case ExportKind.PDFS:
            return t("history.pdfs")


def show_export(bench: Workbench, filter: Filter, count: int) -> None:
    """Choose a kind, and have the file."""
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
                lambda: exported(bench, kind, filter),
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
            args=(bench, kind, filter, count),
        )


def _start(bench: Workbench, kind: ExportKind, filter: Filter, count: int) -> None:
    with shown_to_the_operator():
        bench.jobs.submit(
            "export",
            f"{kind_text(kind)}, {number(count)}",
            {"what": kind.value, "filter": filter.model_dump(mode="json")},
            st.session_state.get("person", ""),
        )
        st.session_state["export"] = False  # closes the panel: the job stands under it


def show_export_jobs(bench: Workbench) -> None:
    """The newest exports; those that run are looked at again and again."""
    jobs = _exports(bench)
    if any(job.is_active for job in jobs):
        _watched()
    else:
        for job in jobs:
            _job(bench, job)


@st.fragment(run_every=EVERY_S)
def _watched() -> None:
    bench = shared_workbench()
    with shown_to_the_operator():
        jobs = _exports(bench)
        if not any(job.is_active for job in jobs):
            st.rerun()  # the whole page, which then stops looking
        for job in jobs:
            _job(bench, job)


def _exports(bench: Workbench) -> list[Job]:
    return [job for job in bench.jobs.recent(LOOKED_THROUGH) if job.kind == "export"][:SHOWN]


def _job(bench: Workbench, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{_state(job)} **{job.title}** · {when(job.created_at)}", width="stretch")
        if job.state is JobState.DONE:
            _download(bench, job)
        if job.is_active and not job.is_stopping:
            st.button(
                t("history.cancel"),
                key=f"cancel-{job.id}",
                icon=":material/close:",
                on_click=_cancel,
                args=(bench, job.id),
            )
        if job.can_resume:
            st.button(
                t("history.again"),
                key=f"again-{job.id}",
                icon=":material/replay:",
                on_click=_resume,
                args=(bench, job.id),
            )
    if job.state is JobState.RUNNING:
        st.progress(job.share, _progress(job))
    if job.error:
        st.caption(job.error)
    if job.result.get("missing"):
        st.caption(t("history.missing", count=number(job.result["missing"])))


def _cancel(bench: Workbench, job_id: str) -> None:
    with shown_to_the_operator():
        bench.jobs.cancel(job_id, st.session_state.get("person", ""))


def _resume(bench: Workbench, job_id: str) -> None:
    with shown_to_the_operator():
        bench.jobs.resume(job_id)


def _download(bench: Workbench, job: Job) -> None:
    try:
        path = export_file(bench.settings, job)
    except JobError:
        st.caption(t("history.gone"))
        return
    # Over REST, from disk: the file may be larger than memory.
    st.link_button(
        t("history.download_file", size=number(path.stat().st_size / 2**20, 1)),
        f"api/exports/{job.id}",
        icon=":material/download:",
    )


def _state(job: Job) -> str:
    match job.state:
        case JobState.QUEUED:
            return f":material/schedule: {t('history.queued')}"
        case JobState.RUNNING:
            return f":material/sync: {t('history.running')}"
        case JobState.DONE:
            return f":green[:material/check_circle: {t('history.done')}]"
        case JobState.FAILED:
            return f":red[:material/error: {t('history.failed')}]"
        case JobState.CANCELLED:
            return f":material/cancel: {t('history.cancelled')}"
        case JobState.INTERRUPTED:
            return f":orange[:material/pause_circle: {t('history.interrupted')}]"


def _progress(job: Job) -> str:
    if job.seconds_left is None:
        return percentage(job.share, 0)
    return t(
        "history.progress",
        share=percentage(job.share, 0),
        seconds=number(job.seconds_left),
    )
