"""The console as a person uses it: Debian's Chromium on a real server."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.request
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect, sync_playwright

from core import __version__
from core.evaluation.benchmarks.running_console import running_console
from core.imaging.picture_files import PictureFile
from core.services.station import Station

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def server(
    demo_station: Station, knowledge_index: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[str]:
    """Address of a console with records of its own and the demo product's detector."""
    settings = demo_station.settings.model_copy(
        update={"data_dir": tmp_path_factory.mktemp("server")}
    )
    shutil.copytree(knowledge_index, settings.chroma_dir)
    with running_console(settings) as address:
        yield address


@pytest.fixture
def browser_page() -> Generator[Page]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_page(viewport={"width": 1366, "height": 768})
        browser.close()


def test_upload_verdict_edit_reload_pdf(
    server: str, browser_page: Page, defective_cells: list[PictureFile]
) -> None:
    page = browser_page
    page.goto(server)
    expect(page.get_by_text("Ready to inspect")).to_be_visible(timeout=30_000)

    upload = FilePayload(name="cell.png", mimeType="image/png", buffer=defective_cells[0].read())
    torn = FilePayload(name="torn.png", mimeType="image/png", buffer=b"no picture")
    page.locator("input[type=file]").set_input_files([torn, upload])
    expect(page.get_by_role("heading", name="FAIL")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("torn.png is not a picture")).to_be_visible()
    expect(page.get_by_alt_text("cell.png, Overlay: FAIL")).to_be_visible()

    # Still in the field when the page is loaded again, and when it is left.
    summary = page.get_by_label("Summary")
    summary.fill("Half a sentence")
    expect(page.get_by_text("Not saved yet")).to_be_visible(timeout=15_000)
    page.reload()
    expect(summary).to_have_value("Half a sentence", timeout=30_000)
    summary.fill("Half a sentence more")
    page.get_by_role("link", name="History").click()
    listed = page.get_by_role("paragraph").filter(has_text="1 inspection")
    expect(listed).to_be_visible(timeout=30_000)
    page.go_back()
    expect(summary).to_have_value("Half a sentence more", timeout=30_000)

    summary.fill("Riss bestätigt, 균열 확인")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="Save as new revision").click()
    saved = page.get_by_role("combobox", name="Revision")
    expect(saved).to_have_value(re.compile("2 · edited by Ana"), timeout=30_000)

    page.goto(page.url)
    expect(page.get_by_label("Summary")).to_have_value("Riss bestätigt, 균열 확인", timeout=30_000)
    with page.expect_download(timeout=30_000) as download:
        page.get_by_role("button", name="PDF of this revision").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")

    page.goto(f"{server}/history")
    expect(listed).to_be_visible(timeout=15_000)
    page.goto(f"{server}/products")
    guarantee = page.get_by_role("paragraph").filter(has_text="guaranteed at most 4.87")
    expect(guarantee).to_be_visible(timeout=15_000)


def post(server: str, filename: str, data: bytes, product: str, **fields: str) -> tuple[int, dict]:
    """One multipart request, as any program would send it."""
    boundary = uuid.uuid4().hex
    named = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"product": product, **fields}.items()
    )
    body = (
        (
            f"{named}--{boundary}\r\n"
            f'Content-Disposition: form-data; name="image"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        + data
        + f"\r\n--{boundary}--\r\n".encode()
    )
    request = urllib.request.Request(
        f"{server}/api/inspect",
        body,
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_rest_takes_the_same_road(server: str, defective_cells: list[PictureFile]) -> None:
    status, record = post(server, "cell.png", defective_cells[0].read(), "ELPV/mono")

    assert status == 200
    assert record["verdict"] == "FAIL"
    assert record["defects"][0]["id"] == "D1"
    assert record["program_version"] == __version__
    with urllib.request.urlopen(f"{server}/api/health", timeout=10) as answer:
        health = json.load(answer)
    assert (health["products"], health["program_version"]) == (["ELPV/mono"], __version__)


def test_rest_switches_evidence_off(server: str, defective_cells: list[PictureFile]) -> None:
    cell = defective_cells[0].read()

    _, record = post(server, "cell.png", cell, "ELPV/mono", exemplars="false", knowledge="false")

    off = "switched off for this inspection"
    assert record["off_steps"] == {"exemplars": off, "knowledge": off, "defect types": off}
    assert record["exemplars"] == record["snippets"] == []
    _, plain = post(server, "cell.png", cell, "ELPV/mono")
    assert len(plain["exemplars"]) == 3
    # This server has the detector, but not the pictures that it was taught with.
    assert "is missing from" in plain["failed_steps"]["compare"]


@pytest.mark.parametrize(
    ("filename", "product", "status", "sentence"),
    [
        ("torn.png", "ELPV/mono", 422, "torn.png is not a picture"),
        ("cell.png", "No/such", 404, "There is no product No/such"),
        ("cell.png", "../etc", 404, "DATASET/CATEGORY"),
    ],
)
def test_rest_errors_are_sentences(
    server: str, filename: str, product: str, status: int, sentence: str
) -> None:
    code, answer = post(server, filename, b"no picture", product)

    assert code == status
    assert sentence in answer["error"]


def test_rest_picks_writer_and_language(server: str, defective_cells: list[PictureFile]) -> None:
    cell = defective_cells[0].read()

    _, record = post(server, "cell.png", cell, "ELPV/mono", writer="offline", language="de")
    code, refusal = post(server, "cell.png", cell, "ELPV/mono", writer="gpt-9")

    assert record["report"]["language"] == "de"
    assert record["report"]["writing"]["outcome"] == "written"
    assert record["report"]["remarks"] == []
    assert code == 422
    assert "There is no report writer 'gpt-9'" in refusal["error"]
