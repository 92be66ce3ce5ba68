"""Benchmarks as a script: a run is started, its figures stand beside earlier ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import JobState
from core.services.station import Station
from core.tasks.benchmark_runs import mmad_runs, runs
from core.tasks.registry import task_of
from tests.pages.app import page, press, words
from tests.services.jobs.waiting import ended


def start(app: AppTest, folders: str) -> None:
    app.text_area[0].set_value(folders)
    app.text_input[0].set_value("Ana")
    next(button for button in app.button if button.label == "Start the run").click().run()
    assert not app.exception


@pytest.mark.usefixtures("empty")
def test_the_empty_page_says_what_to_do() -> None:
    app = page("benchmarks")

    assert "Nothing has been measured yet" in words(app)
    start(app, " \n")
    assert app.error[0].value == "Name at least one folder."


def test_a_run_that_fails_says_why(empty: Station) -> None:
    app = page("benchmarks")

    start(app, "/no/such/set")

    (run,) = runs(empty)
    assert (run.job.kind, run.job.title, run.job.who) == ("evaluate", "patchcore: set", "Ana")
    assert ended(empty, run.job.id).state is JobState.FAILED
    assert app.query_params["run"] == [run.job.id] or app.query_params["run"] == run.job.id
    assert "/no/such/set" in words(page("benchmarks", run=run.job.id))


def test_figures_stand_side_by_side(empty: Station, real_data: Callable[[str], Path]) -> None:
    folder = real_data("cookie")
    job = empty.jobs.submit(task_of("evaluate", {"folders": [str(folder)]}), "cookies", "Ana")
    assert ended(empty, job.id).state is JobState.DONE

    app = page("benchmarks", run=job.id)

    table = next(frame.value for frame in app.dataframe if "Image AUROC" in frame.value)
    assert list(table["Set"]) == ["cookie"]
    assert list(table["Good / defective"]) == ["14 / 32"]
    assert "| cookie | 31 (9) |" in words(app)


def test_mmad_is_asked_for_in_a_form(empty: Station) -> None:
    app = page("benchmarks", view="mmad")

    assert "Nothing has been asked yet" in words(app)
    press(app, "Start the run")
    assert app.error[0].value == "Name the file of questions and the folder of pictures."
    app.text_input[0].set_value("/no/mmad.json")
    app.text_input[1].set_value("/no")
    app.text_input[2].set_value("Ana")
    press(app, "Start the run")

    assert not app.exception
    (run,) = mmad_runs(empty)
    assert ended(empty, run.job.id).state is JobState.FAILED
    assert "takes no pictures" in words(page("benchmarks", view="mmad", run=run.job.id))
