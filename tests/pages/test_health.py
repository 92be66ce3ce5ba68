"""System health as a script: what is in order, what is missing, jobs with cancel and resume."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import core.workbench
from core.domain import JobState
from core.settings import Settings
from core.workbench import Workbench
from tests.jobs.waiting import ended

PAGE = Path(__file__).parents[2] / "pages" / "health.py"


@pytest.fixture
def bench(station: Settings, monkeypatch: pytest.MonkeyPatch) -> Generator[Workbench]:
    """The console's own workbench: a station without products."""
    with Workbench(station) as workbench:
        monkeypatch.setattr(core.workbench, "_shared", workbench)
        yield workbench


def page() -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.success, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.usefixtures("bench")
def test_a_new_station_is_well_and_says_what_to_do() -> None:
    app = page()

    shown = words(app)
    assert "The station has everything that it needs." in shown
    assert "**in order**" in shown
    # A station without products can work, but somebody has to teach it: no fault, a note.
    assert "**note**" in shown
    assert "No product has a detector yet" in shown
    assert "Nothing runs or waits" in shown
    tables = [list(frame.value.columns) for frame in app.dataframe]
    assert ["Network", "Kind", "State"] in tables
    versions = next(frame.value for frame in app.dataframe if "Package" in frame.value)
    assert "streamlit" in set(versions["Package"])


@pytest.mark.usefixtures("bench")
def test_what_is_missing_is_red_and_named(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bench, "settings", bench.settings.model_copy(update={"llm_model": "gpt-4o"})
    )

    app = page()

    assert app.error[0].value.startswith("Something that the station needs is missing.")
    assert ":red[:material/cancel: **missing**]" in words(app)


def test_a_failed_job_is_an_error_on_record_and_can_be_started_again(bench: Workbench) -> None:
    job = bench.jobs.submit("evaluate", "Nowhere", {"folders": ["/no/such/set"]}, "Ana")
    assert ended(bench, job.id).state is JobState.FAILED

    app = page()

    assert "Nowhere" in words(app)
    troubles = next(frame.value for frame in app.dataframe if "Sentence" in frame.value)
    assert "job failed" in set(troubles["What"])
    next(button for button in app.button if button.label == "Start again").click().run()
    assert not app.exception
    again = ended(bench, job.id)
    assert again.started_at is not None
    assert bench.jobs.job(job.id).started_at != job.started_at
