"""A lot as a quality engineer takes it: inspected, decided by keyboard, a false alarm learned."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FilePayload, Page, expect

from core.evaluation.benchmarks.running_console import running_console
from core.imaging.picture_files import PictureFile, demo_lot
from core.infrastructure.settings import Settings
from core.services.station import Station
from tests.pages.test_browser import browser_page

__all__ = ["browser_page"]

LOT = 12


@pytest.fixture
def server(demo_station: Station, station_settings: Settings) -> Generator[str]:
    """A console with a demo product of its own, which may learn; half of PASS is audited."""
    shutil.copytree(demo_station.settings.ad_checkpoint_dir, station_settings.ad_checkpoint_dir)
    shutil.copytree(demo_station.files.root, station_settings.files_dir)
    # The knowledge index of a new station would be built first.
    variables = {"DOMAIN_RAG_ENABLED": "false", "AUDIT_SHARE": "0.5"}
    with running_console(station_settings, **variables) as address:
        yield address


def wait_for_keys(page: Page) -> None:
    """Wait until the keys are those of the part that the address names.

    A button listens for its key a moment after it can be seen, when the browser has no other work.
    No person presses a key within that moment; a test does.
    """
    part = parse_qs(urlsplit(page.url).query)["inspection"][0]
    expect(page.locator(f".st-key-accept-{part} button")).to_be_enabled(timeout=15_000)
    wait_for_idle(page)


def wait_for_idle(page: Page) -> None:
    """Wait until the script has run and the browser has drawn all that it told."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=15_000)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=15_000)
    page.evaluate("() => new Promise((done) => requestIdleCallback(() => done()))")


def test_a_lot_is_inspected_decided_by_keyboard_and_learned(
    server: str, browser_page: Page, defective_cells: list[PictureFile]
) -> None:
    page = browser_page
    page.goto(server)
    expect(page.get_by_text("Ready to inspect")).to_be_visible(timeout=30_000)

    cells = [*defective_cells[:4], *demo_lot(LOT)[: LOT - 4]]
    files = [
        FilePayload(name=cell.filename, mimeType="image/png", buffer=cell.read()) for cell in cells
    ]
    files.append(FilePayload(name="torn.png", mimeType="image/png", buffer=b"no picture"))
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text("Inspection: ELPV/mono, 13 pictures · done")).to_be_visible(
        timeout=120_000
    )
    expect(page.get_by_text("Not inspected: 1")).to_be_visible()
    lot = page.url
    assert "job=" in lot

    # The first row, that is the part whose fault is plain to see, opens below the strip.
    strip = page.get_by_test_id("stDataFrame").first
    box = strip.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 15, box["y"] + 50)
    expect(page.get_by_alt_text("cell0010.png, Overlay: FAIL")).to_be_visible(timeout=15_000)
    page.get_by_role("radio", name="Blink").click()
    expect(page.get_by_alt_text("cell0010.png, Blink: FAIL")).to_be_visible(timeout=15_000)
    assert "look=blink" in page.url

    # The drawer opens by its key.
    page.mouse.click(5, 700)
    wait_for_idle(page)
    page.keyboard.press("d")
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("rework", exact=True).click()
    expect(drawer.get_by_role("button", name="Record the disposition")).to_be_enabled()
    drawer.get_by_label("Decided by").fill("Ana")
    reason = drawer.get_by_role("combobox", name="Reason")
    reason.fill("Solder again")
    reason.press("Enter")
    drawer.get_by_role("button", name="Record the disposition").click()
    expect(page.get_by_text("Solder again")).to_be_visible(timeout=15_000)

    page.goto(f"{server}/review")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_label("Your name").press("Enter")
    # The field has made way for a button: what is typed from now on is a key.
    expect(page.get_by_role("button", name="Ana")).to_be_visible(timeout=15_000)
    voided = False
    for _ in range(LOT):
        if "inspection=" not in page.url:
            break
        wait_for_keys(page)
        before = page.url
        is_audit = page.get_by_text("The machine's findings are hidden").count() > 0
        page.keyboard.press("a" if is_audit or not voided else "x")
        page.wait_for_url(lambda url, before=before: url != before, timeout=15_000)
        if not is_audit and not voided:
            voided = True
            learn = page.get_by_role("button", name="Learn the voided part")
            expect(learn).to_be_enabled(timeout=15_000)
            wait_for_idle(page)
            page.keyboard.press("l")
            # It stays so while the part is looked at, and after.
            expect(learn).to_be_disabled(timeout=15_000)
            expect(page.get_by_role("button", name="Make a candidate")).to_be_visible()
    expect(page.get_by_text("The queue is clear")).to_be_visible(timeout=15_000)
    assert voided
    page.get_by_role("textbox", name="Why it is a good part").fill("a bus bar")
    page.get_by_role("textbox", name="Why it is a good part").press("Enter")
    page.get_by_role("button", name="Make a candidate").click()
    judge = page.get_by_role("button", name="Let this version judge")
    expect(judge).to_be_visible(timeout=120_000)
    page.get_by_label("Reason", exact=True).fill("its bus bar is usual")
    judge.click()
    expect(page.get_by_text("This version judges.")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Go back to")).to_be_visible()

    page.goto(lot)
    expect(page.get_by_text("· done")).to_be_visible(timeout=15_000)
