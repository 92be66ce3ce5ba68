"""MMAD on the Benchmarks page: questions put to a report writer, and runs side by side."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.domain import Job, JobState
from core.domain.errors import EvaluationError
from core.evaluation.mmad.figures import MmadFigures, mmad_tables
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.services.station import Station
from core.tasks.benchmark_runs import MmadRun, mmad_runs
from core.tasks.mmad import AskMmad
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import choose_job, watch_job
from pages.parts.tables import localised
from pages.parts.words import person_of
from pages.parts.writers import writer_name
from pages.texts import percentage, t, when

DRAWN_QUESTIONS = 500


def show_mmad(station: Station) -> None:
    """Show a form, the run that is watched, and all runs side by side."""
    on_record = mmad_runs(station)
    form, watched = st.columns([7, 14], gap="medium")
    with form:
        st.subheader(t("benchmarks.new_run"))
        _ask_run(station)
    with watched, shown_to_the_operator():
        if on_record:
            _show_run(station, choose_job([run.job for run in on_record]))
        else:
            st.info(t("mmad.empty"), title=t("mmad.title"), icon=":material/quiz:")
    measured = [run for run in on_record if run.figures is not None]
    if measured:
        st.subheader(t("benchmarks.on_record"))
        st.dataframe(
            localised(
                [_row(run.job, run.figures) for run in measured if run.figures is not None],
                {t("mmad.asked"): 0, t("mmad.unreadable"): 0, t("mmad.failed"): 0},
            ),
            hide_index=True,
            alt=t("mmad.table_alt", count=len(measured)),
        )
        st.caption(t("mmad.notes"))


def _ask_run(station: Station) -> None:
    offered = {
        one.model.key: one
        for one in ranked(catalogue().values(), station.settings)
        if not one.model.is_offline
    }
    with st.form("mmad-run"):
        questions = st.text_input(t("mmad.questions"), placeholder="/data/MMAD/mmad.json")
        images = st.text_input(
            t("mmad.images"), placeholder="/data/MMAD", help=t("mmad.images_help")
        )
        writer = st.selectbox(
            t("mmad.writer"), list(offered), format_func=lambda key: writer_name(offered[key])
        )
        limit = st.number_input(
            t("mmad.limit"), min_value=1, value=DRAWN_QUESTIONS, step=100, help=t("mmad.limit_help")
        )
        templates = st.number_input(t("mmad.templates"), min_value=0, max_value=8, value=1)
        blind = st.toggle(t("mmad.blind"), help=t("mmad.blind_help"))
        name = st.text_input(t("benchmarks.name"), value=person_of())
        pressed = st.form_submit_button(
            t("benchmarks.start"), type="primary", icon=":material/play_arrow:"
        )
    if not pressed:
        return
    with shown_to_the_operator():
        if not questions.strip() or not (blind or images.strip()):
            raise EvaluationError(t("mmad.no_files"))
        st.session_state["person"] = name
        task = AskMmad(
            questions=Path(questions.strip()),
            images=None if blind else Path(images.strip()),
            writer=writer,
            limit=int(limit),
            templates=int(templates),
        )
        title = offered[writer].model.title
        st.query_params["run"] = station.jobs.submit(task, title, name).id
        st.rerun()


def _show_run(station: Station, job: Job) -> None:
    with st.container(border=True):
        watch_job(station, job, lambda now: st.caption(when(now.created_at)))
    figures = MmadRun.of(job).figures
    if job.state is JobState.DONE and figures is not None:
        st.markdown(mmad_tables(figures))


def _row(job: Job, figures: MmadFigures) -> dict[str, object]:
    row: dict[str, object] = {
        t("mmad.writer"): figures.writer,
        t("mmad.saw"): "✓" if figures.saw_pictures else "–",
        t("mmad.asked"): figures.right.out_of,
        t("mmad.unreadable"): figures.unreadable,
        t("mmad.failed"): figures.failed,
        t("mmad.average"): percentage(figures.average),
        t("mmad.chance"): percentage(figures.average_by_chance),
    }
    row |= {part.name: percentage(part.right.share) for part in figures.subtasks}
    row[t("benchmarks.when")] = when(job.created_at)
    return row
