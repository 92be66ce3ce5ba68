"""Reports written in the background: first ones, further ones, and a writer that is not set up."""

from __future__ import annotations

import pytest

from core.domain import JobState, Outcome, Product
from core.domain.errors import DetectorError, JobError
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.services.inspection import inspect, record
from core.services.reports import WriterChoice
from core.services.station import Station
from core.tasks.report import KIND, inspect_now, is_slow, write_later
from tests.services.jobs.waiting import ended


def test_the_first_report_is_a_step_and_the_next_a_revision(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = record(demo_station, defective_cells[0], demo_product)
    assert inspection.report is None
    choice = WriterChoice("offline")

    first = ended(demo_station, write_later(demo_station, inspection, choice, "Ana").id)
    second = ended(demo_station, write_later(demo_station, inspection, choice, "Ana").id)

    assert (first.result, second.result) == ({"revision": 1}, {"revision": 2})
    recorded = load_inspection(demo_station.records, inspection.id)
    assert [step.name for step in recorded.steps].count("report") == 1
    assert len(recorded.revisions) == 2
    latest = demo_station.jobs.latest(KIND, "inspection", inspection.id)
    assert latest is not None
    assert latest.id == second.id
    assert demo_station.jobs.latest(KIND, "inspection", "nothing") is None


def test_a_model_writes_in_the_background(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    writer = WriterChoice(_without_key(demo_station))

    inspection = inspect_now(demo_station, defective_cells[0], demo_product, writing=writer)

    assert is_slow(demo_station, writer)
    assert inspection.revisions == ()
    job = demo_station.jobs.latest(KIND, "inspection", inspection.id)
    assert job is not None
    assert ended(demo_station, job.id).state is JobState.DONE
    (revision,) = load_inspection(demo_station.records, inspection.id).revisions
    assert revision.writing is not None
    assert revision.writing.outcome is Outcome.FELL_BACK


def test_an_unknown_inspection_fails_with_its_sentence(demo_station: Station) -> None:
    job = demo_station.jobs.submit(KIND, "", {"inspection": "nothing"})

    job = ended(demo_station, job.id)

    assert job.state is JobState.FAILED
    assert job.error.startswith("There is no inspection 'nothing'")


def test_a_report_of_nothing_cannot_be_asked_for(demo_station: Station) -> None:
    with pytest.raises(JobError, match="inspection"):
        demo_station.jobs.submit(KIND, "", {})


def test_a_detector_is_chosen_by_name(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    chosen = inspect(demo_station, defective_cells[0], demo_product, detector="patchcore")

    assert chosen.detector.algorithm == "patchcore"
    with pytest.raises(DetectorError, match="was not taught with winclip; it was with patchcore"):
        inspect(demo_station, defective_cells[0], demo_product, detector="winclip")


def _without_key(station: Station) -> str:
    """A model of a provider whose key this station does not have."""
    return next(
        one.model.key
        for one in ranked(catalogue().values(), station.settings)
        if one.model.provider == "anthropic" and not one.can_run
    )
