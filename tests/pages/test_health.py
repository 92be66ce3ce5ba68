"""System health as a script: what is in order, what is missing, jobs with cancel and resume."""

from __future__ import annotations

import pytest

from core import __version__
from core.domain import JobState, Language
from core.services.health import check_health
from core.services.health.condition import Finding
from core.services.station import Station
from core.tasks.registry import task_of
from pages.texts import texts
from tests.pages.app import page, words
from tests.services.jobs.waiting import ended


@pytest.mark.usefixtures("empty")
def test_a_new_station_is_well_and_says_what_to_do() -> None:
    app = page("health")

    shown = words(app)
    assert "The station has everything that it needs." in shown
    assert "**in order**" in shown
    # A station without products can work, but somebody has to teach it: no fault, a note.
    assert "**note**" in shown
    assert "No product has a detector yet" in shown
    assert "No job is running or waiting" in shown
    tables = [list(frame.value.columns) for frame in app.dataframe]
    assert ["Network", "Kind", "State"] in tables
    versions = next(frame.value for frame in app.dataframe if "Package" in frame.value)
    assert "streamlit" in set(versions["Package"])
    assert {metric.label: metric.value for metric in app.metric}["Program version"] == __version__


@pytest.mark.parametrize("language", [Language.KOREAN, Language.GERMAN])
def test_what_the_checks_found_is_told_in_the_consoles_language(
    language: Language, empty: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"console_language": language, "llm_model": "gpt-4o", "openai_api_key": None}
    monkeypatch.setattr(empty, "settings", empty.settings.model_copy(update=asked))

    shown = words(page("health"))

    for check in check_health(empty.settings, empty).checks:
        assert check.finding is Finding.SAID or check.sentence not in shown
    assert texts(language)["Finding.no_detector"] in shown
    assert "OPENAI_API_KEY" in shown


@pytest.mark.usefixtures("empty")
def test_what_is_missing_is_red_and_named(empty: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        empty, "settings", empty.settings.model_copy(update={"llm_model": "gpt-4o"})
    )

    app = page("health")

    assert app.error[0].value.startswith("Something that the station needs is missing.")
    assert ":red[:material/cancel: **missing**]" in words(app)


def test_a_failed_job_is_an_error_on_record_and_can_be_started_again(empty: Station) -> None:
    job = empty.jobs.submit(task_of("evaluate", {"folders": ["/no/such/set"]}), "Nowhere", "Ana")
    assert ended(empty, job.id).state is JobState.FAILED

    app = page("health")

    assert "Nowhere" in words(app)
    troubles = next(frame.value for frame in app.dataframe if "Message" in frame.value)
    assert "job failed" in set(troubles["What"])
    next(button for button in app.button if button.label == "Start again").click().run()
    assert not app.exception
    again = ended(empty, job.id)
    assert again.started_at is not None
    assert empty.jobs.job(job.id).started_at != job.started_at
