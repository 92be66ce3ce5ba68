"""An evaluation in the background."""

from __future__ import annotations

from pathlib import Path

from core.domain import JobState
from core.evaluation.detection.figures import DetectionFigures
from core.evaluation.detection.judging import Judged
from core.services.station import Station
from core.tasks.registry import task_of
from tests.services.jobs.waiting import ended, wait_for


def test_the_figures_are_those_of_the_command(
    station: Station, scratched_metal: Path, evaluated_metal: tuple[DetectionFigures, Judged]
) -> None:
    arguments = {"folders": [str(scratched_metal)], "cost_ratio": 20, "prevalence": 0.05}

    job = station.jobs.submit(task_of("evaluate", arguments), "Metal", "Ana")
    told = wait_for(station, job.id, lambda job: job.step)
    job = ended(station, job.id)

    assert told.step.startswith("metal: ")
    assert (job.state, job.error) == (JobState.DONE, "")
    (figures,) = job.result["figures"]
    measured, expected = DetectionFigures(**figures), evaluated_metal[0]
    assert measured.model_copy(update={"seconds": {}}) == expected.model_copy(
        update={"seconds": {}}
    )
    assert station.taught_products() == (), "the station's own detectors stay as they are"


def test_a_set_that_cannot_be_used_is_said(station: Station, tmp_path: Path) -> None:
    job = station.jobs.submit(task_of("evaluate", {"folders": [str(tmp_path)]}), "Nothing")

    job = ended(station, job.id)

    assert job.state is JobState.FAILED
    assert "must hold train/good" in job.error
