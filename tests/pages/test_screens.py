"""Every page of the navigation in Chromium: drawn whole, named for who cannot see, in both themes.

SCREENSHOTS=FOLDER keeps a picture of each page, size and theme there.
"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import FloatRect, Page, expect, sync_playwright

from core.evaluation.benchmarks.running_console import running_console
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile, demo_unseen_normals
from core.services.station import Station
from tests.pages.test_browser import ARGUMENTS, CHROMIUM, REPOSITORY, post

# Streamlit's mark of a page whose script has ended.
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"
TABS = 12

WIDTHS = "main => [main.scrollWidth, main.clientWidth]"
# Pictures, charts and tables without a name that a screen reader could tell; their buttons have
# names of their own, which say nothing of them.
NAMELESS = """
main => [...main.querySelectorAll(
    "img, [data-testid=stPlotlyChart], [data-testid=stVegaLiteChart], "
    + "[data-testid=stDataFrame], [data-testid=stTable], [data-testid=stEchartsChart]"
)].filter(each => each.tagName === "IMG"
    ? !each.hasAttribute("alt")
    : !each.ariaLabel && !each.querySelector("[aria-label]:not(button, input)")
).map(each => each.outerHTML.slice(0, 200))
"""
# Where the element in focus is, and what; null: none is.
FOCUSED = """
() => {
    const each = document.activeElement;
    if (!each || each === document.body) return null;
    const box = each.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height, each.outerHTML.slice(0, 200)];
}
"""
AROUND = 12


@dataclass(frozen=True)
class Screen:
    """A size and a theme."""

    width: int
    height: int
    theme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.width}x{self.height}-{self.theme}"


USUAL = Screen(1366, 768, "light")
SCREENS = (Screen(1366, 768, "dark"), Screen(1024, 768, "light"), USUAL)


def page_names() -> list[str]:
    """Pages that the console registers, as they stand in the address."""
    tree = ast.parse((REPOSITORY / "pages" / "console.py").read_text("utf-8"))
    return [
        str(node.args[0].value).removesuffix(".py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "Page"
        and isinstance(node.args[0], ast.Constant)
    ]


@pytest.fixture(scope="module")
def screens(
    demo_station: Station,
    defective_cells: list[PictureFile],
    knowledge_index: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[tuple[str, str, Path]]:
    """Address of a console with a few inspections, the last one's id, and the console's log."""
    folder = tmp_path_factory.mktemp("screens")
    # With the pictures that the detector was taught with: normals stand beside each part.
    settings = demo_station.settings.model_copy(update={"data_dir": folder})
    shutil.copytree(demo_station.files.root, settings.files_dir)
    shutil.copytree(knowledge_index, settings.chroma_dir)
    with running_console(settings) as address:
        record = {}
        for cell in [*demo_unseen_normals()[:3], *defective_cells[:2][::-1]]:
            _, record = post(address, cell.filename, cell.read(), DEMO_PRODUCT_KEY, lot="L-1")
        yield address, record["id"], folder / "console.log"


@dataclass
class Window:
    """A browser's window: what it loaded once is not loaded again.

    Attributes:
        shown: the address and screen of what is drawn.
    """

    page: Page
    shown: tuple[str, Screen] | None = None

    def show(self, url: str, screen: Screen) -> Page:
        """Draw a page whole, unless it is drawn already."""
        if self.shown != (url, screen):
            is_drawn = self.shown is not None and (self.shown[0], self.shown[1].theme) == (
                url,
                screen.theme,
            )
            self.shown = None
            self.page.set_viewport_size({"width": screen.width, "height": screen.height})
            self.page.emulate_media(color_scheme=screen.theme)
            if is_drawn:
                # Charts and tables follow the new size after a moment.
                self.page.wait_for_timeout(300)
            else:
                self.page.goto(url)
            expect(self.page.locator(DRAWN)).to_be_visible(timeout=60_000)
            skeletons = self.page.locator("[data-testid=stSkeleton]")
            expect(skeletons).to_have_count(0, timeout=30_000)
            self.shown = url, screen
        return self.page


@pytest.fixture(scope="module")
def window() -> Generator[Window]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Window(browser.new_page())
        browser.close()


@pytest.fixture(scope="module", params=page_names())
def name(request: pytest.FixtureRequest) -> str:
    """A page; all that is looked at on it is looked at before the next page is."""
    return request.param


@pytest.fixture
def address(name: str, screens: tuple[str, str, Path]) -> str:
    server, inspection, _log = screens
    return f"{server}/?inspection={inspection}" if name == "inspect" else f"{server}/{name}"


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_page_is_whole_and_named(
    name: str, screen: Screen, address: str, window: Window, screens: tuple[str, str, Path]
) -> None:
    page = window.show(address, screen)
    keep(page, f"{name}-{screen}")

    main = page.locator("[data-testid=stMain]")
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in screens[2].read_text("utf-8", errors="replace")
    inner, outer = main.evaluate(WIDTHS)
    assert inner <= outer, f"{inner} px are drawn on {outer}"
    assert main.evaluate(NAMELESS) == []


@pytest.mark.slow
def test_focus_is_seen(address: str, window: Window) -> None:
    page = window.show(address, USUAL)
    page.add_style_tag(content="* { transition: none !important; }")
    # What follows changes the page.
    window.shown = None

    unseen, seen = [], 0
    for _ in range(TABS):
        page.keyboard.press("Tab")
        page.wait_for_timeout(60)
        if (focused := page.evaluate(FOCUSED)) is None:
            continue
        *box, what = focused
        with_focus = page.screenshot(clip=around(*box))
        # The next Tab goes on from here all the same.
        page.evaluate("() => document.activeElement.blur()")
        page.wait_for_timeout(60)
        if page.screenshot(clip=around(*box)) == with_focus:
            unseen.append(what)
        seen += 1

    assert unseen == []
    assert seen >= 5


def around(x: float, y: float, width: float, height: float) -> FloatRect:
    """A part of the page with an element in its middle, as far as it is on the screen."""
    left, top = max(0.0, x - AROUND), max(0.0, y - AROUND)
    right = min(USUAL.width, x + width + AROUND)
    bottom = min(USUAL.height, y + height + AROUND)
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def keep(page: Page, name: str) -> None:
    """A picture of the page, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_timeout(800)  # charts and tables fade in
        page.screenshot(path=Path(folder) / f"{name}.png")
