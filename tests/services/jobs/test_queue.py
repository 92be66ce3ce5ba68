"""The queue: order, cancelling, closing, silence, and many threads at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from core.detection.checkpoints import active_version, versions
from core.detection.product_files import product_folder
from core.domain import Job, JobState, Product
from core.domain.errors import JobError
from core.imaging.picture_files import PictureFile, demo_normals
from core.infrastructure.settings import Settings
from core.records import jobs as recorded
from core.services.products import history
from core.services.station import Station
from core.tasks.known_defects import ScoringResult
from core.tasks.pictures import KeptPicture, keep_pictures
from core.tasks.registry import task_of
from core.tasks.shared_station import open_station
from tests.services.jobs.waiting import ended, wait_for


def teaching(station: Station, count: int = 8, **more: object) -> dict[str, object]:
    pictures = keep_pictures(station, demo_normals()[:count])
    return {"product": "Plant/cell", "pictures": pictures, **more}


PRODUCT = Product.from_key("Plant/cell")


def test_teaching_in_the_background(station: Station) -> None:
    refused = KeptPicture(filename="a.png", refusal="a.png cannot be read.")
    pictures = (*keep_pictures(station, demo_normals()[:8]), refused)
    arguments = {"product": "Plant/cell", "pictures": pictures, "seed": 3, "mm_per_px": 0.5}

    job = ended(station, station.jobs.submit(task_of("teach", arguments), "Teach", "Ana").id)

    assert (job.state, job.step, job.whole) == (JobState.DONE, "Done", 1), job.error
    assert job.result["version"] == active_version(station.settings, PRODUCT).version
    assert (job.result["images"], job.result["held_out"]) == (8, 2)
    assert job.result["skipped"] == ["a.png cannot be read."]
    card = station.taught(PRODUCT).card
    assert card.seed == 3
    assert card.product.mm_per_px == 0.5

    further = keep_pictures(station, demo_normals()[8:11])
    more = {"product": "Plant/cell", "add": True, "pictures": further}
    added = ended(station, station.jobs.submit(task_of("teach", more), "Learn more", "Bo").id)

    assert (added.state, added.error) == (JobState.DONE, "")
    assert added.result["images"] == 11
    told = [(change.kind, change.by) for change in history(station, PRODUCT)]
    assert told == [("normals added", "Bo"), ("product taught", "Ana")]


def test_cancelling_leaves_the_active_version(station: Station) -> None:
    first = ended(station, station.jobs.submit(task_of("teach", teaching(station)), "Teach").id)

    job = station.jobs.submit(task_of("teach", teaching(station, 40)), "Teach again")
    wait_for(station, job.id, lambda job: job.step == "See the good pictures")
    asked = station.jobs.cancel(job.id, "Ana")
    cancelled = ended(station, job.id)

    assert asked.is_stopping or asked.state is JobState.CANCELLED
    assert (cancelled.state, cancelled.is_stopping) == (JobState.CANCELLED, False)
    assert cancelled.step == "See the good pictures"
    assert len(versions(station.settings, PRODUCT)) == 1
    assert active_version(station.settings, PRODUCT).version == first.result["version"]
    assert not list(product_folder(station.settings, PRODUCT).rglob(".*"))
    assert station.jobs.cancel(job.id) == cancelled, "nothing happens to one that has ended"


def test_what_cannot_be_taught_fails_with_its_sentence(station: Station) -> None:
    job = ended(station, station.jobs.submit(task_of("teach", teaching(station, 3)), "Teach").id)

    assert job.state is JobState.FAILED
    assert job.error.startswith("Plant/cell needs at least 5 different pictures")
    resumed = station.jobs.resume(job.id)
    assert resumed.error == ""
    assert ended(station, job.id).error == job.error


def test_threads_submit_at_once(demo_station: Station, defective_cells: list[PictureFile]) -> None:
    pictures = keep_pictures(demo_station, defective_cells[:1])
    arguments = {
        "product": "ELPV/mono",
        "pictures": pictures,
        "evidence": {"knowledge": False, "exemplars": False},
    }

    def submit(number: int) -> Job:
        return demo_station.jobs.submit(task_of("inspect_lot", arguments), f"Lot {number}")

    with ThreadPoolExecutor(10) as pool:
        jobs = list(pool.map(submit, range(10)))
    active = demo_station.jobs.active()
    done = [ended(demo_station, job.id) for job in jobs]

    assert len({job.id for job in jobs}) == 10
    waiting = [job.place for job in active if job.state is JobState.QUEUED]
    assert waiting == list(range(1, len(waiting) + 1))
    assert [job.state for job in active].count(JobState.RUNNING) <= 1
    assert {job.state for job in done} == {JobState.DONE}
    times = sorted(
        (job.started_at, job.ended_at) for job in done if job.started_at and job.ended_at
    )
    for (_, before), (after, _) in pairwise(times):
        assert before <= after, "one at a time"
    assert {job.id for job in demo_station.jobs.recent(10)} == {job.id for job in jobs}


def test_closing_interrupts_and_the_queue_waits(station_settings: Settings) -> None:
    with open_station(station_settings) as station:
        running = station.jobs.submit(task_of("teach", teaching(station, 40)), "Teach")
        waiting = station.jobs.submit(task_of("teach", teaching(station)), "Teach")
        wait_for(station, running.id, lambda job: job.step == "See the good pictures")
        before = time.monotonic()
    took = time.monotonic() - before

    assert took < 5
    with open_station(station_settings) as station:
        assert station.jobs.job(running.id).state is JobState.INTERRUPTED
        assert station.jobs.job(waiting.id).state is JobState.QUEUED
        assert [job.id for job in station.jobs.active()] == [waiting.id]
        station.jobs.start()
        assert ended(station, waiting.id).state is JobState.DONE
        with pytest.raises(JobError, match="waits, runs or is done"):
            station.jobs.resume(waiting.id)


def test_silence_is_told(station: Station) -> None:
    job = Job(id="J", kind="teach", title="T", who="", created_at=NOW, state=JobState.QUEUED)
    recorded.add_job(station.records, job, "{}")
    assert recorded.claim_next(station.records, waited_for=False) == ("J", "teach", "{}")
    recorded.save_progress(station.records, "J", "Look", 2, 8)
    time.sleep(0.2)
    recorded.save_progress(
        station.records,
        "J",
        "Look",
        4,
        8,
        ScoringResult(product="P", added=1, scored=0, skipped=()),
    )

    lively = recorded.job(station.records, "J", stall_s=60)
    assert (lively.is_stalled, lively.share, lively.result["added"]) == (False, 0.5, 1)
    assert lively.seconds_left == pytest.approx(0.4, abs=0.15)
    time.sleep(0.1)
    silent = recorded.job(station.records, "J", stall_s=0.05)
    assert (silent.state, silent.is_stalled) == (JobState.RUNNING, True)
    recorded.save_progress(station.records, "J", "Think", 0, 1)
    assert recorded.job(station.records, "J", stall_s=60).seconds_left is None
    assert recorded.job(station.records, "J", stall_s=60).result["added"] == 1


NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def test_what_cannot_be_is_refused(station: Station) -> None:
    with pytest.raises(JobError, match=r"no job of the kind 'paint'. Choose one of: inspect_lot"):
        station.jobs.submit(task_of("paint", {}), "Paint")
    with pytest.raises(JobError, match="exactly one of pictures, folder and demo"):
        station.jobs.submit(task_of("teach", {"product": "Plant/cell"}), "Teach")
    with pytest.raises(JobError, match="seed has no effect with add"):
        station.jobs.submit(task_of("teach", teaching(station, 1, add=True, seed=1)), "Teach")
    with pytest.raises(JobError, match=r"colour: Extra inputs .* It takes: product"):
        station.jobs.submit(task_of("teach", {"demo": True, "colour": "red"}), "Teach")
    for ask in (station.jobs.job, station.jobs.cancel):
        with pytest.raises(JobError, match="no job 'J-1'"):
            ask("J-1")
    with pytest.raises(JobError, match="there is no such job"):
        station.jobs.resume("J-1")
    assert station.jobs.recent() == ()
