"""Benchmarks: detectors on labelled sets and report writers on MMAD, run by run, and a new run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.detection.registry import DEFAULT_DETECTOR, DETECTORS, detector_class, require_weights
from core.domain import Job, JobState
from core.domain.errors import EvaluationError
from core.evaluation.detection.estimates import Estimate
from core.evaluation.detection.figures import DetectionFigures
from core.evaluation.detection.tables import (
    DETECTION_COLUMNS,
    detection_row,
    further_tables,
    header,
)
from core.services.station import Station
from core.statistics.intervals import Rate
from core.tasks.benchmark_runs import Run, runs
from core.tasks.evaluation import Evaluate
from core.tasks.shared_station import shared_station
from pages.parts.benchmarks.mmad import show_mmad
from pages.parts.detectors import detector_name
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import choose_job, watch_job
from pages.parts.statements import points
from pages.parts.urls import choice_in_url
from pages.parts.words import person_of, plain
from pages.texts import number, percentage, t, when

NONE = "–"
DETECTION, MMAD = "detection", "mmad"


def ask_run(station: Station) -> None:
    """Ask for a new run."""
    with st.form("run"):
        folders = st.text_area(
            t("benchmarks.folders"),
            placeholder="/data/mvtec/bottle",
            help=t("benchmarks.folders_help"),
            height=90,
        )
        detector = st.selectbox(
            t("benchmarks.detector"),
            list(DETECTORS),
            list(DETECTORS).index(DEFAULT_DETECTOR),
            format_func=lambda name: detector_name(station.settings, name),
        )
        name = st.text_input(t("benchmarks.name"), value=person_of())
        pressed = st.form_submit_button(
            t("benchmarks.start"), type="primary", icon=":material/play_arrow:"
        )
    if not pressed:
        return
    with shown_to_the_operator():
        paths = [line.strip() for line in folders.splitlines() if line.strip()]
        if not paths:
            raise EvaluationError(t("benchmarks.no_folder"))
        require_weights(detector, detector_class(detector).options_type(), station.settings)
        st.session_state["person"] = name
        sets = ", ".join(Path(path).name for path in paths)
        task = Evaluate(folders=tuple(map(Path, paths)), detector=detector)
        job = station.jobs.submit(task, f"{detector}: {sets}", name)
        st.query_params["run"] = job.id
        st.rerun()


def show_table(table: list[Run]) -> None:
    """Show every set of every run that has figures, side by side."""
    rows = [row(run, figures) for run in table for figures in run.figures]
    st.dataframe(
        rows,
        hide_index=True,
        height="content" if len(rows) <= 12 else 460,
        alt=t("benchmarks.table_alt", count=len(rows)),
    )
    st.caption(t("benchmarks.notes"))


def row(run: Run, figures: DetectionFigures) -> dict[str, object]:
    ranking, pixels, verdicts = figures.ranking, figures.pixels, figures.verdicts
    return {
        t("benchmarks.set"): figures.dataset,
        t("benchmarks.detector"): figures.detector,
        t("benchmarks.auroc"): estimate(None if ranking is None else ranking.auroc),
        t("benchmarks.aupro"): estimate(None if pixels is None else pixels.aupro),
        t("benchmarks.false_alarms"): rate(verdicts.false_alarms),
        t("benchmarks.escapes"): rate(verdicts.escapes),
        t("benchmarks.guaranteed"): f"{points(figures.false_alarm.guaranteed)} %",
        t("benchmarks.pictures"): f"{figures.test_good} / {figures.test_defective}",
        t("benchmarks.seconds"): number(sum(figures.seconds.values())),
        t("benchmarks.when"): when(run.job.created_at),
    }


def estimate(value: Estimate | None) -> str:
    if value is None:
        return NONE
    return f"{number(value.value, 3)} [{number(value.low, 3)}, {number(value.high, 3)}]"


def rate(value: Rate | None) -> str:
    if value is None:
        return NONE
    interval = f"[{percentage(value.low)}, {percentage(value.high)}]"
    return f"{value.count}/{value.out_of} = {percentage(value.share)} {interval}"


def show_run(station: Station, job: Job) -> None:
    """Show the progress of a run, and its tables as `python -m core evaluate` prints them."""
    with st.container(border=True):
        watch_job(station, job, lambda now: st.caption(started(now)))
    figures = Run.of(job).figures
    left_out = [f"{each.dataset}: {sentence}" for each in figures for sentence in each.left_out]
    if left_out:
        title = t("benchmarks.left_out", count=number(len(left_out)))
        with st.expander(title, icon=":material/broken_image:"):
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in left_out))
    if job.state is JobState.DONE and figures:
        with st.expander(t("benchmarks.all_tables"), icon=":material/table:"):
            rows = "\n".join(map(detection_row, figures))
            st.markdown(f"{header(DETECTION_COLUMNS)}\n{rows}\n\n{further_tables(figures)}")


def started(job: Job) -> str:
    who = f" · {plain(job.who)}" if job.who else ""
    return f"{when(job.created_at)}{who}"


def show_detection(station: Station) -> None:
    """Show the detectors: a form, the run that is watched, and all runs side by side."""
    on_record = runs(station)
    form, watched = st.columns([7, 14], gap="medium")
    with form:
        st.subheader(t("benchmarks.new_run"))
        ask_run(station)
    with watched, shown_to_the_operator():
        if on_record:
            show_run(station, choose_job([run.job for run in on_record]))
        else:
            st.info(t("benchmarks.empty"), title=t("benchmarks.title"), icon=":material/speed:")
    if any(run.figures for run in on_record):
        st.subheader(t("benchmarks.on_record"))
        show_table(on_record)


with shown_to_the_operator():
    station = shared_station()
    view = choice_in_url(
        t("benchmarks.view"),
        [DETECTION, MMAD],
        lambda value: t("benchmarks.detectors") if value == DETECTION else t("benchmarks.mmad"),
        "view",
        label_visibility="collapsed",
    )
    if view == DETECTION:
        show_detection(station)
    else:
        show_mmad(station)
