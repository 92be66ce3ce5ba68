"""Exports in the background, and whether their files are really there."""

from __future__ import annotations

import csv
import io
import os
import time
from zipfile import ZipFile

import pytest

from core.domain import JobState
from core.domain.errors import JobError
from core.records.search import Filter
from core.services.exports import NOT_PRINTED, ExportKind, exported
from core.services.station import Station
from core.tasks.exports import KEPT_S, export_file
from core.tasks.registry import task_of
from tests.services.jobs.waiting import ended
from tests.services.test_exports import record


def arguments(kind: ExportKind, lot: str | None = None) -> dict[str, object]:
    return {"what": kind.value, "filter": Filter(lot=lot).model_dump(mode="json")}


def test_a_pack_of_pdfs_is_made_in_the_background(station: Station) -> None:
    record(station, "1")
    record(station, "2", "other")

    job = ended(
        station, station.jobs.submit(task_of("export", arguments(ExportKind.PDFS, "L-7")), "Lot").id
    )

    assert (job.state, job.error) == (JobState.DONE, "")
    with ZipFile(export_file(station.settings, job)) as pack:
        printed = [name for name in pack.namelist() if name != NOT_PRINTED]
    assert job.result["inspections"] == 1
    assert len(printed) + job.result["missing"] == 1
    assert len(job.result["sentences"]) == job.result["missing"]


@pytest.mark.parametrize("kind", [ExportKind.CSV, ExportKind.PARQUET])
def test_a_table_in_the_background_is_the_one_at_once(station: Station, kind: ExportKind) -> None:
    record(station, "1")
    record(station, "2", "other")

    job = ended(station, station.jobs.submit(task_of("export", arguments(kind)), "All").id)

    at_once = exported(station, kind, Filter())
    assert export_file(station.settings, job).read_bytes() == at_once
    if kind is ExportKind.CSV:
        assert len(list(csv.DictReader(io.StringIO(at_once.decode("utf-8-sig"))))) == 2


def test_old_files_go_and_that_is_said(station: Station) -> None:
    first = ended(
        station, station.jobs.submit(task_of("export", arguments(ExportKind.CSV)), "All").id
    )
    path = export_file(station.settings, first)
    before = time.time() - KEPT_S - 60
    os.utime(path, (before, before))

    ended(station, station.jobs.submit(task_of("export", arguments(ExportKind.CSV)), "All").id)

    with pytest.raises(JobError, match="kept for a week"):
        export_file(station.settings, first)


def test_no_other_job_has_a_file(station: Station) -> None:
    other = ended(
        station, station.jobs.submit(task_of("evaluate", {"folders": ["/no/such"]}), "x").id
    )

    with pytest.raises(JobError, match="no file to download"):
        export_file(station.settings, other)
