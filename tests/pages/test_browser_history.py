"""History and Quality as a person uses them: inspect, find again, print, export, look at charts."""

from __future__ import annotations

import csv
import io
import urllib.request
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import Page, expect

from core.imaging.picture_files import PictureFile, demo_normals
from tests.pages.test_browser import browser_page, post, server  # noqa: F401 - fixtures

QUICK = 15_000


def test_find_print_export_and_look(
    server: str,  # noqa: F811
    browser_page: Page,  # noqa: F811
    defective_cells: list[PictureFile],
) -> None:
    for at, cell in enumerate([*defective_cells[:2], *demo_normals()[:4]]):
        lot = "L-1" if at < 3 else "L-2"
        status, _ = post(server, cell.filename, cell.read(), "ELPV/mono", lot=lot, serial=f"S{at}")
        assert status == 200
    page = browser_page

    page.goto(f"{server}/history?by-lot=L-1")
    expect(page.get_by_text("3 inspections")).to_be_visible(timeout=2 * QUICK)
    page.get_by_role("searchbox", name="Search").fill(defective_cells[0].filename.upper())
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 inspection", exact=True)).to_be_visible(timeout=QUICK)
    assert "by-lot=L-1" in page.url
    assert "text=" in page.url

    # The table is drawn on a canvas: its tick boxes have places and no elements.
    table = page.get_by_role("region", name="1 of 1 inspections")
    expect(table).to_be_visible(timeout=QUICK)
    page.locator(".dvn-scroller").click(position={"x": 16, "y": 54})
    with page.expect_download(timeout=2 * QUICK) as printed:
        page.get_by_role("button", name="Print as PDF").click()
    assert Path(printed.value.path()).read_bytes().startswith(b"%PDF")

    page.get_by_role("button").filter(has_text="Clear").click()
    expect(page.get_by_text("6 inspections")).to_be_visible(timeout=QUICK)
    page.get_by_role("button", name="Export").click()
    with page.expect_download(timeout=QUICK) as table:
        page.get_by_role("button", name="Download 6 inspections").click()
    rows = csv.DictReader(io.StringIO(Path(table.value.path()).read_text("utf-8-sig")))
    assert sorted(row["serial"] for row in rows) == [f"S{at}" for at in range(6)]

    # Too many PDFs to wait for: a job prints them, and its file is served from disk.
    page.get_by_text("PDFs in a ZIP").click()
    page.get_by_role("button", name="Start in the background").click()
    file = page.get_by_role("link", name="MiB")
    expect(file).to_be_visible(timeout=4 * QUICK)
    address = file.evaluate("link => link.href")
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert len(ZipFile(io.BytesIO(answer.read())).namelist()) == 6

    page.get_by_role("link", name="Quality").click()
    expect(page.get_by_text("First-pass yield")).to_be_visible(timeout=QUICK)
    expect(page.get_by_text("Escapes are unknown until")).to_be_visible(timeout=QUICK)
    expect(page.get_by_text("There is only one sample so far")).to_be_visible(timeout=2 * QUICK)
    page.get_by_text("Machine and person").click()
    expect(page.get_by_text("No person has found a part good or bad")).to_be_visible(timeout=QUICK)
    expect(page.get_by_text("Median of the newest week")).to_be_visible(timeout=QUICK)
    assert "view=machine" in page.url
    page.reload()
    expect(page.get_by_text("Median of the newest week")).to_be_visible(timeout=2 * QUICK)
