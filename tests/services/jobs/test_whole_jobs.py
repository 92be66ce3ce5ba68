"""Progress is of the whole job: over all its steps and rounds, and never back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.domain import Job, JobState, JobStep
from core.records import jobs as recorded
from core.services.jobs.task import Progress, StopSign
from core.services.station import Station

SEE, BANK, CALIBRATE = JobStep.SEE_PICTURES, JobStep.MEMORY_BANK, JobStep.CALIBRATE


@pytest.fixture
def progress(station: Station) -> Progress:
    job = Job(
        id="J", kind="teach", title="x", who="", created_at=datetime.now(UTC), state=JobState.QUEUED
    )
    recorded.add_job(station.records, job, "{}")
    recorded.claim_next(station.records, waited_for=False)
    return Progress(station.records, "J", StopSign())


def wholes(station: Station, progress: Progress, *told: tuple[JobStep, float]) -> list[float]:
    found = []
    for step, share in told:
        progress(step, share)
        found.append(round(station.jobs.job("J").whole, 3))
    return found


def test_steps_add_up(station: Station, progress: Progress) -> None:
    progress.plan((SEE, BANK, CALIBRATE, JobStep.DONE))

    told = (SEE, 0), (BANK, 0.5), (JobStep.COMPARE_EXPORT, 0.9), (CALIBRATE, 0), (JobStep.DONE, 1)

    assert wholes(station, progress, *told) == [0, 0.375, 0.375, 0.5, 1]


def test_an_earlier_step_begins_another_round(station: Station, progress: Progress) -> None:
    progress.plan((SEE, BANK), rounds=2)

    told = (SEE, 0.5), (BANK, 1), (SEE, 0), (BANK, 1), (SEE, 0)

    assert wholes(station, progress, *told) == [0.125, 0.5, 0.5, 1, 1]


def test_without_a_plan_the_step_is_the_whole(station: Station, progress: Progress) -> None:
    assert wholes(station, progress, (JobStep.INSPECT_PICTURES, 0.25)) == [0.25]
