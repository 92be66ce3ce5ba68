"""Long work that is stuck: reports that a person waits for pass it, and its silence is recorded."""

from __future__ import annotations

import shutil
import time

from core.domain import InspectionRequest, Job, JobState, Product, WriterChoice
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.records.health import last_troubles
from core.services.inspection import inspect
from core.services.station import Station
from core.tasks.pictures import keep_pictures
from core.tasks.registry import task_of
from core.tasks.report import write_later
from core.tasks.shared_station import open_station
from tests.services.jobs.waiting import ended, nobody_judges, wait_for


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
    inspection = inspect(
        demo_station,
        InspectionRequest(product=demo_product),
        defective_cells[0],
        report=lambda inspection, _: inspection,
    )
    with nobody_judges(demo_station):
        running, waiting = (lot(demo_station, defective_cells[0]) for _ in range(2))
        wait_for(demo_station, running.id, lambda job: job.state is JobState.RUNNING)
        report = write_later(demo_station, inspection, WriterChoice(writer="offline"), "Ana")

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
            wait_for(station, job.id, lambda _: list_events(station.records, job.id))
            time.sleep(0.5)  # looked for several times more, and still the same silence
        ended(station, job.id)

        (event,) = list_events(station.records, job.id)
        assert event.kind == "job stalled"
        assert "Lot L-7: no progress for more than 0.4 s" in event.detail["reason"]
        (trouble,) = last_troubles(station.records)
        assert (trouble.kind, trouble.subject) == ("job stalled", job.id)
