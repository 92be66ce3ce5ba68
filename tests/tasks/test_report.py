"""Reports written in the background: first ones, further ones, and a writer that is not set up."""

from __future__ import annotations

import pytest

from core.domain import (
    Inspection,
    InspectionRequest,
    JobState,
    Outcome,
    Product,
    StepName,
    WriterChoice,
)
from core.domain.errors import DetectorError, JobError
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.services.inspection import inspect
from core.services.station import Station
from core.tasks.inspect import inspect_now
from core.tasks.registry import task_of
from core.tasks.report import WriteReport, is_slow, write_later
from tests.services.jobs.waiting import ended


def test_the_first_report_is_a_step_and_the_next_a_revision(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(
        demo_station,
        InspectionRequest(product=demo_product),
        defective_cells[0],
        report=lambda inspection, _: inspection,
    )
    assert inspection.report is None
    choice = WriterChoice(writer="offline")

    first = ended(demo_station, write_later(demo_station, inspection, choice, "Ana").id)
    second = ended(demo_station, write_later(demo_station, inspection, choice, "Ana").id)

    assert [job.result["revision"] for job in (first, second)] == [1, 2]
    recorded = load_inspection(demo_station.records, inspection.id)
    assert [step.name for step in recorded.steps].count(StepName.REPORT) == 1
    assert len(recorded.revisions) == 2
    latest = demo_station.jobs.latest(WriteReport, "inspection", inspection.id)
    assert latest is not None
    assert latest.id == second.id
    assert demo_station.jobs.latest(WriteReport, "inspection", "nothing") is None


def test_a_model_writes_in_the_background(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    writer = WriterChoice(writer=_without_key(demo_station))

    inspection = next(
        inspect_now(
            demo_station,
            InspectionRequest(product=demo_product, writing=writer),
            [defective_cells[0]],
        )
    )

    assert is_slow(demo_station, writer)
    assert isinstance(inspection, Inspection)
    assert inspection.revisions == ()
    job = demo_station.jobs.latest(WriteReport, "inspection", inspection.id)
    assert job is not None
    assert ended(demo_station, job.id).state is JobState.DONE
    (revision,) = load_inspection(demo_station.records, inspection.id).revisions
    assert revision.writing is not None
    assert revision.writing.outcome is Outcome.FELL_BACK


def test_an_unknown_inspection_fails_with_its_sentence(demo_station: Station) -> None:
    job = demo_station.jobs.submit(task_of(WriteReport.kind, {"inspection": "nothing"}), "")

    job = ended(demo_station, job.id)

    assert job.state is JobState.FAILED
    assert job.error.startswith("There is no inspection 'nothing'")


def test_a_report_of_nothing_cannot_be_asked_for(demo_station: Station) -> None:
    with pytest.raises(JobError, match="inspection"):
        demo_station.jobs.submit(task_of(WriteReport.kind, {}), "")


def test_a_detector_is_chosen_by_name(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    chosen = inspect(
        demo_station,
        InspectionRequest(product=demo_product, detector="patchcore"),
        defective_cells[0],
    )

    assert chosen.detector.algorithm == "patchcore"
    with pytest.raises(DetectorError, match="was not taught with winclip; it was with patchcore"):
        inspect(
            demo_station,
            InspectionRequest(product=demo_product, detector="winclip"),
            defective_cells[0],
        )


def _without_key(station: Station) -> str:
    """A model of a provider whose key this station does not have."""
    return next(
        one.model.key
        for one in ranked(catalogue().values(), station.settings)
        if one.model.provider == "anthropic" and not one.can_run
    )
