"""Operators that are programs: one calls REST, one drives the console's Inspect page."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import httpx

from core.errors import EvaluationError
from core.sources import DEMO_PRODUCT_KEY, PictureFile

if TYPE_CHECKING:
    from playwright.sync_api import Page

ANSWER_WITHIN_S = 120
# Streamlit's mark of a page whose script has ended.
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"
CHROMIUM = "/usr/bin/chromium"
# A browser that calls home would be timed with what it says.
QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")


class Operator(Protocol):
    """Inspects one part after another."""

    way: str

    def inspect(self, picture: PictureFile) -> dict[str, float]:
        """Have a picture inspected, verdict and report.

        Returns:
            Seconds of its steps as the console tells them; empty where it does not.

        Raises:
            EvaluationError: if anything went wrong, with what was answered.
        """
        ...


class RestOperator:
    """Posts pictures to /api/inspect."""

    way = "REST"

    def __init__(self, address: str, name: str, stack: ExitStack) -> None:
        self._client = stack.enter_context(httpx.Client(base_url=address, timeout=ANSWER_WITHIN_S))
        self._name = name

    def inspect(self, picture: PictureFile) -> dict[str, float]:
        try:
            answer = self._client.post(
                "/api/inspect",
                data={"product": DEMO_PRODUCT_KEY, "inspector": self._name},
                files={"image": (picture.filename, picture.read())},
            )
        except httpx.HTTPError as error:
            raise EvaluationError(f"{picture.filename}: {type(error).__name__} {error}") from error
        if not answer.is_success:
            raise EvaluationError(f"{picture.filename}: {answer.status_code} {answer.text[:300]}")
        record = answer.json()
        if record["failed_steps"]:
            raise EvaluationError(f"{picture.filename}: failed steps {record['failed_steps']}")
        return record["timing"]


class BrowserOperator:
    """Drops pictures into the Inspect page; done when that has drawn the new inspection."""

    way = "browser"

    def __init__(self, address: str, name: str, stack: ExitStack) -> None:
        """Open the page.

        Raises:
            EvaluationError: if there is no Chromium, or the page does not open.
        """
        from playwright.sync_api import Error, sync_playwright

        try:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
            stack.callback(browser.close)
            self._page: Page = browser.new_page(viewport={"width": 1366, "height": 768})
            self._page.set_default_timeout(1000 * ANSWER_WITHIN_S)
            self._page.goto(address)
            self._page.locator("input[type=file]").first.wait_for(state="attached")
            self._page.locator(DRAWN).wait_for()
        except Error as error:
            raise EvaluationError(
                f"{name} could not open the console in {CHROMIUM}: {error.message.splitlines()[0]} "
                "Install it (apt-get install chromium), or leave browsers out (--browsers 0)."
            ) from error

    def inspect(self, picture: PictureFile) -> dict[str, float]:
        from playwright.sync_api import Error, FilePayload

        page, before = self._page, self._page.url
        upload = FilePayload(name=picture.filename, mimeType="image/png", buffer=picture.read())
        try:
            taken = page.locator("input[type=file]").first.element_handle()
            taken.set_input_files(upload)
            page.wait_for_url(
                lambda url: url != before and "inspection=" in url, wait_until="commit"
            )
            # The page offers a fresh uploader each time; what is dropped into the old one is lost.
            page.wait_for_function("uploader => !uploader.isConnected", arg=taken)
            page.locator(DRAWN).wait_for()
        except Error as error:
            raise EvaluationError(f"{picture.filename}: {error.message.splitlines()[0]}") from error
        return {}
