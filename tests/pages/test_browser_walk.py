"""From every page to every other and back, and along every link, in one Chromium."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from core.evaluation.benchmarks.running_console import running_console
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile, demo_unseen_normals
from core.services.station import Station
from pages.parts.urls import inspection_link
from tests.pages.test_browser import ARGUMENTS, CHROMIUM, post

# As the navigation names them, with what their addresses end in.
PAGES = {
    "Inspect": "",
    "Review": "review",
    "Compare": "compare",
    "History": "history",
    "Quality": "quality",
    "Knowledge": "knowledge",
    "Products": "products",
    "Models": "models",
    "Settings": "settings",
    "Benchmarks": "benchmarks",
    "System health": "health",
}
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
# A page writes what it opens into its URL: that is an entry in the browser's history, too.
MOST_ENTRIES = 3
READY_MS = 30_000
# Counts how often the page's script has ended: what follows a click or Back may not have begun yet.
COUNT_RUNS = """
window.runs = 0;
new MutationObserver((changes) => {
    for (const change of changes)
        if (change.target.dataset.testScriptState === "notRunning") window.runs++;
}).observe(document, {subtree: true, attributeFilter: ["data-test-script-state"]});
"""


@pytest.fixture(scope="module")
def walked(
    demo_station: Station,
    knowledge_index: Path,
    tmp_path_factory: pytest.TempPathFactory,
    defective_cells: list[PictureFile],
) -> Generator[tuple[Page, str, Path]]:
    """A page in a browser, the console's address and its log; something is on record there."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    folder = tmp_path_factory.mktemp("walked")
    settings = demo_station.settings.model_copy(update={"data_dir": folder})
    shutil.copytree(knowledge_index, settings.chroma_dir)
    with running_console(settings) as address, sync_playwright() as playwright:
        for cell in [demo_unseen_normals()[0], *defective_cells[:2]]:
            post(address, cell.filename, cell.read(), DEMO_PRODUCT_KEY, lot="L-1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.add_init_script(COUNT_RUNS)
        yield page, address, folder / "console.log"
        browser.close()


def ready(page: Page) -> None:
    """Wait until the page is drawn, and hold that nothing went wrong on it."""
    expect(page.locator(READY)).to_be_attached(timeout=READY_MS)
    assert page.locator("[data-testid=stException]").count() == 0, page.url
    assert page.get_by_text("Page not found").count() == 0, page.url


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLinkContainer").get_by_text(name, exact=True).click()
    is_at(page, name)


def is_at(page: Page, name: str) -> None:
    page.wait_for_url(re.compile(rf"^http://[^/]+/{PAGES[name]}(\?.*)?$"), timeout=READY_MS)
    ready(page)


def back_to(page: Page, name: str) -> None:
    there = re.compile(rf"^http://[^/]+/{PAGES[name]}(\?.*)?$")
    for _ in range(MOST_ENTRIES):
        runs = page.evaluate("window.runs")
        page.go_back()
        if not there.match(page.url):
            # Still the same page: it is drawn anew.
            page.wait_for_function("runs => window.runs > runs", arg=runs, timeout=READY_MS)
        ready(page)
        if there.match(page.url):
            return
    raise AssertionError(f"Back never led to {name}, but to {page.url}")


def links(page: Page) -> set[str]:
    """Addresses that the page links to: anchors, and the cells of tables that are links."""
    found = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
    return {link.split("#")[0] for link in found}


@pytest.mark.slow
def test_every_link_of_every_page_leads_somewhere(walked: tuple[Page, str, Path]) -> None:
    page, address, _ = walked
    inspection = inspections(page, address)
    found = set()
    for path in (*PAGES.values(), f"?inspection={inspection}", f"compare?inspection={inspection}"):
        page.goto(f"{address}/{path}")
        ready(page)
        found |= links(page)
    own = {link for link in found if link.startswith(address) and "/api/" not in link}
    pages = {f"{address}/{path}" for path in PAGES.values()}
    assert own >= pages
    own -= pages  # that is where the links were found
    # Cells of tables are drawn: what they link to is made by the one function that makes it.
    own |= {urljoin(f"{address}/history", inspection_link(inspection))}
    own |= {f"{address}/inspect?inspection={inspection}", f"{address}/inspect"}

    for link in sorted(own):
        page.goto(link)
        ready(page)
        if "?inspection=" in link and "compare" not in link:
            expect(page.get_by_role("heading", name="FAIL")).to_be_visible(timeout=READY_MS)


def inspections(page: Page, address: str) -> str:
    """Id of the part that waits first."""
    page.goto(f"{address}/review")
    page.wait_for_url(re.compile("inspection="), timeout=READY_MS)
    return page.url.partition("inspection=")[2]


def test_language_and_product_are_the_browsers(walked: tuple[Page, str, Path]) -> None:
    page, address, _ = walked
    browser = page.context.browser
    assert browser is not None
    korean, german = browser.new_context(locale="ko-KR"), browser.new_context()
    theirs, mine = korean.new_page(), german.new_page()
    theirs.goto(f"{address}/settings")
    expect(theirs.get_by_text("내 언어").first).to_be_visible(timeout=READY_MS)

    mine.goto(f"{address}/settings")
    mine.get_by_test_id("stMain").get_by_role("radio", name="Deutsch").first.click()
    expect(mine.get_by_text("Ihre Sprache").first).to_be_visible(timeout=READY_MS)
    mine.wait_for_function("document.cookie.includes('language=de')", timeout=READY_MS)

    new_tab = german.new_page()
    new_tab.goto(f"{address}/health")
    expect(new_tab.get_by_text("Systemzustand").first).to_be_visible(timeout=READY_MS)
    theirs.reload()
    expect(theirs.get_by_text("내 언어").first).to_be_visible(timeout=READY_MS)
    korean.close()
    german.close()


def test_through_all_pages_and_all_the_way_back(walked: tuple[Page, str, Path]) -> None:
    page, address, log = walked
    page.goto(address)
    ready(page)
    names = list(PAGES)
    for name in names[1:]:
        go(page, name)
    for name in reversed(names[:-1]):
        back_to(page, name)
    assert "Traceback" not in log.read_text("utf-8", errors="replace")


@pytest.mark.slow
def test_from_every_page_to_every_other_and_back(walked: tuple[Page, str, Path]) -> None:
    page, address, log = walked
    for start, other in itertools.permutations(PAGES, 2):
        page.goto(f"{address}/{PAGES[start]}")
        ready(page)
        go(page, other)
        back_to(page, start)
        page.go_forward()
        is_at(page, other)
    assert "Traceback" not in log.read_text("utf-8", errors="replace")
