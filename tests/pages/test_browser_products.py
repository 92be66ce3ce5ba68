"""Products, Models and Settings as a person uses them: Chromium on a server, real cells."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.domain import Disposition, InspectionRequest, Product
from core.evaluation.benchmarks.running_console import running_console
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile
from core.records.dispositions import add_disposition
from core.services.inspection import inspect
from core.services.station import Station
from core.tasks.shared_station import open_station
from tests.pages.test_browser import browser_page

__all__ = ["browser_page"]

LONG_MS = 60_000


@pytest.fixture(scope="module")
def server(
    demo_station: Station,
    knowledge_index: Path,
    defective_cells: list[PictureFile],
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[str]:
    """A console with a copy of the demo product, and one false alarm on record."""
    folder = tmp_path_factory.mktemp("server")
    settings = demo_station.settings.model_copy(
        update={"data_dir": folder / "data", "ad_checkpoint_dir": folder / "checkpoints"}
    )
    shutil.copytree(demo_station.settings.ad_checkpoint_dir, settings.ad_checkpoint_dir)
    shutil.copytree(demo_station.settings.files_dir, settings.files_dir)
    shutil.copytree(knowledge_index, settings.chroma_dir)
    with open_station(settings) as station:
        seen = inspect(
            station,
            InspectionRequest(product=Product.from_key(DEMO_PRODUCT_KEY)),
            defective_cells[0],
        )
        add_disposition(station.records, seen.id, Disposition.VOID, "dust", "Ana")
    with running_console(settings) as address:
        yield address


def say_who_and_why(page: Page, button: str, why: str) -> None:
    form = page.get_by_test_id("stForm").filter(has=page.get_by_role("button", name=button))
    form.get_by_label("Your name").fill("Ana")
    form.get_by_label("Reason").fill(why)
    form.get_by_role("button", name=button).click()


def test_thresholds_false_alarms_a_candidate_and_roll_back(server: str, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{server}/products")
    expect(page.get_by_text("held-out normals stopped: 1 of 60")).to_be_visible(timeout=LONG_MS)
    slider = page.get_by_role("slider", name="Review from")
    slider.focus()
    slider.press("ArrowLeft")
    expect(page.get_by_text("held-out normals stopped: 2 of 60")).to_be_visible(timeout=LONG_MS)
    say_who_and_why(page, "Set these thresholds", "two cracks passed")
    expect(page.get_by_text("The thresholds of ELPV/mono were set")).to_be_visible(timeout=LONG_MS)

    page.goto(f"{server}/products?view=alarms")
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible(timeout=LONG_MS)
    # The table is a canvas: the box to tick stands at the left of the first row.
    table.click(position={"x": 18, "y": 52})
    page.get_by_role("button", name="Learn 1 as normal").click(timeout=LONG_MS)
    expect(page.get_by_text("from 201 good pictures, is a candidate")).to_be_visible(
        timeout=LONG_MS
    )

    page.get_by_role("button", name="See what it would change").click()
    expect(page.get_by_text("Known defects found")).to_be_visible(timeout=LONG_MS)
    say_who_and_why(page, "Let this version judge", "tried on lot 7")
    expect(page.get_by_text("This version judges.")).to_be_visible(timeout=LONG_MS)
    page.get_by_text("Go back to").click()
    say_who_and_why(page, "Roll back to this version", "worse on lot 7")
    expect(page.get_by_text("judges now.").last).to_be_visible(timeout=LONG_MS)
    # The version that is open is a candidate again, compared as before.
    expect(page.get_by_role("button", name="Let this version judge")).to_be_visible()


def test_a_writer_is_tried_and_the_language_changed(server: str, browser_page: Page) -> None:
    page = browser_page
    page.goto(f"{server}/models")
    page.get_by_role("button", name="Test it").click(timeout=LONG_MS)
    expect(page.get_by_text("The offline composer writes from evidence alone")).to_be_visible(
        timeout=LONG_MS
    )

    page.goto(f"{server}/settings")
    page.get_by_role("radio", name="Deutsch").first.click()
    expect(page.get_by_role("link", name="Einstellungen")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("radio", name="English").first.click()
    expect(page.get_by_role("link", name="Settings")).to_be_visible(timeout=LONG_MS)
