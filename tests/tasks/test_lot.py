"""Lots in the background: real cells, bad files among them, and a process that is killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.domain import (
    Context,
    EvidenceChoice,
    InspectionRequest,
    JobState,
    Product,
    StepName,
    Verdict,
)
from core.domain.errors import JobError, RequestError
from core.imaging.picture_files import PictureFile, demo_examples, demo_normals
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.records.inspections import load_inspection, save_inspection
from core.records.search import count, search
from core.services.inspection import examine, take_in
from core.services.reports import draft_report
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.inspect import inspect_later
from core.tasks.pictures import keep_pictures
from core.tasks.registry import task_of
from core.tasks.shared_station import open_station
from tests.services.jobs.waiting import ended, ended_at, wait_for

REPOSITORY = Path(__file__).parents[2]
LOT = Context(lot="L-7", inspector="Ana")
# What another process does until it is killed, in the middle of a lot.
PROGRAM = """
import os, signal, time
from core.services.reports import draft_report
from core.infrastructure.settings import Settings
from core.imaging.picture_files import demo_examples
from core.records.search import count
from core.tasks.pictures import keep_pictures
from core.tasks.registry import task_of
from core.tasks.shared_station import open_station

station = open_station(Settings())
pictures = keep_pictures(station, demo_examples()[:12])
arguments = {"product": "ELPV/mono", "pictures": pictures, "context": {"lot": "L-9"}}
arguments["evidence"] = {"knowledge": False, "exemplars": False}
station.jobs.submit(task_of("inspect_lot", arguments), "Lot L-9", "Ana")
after = arguments | {"pictures": pictures[:1]}
station.jobs.submit(task_of("inspect_lot", after), "After it", "Bo")
while count(station.records) < 3:
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def lot(station: Station, pictures: list[PictureFile]) -> dict[str, object]:
    return {
        "product": "ELPV/mono",
        "pictures": keep_pictures(station, pictures),
        "context": LOT.model_dump(),
        "evidence": {"knowledge": False},
    }


def test_a_bad_file_never_stops_the_rest(
    demo_station: Station, defective_cells: list[PictureFile], tmp_path: Path
) -> None:
    pictures = [
        defective_cells[0],
        PictureFile.of("notes.txt", b"no picture"),
        PictureFile.at(tmp_path / "gone.png"),
        PictureFile.of("vast.png", bytes(demo_station.settings.max_image_bytes + 1)),
        defective_cells[1],
    ]

    job = demo_station.jobs.submit(
        task_of("inspect_lot", lot(demo_station, pictures)), "Lot L-7", " Ana "
    )
    job = ended(demo_station, job.id)

    assert (job.state, job.who, job.error) == (JobState.DONE, "Ana", "")
    assert job.result["inspections"] == [f"{job.id}-00001", f"{job.id}-00005"]
    assert sum(job.result["verdicts"].values()) == 2
    refused = {item["filename"]: item["sentence"] for item in job.result["refused"]}
    assert "not a picture that can be read" in refused["notes.txt"]
    assert "cannot be read" in refused["gone.png"]
    assert set(refused) == {"notes.txt", "gone.png", "vast.png"}
    inspection = load_inspection(demo_station.records, job.result["inspections"][0])
    assert inspection.judgement.verdict is Verdict.FAIL
    assert inspection.context == LOT
    assert inspection.report is not None
    assert [step.name for step in inspection.steps if step.status == "off"] == [
        "knowledge",
        "defect types",
    ]


def test_a_lots_picture_is_hashed_once_when_it_is_kept_and_once_when_it_is_judged(
    demo_station: Station, defective_cells: list[PictureFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = defective_cells[7]
    data, hashed, sha256 = picture.read(), list[int](), hashlib.sha256

    def counted(content: bytes = b"", **options: bool) -> object:
        if content == data:
            hashed.append(len(content))
        return sha256(content, **options)

    monkeypatch.setattr(hashlib, "sha256", counted)
    kept = lot(demo_station, [picture])
    assert len(hashed) == 1
    job = ended(demo_station, demo_station.jobs.submit(task_of("inspect_lot", kept), "Lot L-7").id)

    assert job.result["refused"] == []
    assert len(hashed) == 2


def test_a_kept_picture_that_is_lost_never_stops_the_rest(
    demo_station: Station, defective_cells: list[PictureFile]
) -> None:
    lost = demo_examples()[-1]
    arguments = lot(demo_station, [lost, defective_cells[1]])
    sha256 = hashlib.sha256(lost.read()).hexdigest()
    (demo_station.files.root / sha256[:2] / sha256).unlink()

    job = ended(
        demo_station, demo_station.jobs.submit(task_of("inspect_lot", arguments), "Lot L-7").id
    )

    assert (job.state, len(job.result["inspections"])) == (JobState.DONE, 1)
    (refused,) = job.result["refused"]
    assert refused["filename"] == lost.filename
    assert "is missing from" in refused["sentence"]


def test_a_serial_is_of_one_part_in_the_background_too(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    request = InspectionRequest(product=demo_product, context=Context(serial="0007"))

    with pytest.raises(RequestError, match="6 pictures were given under the serial 0007"):
        inspect_later(demo_station, request, defective_cells[:6])


def test_a_lot_of_an_untaught_product_fails_as_a_whole(demo_station: Station) -> None:
    arguments = lot(demo_station, demo_normals()[:2]) | {"product": "No/such"}

    job = ended(
        demo_station, demo_station.jobs.submit(task_of("inspect_lot", arguments), "Wrong").id
    )

    assert job.state is JobState.FAILED
    assert job.error.startswith("There is no product No/such")
    assert job.result == {}


def test_a_lot_that_is_cancelled_goes_on_where_it_was(
    demo_station: Station, defective_cells: list[PictureFile]
) -> None:
    arguments = lot(demo_station, defective_cells[:30])
    job = demo_station.jobs.submit(task_of("inspect_lot", arguments), "Lot L-7")
    running = wait_for(demo_station, job.id, lambda job: job.seconds_left is not None)
    assert (running.state, running.total) == (JobState.RUNNING, 30)

    demo_station.jobs.cancel(job.id, "Bo")
    cancelled = ended(demo_station, job.id)
    before = on_record(demo_station, job.id)
    demo_station.jobs.resume(job.id)
    done = ended(demo_station, job.id)

    assert (cancelled.state, cancelled.can_resume) == (JobState.CANCELLED, True)
    assert 0 < len(before) < 30
    assert (done.state, len(done.result["inspections"])) == (JobState.DONE, 30)
    after = on_record(demo_station, job.id)
    assert before.items() <= after.items(), "what was inspected is not inspected again"
    assert list(after) == done.result["inspections"]
    assert list_events(demo_station.records, job.id)[0].actor == "Bo"


def on_record(station: Station, job_id: str) -> dict[str, object]:
    found = search(station.records, limit=10_000)
    mine = [summary for summary in found if summary.id.startswith(job_id)]
    return {summary.id: summary.created_at for summary in reversed(mine)}


@pytest.mark.parametrize("is_written", [False, True], ids=["before its report", "after it"])
def test_the_picture_at_which_the_process_died_gets_one_report(
    demo_station: Station,
    demo_product: Product,
    defective_cells: list[PictureFile],
    is_written: bool,
) -> None:
    first = demo_station.jobs.submit(
        task_of("inspect_lot", lot(demo_station, demo_normals()[:9])), "First"
    )
    second = demo_station.jobs.submit(
        task_of("inspect_lot", lot(demo_station, defective_cells[:2])), "Second"
    )
    assert second.place == 1
    assert demo_station.jobs.cancel(second.id).state is JobState.CANCELLED
    # What is on record when the process dies before the report, or before its step, is saved.
    left = examine(
        demo_station,
        InspectionRequest(product=demo_product, evidence=EvidenceChoice(knowledge=False)),
        take_in(demo_station, defective_cells[0]),
        inspection_id=f"{second.id}-00001",
    )
    save_inspection(demo_station.records, left)
    if is_written:
        draft_report(demo_station, left)

    demo_station.jobs.resume(second.id)
    done = ended(demo_station, second.id)

    assert ended(demo_station, first.id).state is JobState.DONE
    assert done.result["inspections"] == [left.id, f"{second.id}-00002"]
    kept = load_inspection(demo_station.records, left.id)
    assert kept.created_at == left.created_at
    assert len(kept.revisions) == 1
    assert [step.name for step in kept.steps].count(StepName.REPORT) == (not is_written)


def test_a_killed_process_goes_on_with_the_pictures_that_are_left(
    station_settings: Settings,
) -> None:
    with open_station(station_settings) as station:
        teach(station, Product.from_key("ELPV/mono"), demo_normals()[:12])
    places = {
        "DATA_DIR": str(station_settings.data_dir),
        "AD_CHECKPOINT_DIR": str(station_settings.ad_checkpoint_dir),
        "MODEL_CACHE": str(station_settings.model_cache),
    }

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=REPOSITORY,
        env=os.environ | places,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == -signal.SIGKILL, done.stderr
    with open_station(station_settings) as station:
        after_it, job = station.jobs.recent()
        inspected = on_record(station, job.id)
        assert (job.state, job.seconds_left) == (JobState.INTERRUPTED, None)
        assert "Start it again" in job.error
        assert (after_it.state, after_it.place) == (JobState.QUEUED, 1)
        assert 3 <= len(inspected) < 12

        station.jobs.resume(job.id)

        resumed = ended(station, job.id)
        assert (resumed.state, resumed.error) == (JobState.DONE, "")
        finished = on_record(station, job.id)
        assert list(finished) == resumed.result["inspections"]
        assert len(finished) == 12
        assert inspected.items() <= finished.items(), "none was inspected twice"
        for inspection_id in finished:
            assert len(load_inspection(station.records, inspection_id).revisions) == 1
        assert ended(station, after_it.id).state is JobState.DONE
        assert ended_at(station, after_it.id) < ended_at(station, job.id), "it had waited longer"
        assert count(station.records) == 13


@pytest.mark.parametrize("missing", ["pictures", "product"])
def test_a_lot_lacks_something(demo_station: Station, missing: str) -> None:
    arguments = lot(demo_station, demo_normals()[:1])
    del arguments[missing]

    with pytest.raises(JobError, match=rf"cannot be made \({missing}: Field required"):
        demo_station.jobs.submit(task_of("inspect_lot", arguments), "Lot")
