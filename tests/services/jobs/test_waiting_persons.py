"""Long work that is stuck: reports that a person waits for pass it, and its silence is recorded."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from core.domain import Job, JobState, Product
from core.imaging.picture_files import PictureFile
from core.infrastructure.fair_queue import CORES_OF_A_PICTURE
from core.infrastructure.settings import Settings
from core.records.health import last_troubles
from core.services.inspection import record
from core.services.reports import WriterChoice
from core.services.station import Station
from core.tasks.pictures import keep_pictures
from core.tasks.registry import task_of
from core.tasks.report import write_later
from core.tasks.shared_station import open_station
from tests.services.jobs.waiting import ended, wait_for


@contextmanager
def nobody_judges(station: Station) -> Generator[None]:
    """All places at the detectors are taken: a lot waits at its first picture, and says nothing."""
    places = max(1, (os.cpu_count() or 1) // CORES_OF_A_PICTURE)
    with ExitStack() as taken:
        for _ in range(places):
            taken.enter_context(station.judging.turn([]))
        yield


def lot(station: Station, cell: PictureFile) -> Job:
    arguments = {
        "product": "ELPV/mono",
        "pictures": keep_pictures(station, [cell]),
        "evidence": {"knowledge": False, "exemplars": False},
    }
    return station.jobs.submit(task_of("inspect_lot", arguments), "Lot L-7")


def test_a_report_does_not_wait_behind_a_lot(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = record(demo_station, defective_cells[0], demo_product)
    with nobody_judges(demo_station):
        running, waiting = (lot(demo_station, defective_cells[0]) for _ in range(2))
        wait_for(demo_station, running.id, lambda job: job.state is JobState.RUNNING)
        report = write_later(demo_station, inspection, WriterChoice("offline"), "Ana")

        assert report.place in (1, None), "what is long is not counted before it"
        assert ended(demo_station, report.id).result["revision"] == 1
        assert demo_station.jobs.job(running.id).state is JobState.RUNNING
        assert demo_station.jobs.job(waiting.id).place == 1

    assert ended(demo_station, waiting.id).state is JobState.DONE


def test_each_silence_is_recorded_once(
    demo_station: Station,
    demo_product: Product,
    station_settings: Settings,
    defective_cells: list[PictureFile],
) -> None:
    shutil.copytree(demo_station.settings.ad_checkpoint_dir, station_settings.ad_checkpoint_dir)
    with open_station(station_settings.model_copy(update={"job_stall_s": 0.4})) as station:
        station.taught(demo_product)  # loaded here, where no job has to be silent for it
        with nobody_judges(station):
            job = lot(station, defective_cells[0])
            wait_for(station, job.id, lambda _: station.records.events(job.id))
            time.sleep(0.5)  # looked for several times more, and still the same silence
        ended(station, job.id)

        (event,) = station.records.events(job.id)
        assert event.kind == "job stalled"
        assert "Lot L-7: no progress for more than 0.4 s" in event.detail["reason"]
        (trouble,) = last_troubles(station.records)
        assert (trouble.kind, trouble.subject) == ("job stalled", job.id)
