"""REST as a program calls it: what comes back for a picture, and for what goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from core.domain import Product
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.interfaces.api import api
from core.records.inspections import load_inspection
from core.records.search import count
from core.services.station import Station

Post = Callable[..., Any]


@pytest.fixture
def own(station_settings: Settings, demo_station: Station) -> Generator[Station]:
    """A station of its own that the demo product was taught at."""
    shutil.copytree(demo_station.settings.ad_checkpoint_dir, station_settings.ad_checkpoint_dir)
    with Station(station_settings) as station:
        yield station


@pytest.fixture
def post(own: Station, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setattr("core.interfaces.api.shared_station", lambda: own)
    client = TestClient(api, raise_server_exceptions=False)

    def send(picture: PictureFile, **form: str) -> Any:  # noqa: ANN401
        files = {"image": (picture.filename, picture.read())}
        asked = {"product": "ELPV/mono", "exemplars": "false", "knowledge": "false"}
        return client.post("/inspect", data=asked | form, files=files)

    return send


def test_a_picture_is_inspected_by_the_detector_that_is_named(
    post: Post, own: Station, defective_cells: list[PictureFile]
) -> None:
    done = post(defective_cells[0], detector="patchcore", serial="0007")
    unknown = post(defective_cells[0], detector="winclip")

    assert done.status_code == 200, done.text
    kept = load_inspection(own.records, done.json()["id"])
    assert (kept.detector.algorithm, kept.context.serial) == ("patchcore", "0007")
    assert unknown.status_code == 422
    assert "was not taught with winclip" in unknown.json()["error"]
    assert count(own.records) == 1


def test_identifiers_are_one_text_however_they_are_sent(
    post: Post, own: Station, defective_cells: list[PictureFile]
) -> None:
    done = post(defective_cells[0], lot="Mu\u0308nchen", serial="\u00a00007\r")
    hidden = post(defective_cells[0], serial="00\u202e07")

    context = load_inspection(own.records, done.json()["id"]).context
    assert (context.lot, context.serial) == ("München", "0007")
    assert hidden.status_code == 422
    assert "U+202E" in hidden.json()["error"]
    assert count(own.records) == 1


def test_a_picture_that_cannot_be_used_is_a_sentence(post: Post) -> None:
    done = post(PictureFile.of("torn.png", b"torn"))

    assert done.status_code == 422
    assert "torn.png is not a picture" in done.json()["error"]


def test_an_error_that_nobody_foresaw_is_a_sentence_and_its_traceback_is_logged(
    post: Post,
    own: Station,
    demo_product: Product,
    defective_cells: list[PictureFile],
    caplog: pytest.LogCaptureFixture,
) -> None:
    vars(own.taught(demo_product).detector).pop("memory")

    done = post(defective_cells[0])

    assert done.status_code == 500
    assert done.json()["error"].startswith("cell0010.png could not be inspected")
    assert "AttributeError" in done.json()["error"]
    assert "Traceback" in caplog.text


def test_any_other_request_that_breaks_is_a_sentence_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("core.interfaces.api.shared_station", lambda: None)

    done = TestClient(api, raise_server_exceptions=False).get("/health")

    assert done.status_code == 500
    assert "/health could not be answered" in done.json()["error"]
    assert "Traceback" in caplog.text
