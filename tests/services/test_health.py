"""System health, and the command that prints it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import __version__
from core.detection.checkpoints import read_card
from core.detection.product_files import product_folder
from core.domain import EvidenceChoice, InspectionRequest, JobState, Product
from core.domain.errors import ImageError
from core.imaging.picture_files import PictureFile, demo_normals
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.records.store.migrations import MIGRATIONS
from core.retrieval.normals.visual import DINOV2
from core.services import health
from core.services.health import check_health, checks, files_size
from core.services.health.condition import Check, Health
from core.services.inspection import inspect
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.registry import task_of
from tests.services.jobs.waiting import ended

REPOSITORY = Path(__file__).parents[2]
PRODUCT = Product.from_key("Plant/cell")


@pytest.fixture
def hub(station_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has downloaded nothing."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(station_settings.data_dir / "hub"))


def named(found: Health, name: str) -> Check:
    return next(check for check in found.checks if check.name == name)


@pytest.mark.usefixtures("hub")
def test_a_station_that_lacks_nothing(station: Station) -> None:
    empty = check_health(station.settings, station)
    teach(station, PRODUCT, demo_normals()[:8])
    inspect(
        station,
        InspectionRequest(product=PRODUCT, evidence=EvidenceChoice(knowledge=False)),
        demo_normals()[9],
    )

    found = check_health(station.settings, station)

    assert named(found, "records").sentence.startswith("1 inspection is on record")
    assert (empty.is_well, named(empty, "detectors").status) == (True, "note")
    assert found.is_well, found.checks
    assert all(check.status == "ok" for check in found.checks if check.name != "disk")
    assert found.schema_found == found.schema_known == len(MIGRATIONS)
    assert found.program_version == __version__
    assert found.versions["duckdb"] == "2.0.0"
    (detector,) = found.detectors
    card = read_card(station.settings, PRODUCT)
    assert detector.version == card.detector.version
    assert detector.false_alarm == station.taught(PRODUCT).calibration.false_alarm.sentence()
    assert {one.name: one.at_hand for one in found.weights}["efficientnet_lite0"]
    assert found.writers[0].key == "offline"
    # Nine pictures and a map.
    assert (found.files.files, found.files.is_estimate) == (10, False)
    assert found.records_bytes > 0
    assert found.troubles == ()
    assert not [e for e in list_events(station.records) if e.kind == "doctor"], "it leaves no trace"


@pytest.mark.usefixtures("hub")
def test_what_is_missing_is_said(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(station, PRODUCT, demo_normals()[:6])
    card = read_card(station.settings, PRODUCT)
    folder = product_folder(station.settings, PRODUCT) / "patchcore" / card.detector.version
    (folder / "calibration.json").write_text("{}")
    asked = station.settings.model_copy(
        update={
            "llm_model": "gpt-4o",
            "openai_api_key": None,
            "visual_encoder": DINOV2,
            "model_cache": station.settings.data_dir / "models",
        }
    )
    monkeypatch.setattr(checks, "PACKAGES", ("duckdb", "no-such-package"))

    found = check_health(asked, station)

    missing = {
        str(check.name): check.sentence for check in found.checks if check.status == "missing"
    }
    assert not found.is_well
    assert set(missing) == {"packages", "exemplars", "report writer", "detectors"}
    assert missing["packages"].startswith("Not installed: no-such-package.")
    assert "OPENAI_API_KEY" in missing["report writer"]
    assert "calibration.json is missing or damaged" in missing["detectors"]
    assert "VISUAL_ENCODER names" in missing["exemplars"]


def test_troubles_are_told(station: Station) -> None:
    with pytest.raises(ImageError):
        inspect(
            station, InspectionRequest(product=taught(station)), PictureFile.of("torn.png", b"torn")
        )
    job = station.jobs.submit(
        task_of("teach", {"product": "Plant/x", "folder": "/no/such"}), "Teach"
    )
    assert ended(station, job.id).state is JobState.FAILED

    failed, refused = check_health(station.settings, station).troubles

    assert (failed.kind, failed.subject) == ("job failed", job.id)
    assert failed.sentence == "Teach: There is no file or folder /no/such. Check the path."
    assert (refused.kind, refused.subject) == ("picture refused", "torn.png")
    assert "not a picture that can be read" in refused.sentence


def test_a_failed_step_is_told(station: Station) -> None:
    product = taught(station)
    card = read_card(station.settings, product)
    folder = product_folder(station.settings, product) / "patchcore" / card.detector.version
    for kept in station.files.root.rglob("*"):
        if kept.is_file():
            kept.unlink()
    (folder / "exemplars.safetensors").write_bytes(b"")
    found = inspect(
        station,
        InspectionRequest(product=product, evidence=EvidenceChoice(knowledge=False)),
        demo_normals()[9],
    )

    (trouble,) = check_health(station.settings, station).troubles

    assert (trouble.kind, trouble.subject) == ("step failed", found.id)
    assert trouble.sentence.startswith("exemplars: ")
    assert trouble.happened_at == found.created_at


def taught(station: Station) -> Product:
    teach(station, PRODUCT, demo_normals()[:6])
    return PRODUCT


def test_a_large_store_is_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(256):
        folder = tmp_path / f"{number:02x}"
        folder.mkdir()
        (folder / f"{number:064x}").write_bytes(b"12345")
        (folder / "tmp-being-written").write_bytes(b"123")
    monkeypatch.setattr(health, "MAX_COUNTED_FILES", 64)

    size = files_size(tmp_path)

    assert (size.files, size.bytes, size.is_estimate) == (256, 1280, True)


def doctor(station_settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = {
        "DATA_DIR": str(station_settings.data_dir),
        "AD_CHECKPOINT_DIR": str(station_settings.ad_checkpoint_dir),
        "MODEL_CACHE": str(station_settings.model_cache),
        "LLM_MODEL": "offline",
    }
    return subprocess.run(
        [sys.executable, "-m", "core", "doctor", *arguments],
        cwd=REPOSITORY,
        env=os.environ | places,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_doctor_beside_a_running_console(station_settings: Settings, station: Station) -> None:
    done = doctor(station_settings)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Version {__version__}\n")
    assert "note     records        The records in" in done.stdout
    assert "in use by another process" in done.stdout
    assert "Report writers that can run: offline" in done.stdout


def test_the_doctor_as_json(empty_settings: Settings) -> None:
    empty_settings.records_path.parent.mkdir(parents=True)
    empty_settings.records_path.write_bytes(b"not a database" * 1000)

    damaged = doctor(empty_settings, "--json")
    empty_settings.records_path.unlink()
    well = doctor(empty_settings, "--json")

    assert (damaged.returncode, well.returncode) == (1, 0), damaged.stderr + well.stderr
    found = json.loads(damaged.stdout)
    assert (found["is_well"], found["schema_found"]) == (False, None)
    assert json.loads(well.stdout)["schema_found"] == len(MIGRATIONS)
    assert found["program_version"] == __version__


def test_the_doctor_is_light() -> None:
    heavy = {"torch", "transformers", "chromadb", "openvino", "anomalib", "streamlit"}
    program = (
        "import sys, core.services.station\nfrom core.services.health import check_health\n"
        "from core.infrastructure.settings import Settings\n"
        "check_health(Settings(), None, in_use='x')\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stdout == "[]\n", done.stderr
