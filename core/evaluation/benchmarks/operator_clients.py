"""Simulate operators, by a scripted session of the console or by a browser."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

from core.domain.errors import EvaluationError
from core.imaging.picture_files import PictureFile

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from core.evaluation.benchmarks.console_session import ForwardMsg

ANSWER_WITHIN_S = 120
# Streamlit's mark of a page whose script has ended.
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"
CHROMIUM = "/usr/bin/chromium"
# The sidebar shows the verdict until the inspection is drawn, which is too short for polling.
WATCH_FOR_VERDICT = """
() => {
    const side = document.querySelector("[data-testid=stSidebar]"), start = performance.now();
    window.verdictAfterMs = null;
    const watch = new MutationObserver(() => {
        if (/\\b(PASS|REVIEW|FAIL)\\b/.test(side.innerText)) {
            window.verdictAfterMs = performance.now() - start;
            watch.disconnect();
        }
    });
    watch.observe(side, {subtree: true, childList: true, characterData: true});
}
"""
# Background traffic of the browser would disturb the timing.
QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")


@dataclass(frozen=True)
class Answered:
    """An inspected picture.

    Attributes:
        inspection: its id.
        verdict: seconds from the start of the upload until the page showed the verdict.
        drawn: seconds until the page showed the whole inspection, with report and pictures.
    """

    inspection: str
    verdict: float
    drawn: float


class Operator(Protocol):
    """Inspects one part after another."""

    way: str

    def inspect(self, picture: PictureFile) -> Answered:
        """Have a picture inspected, including verdict and report.

        Raises:
            EvaluationError: if anything went wrong; it quotes the page.
        """
        ...


class SessionOperator:
    """Speaks Streamlit's protocol to the Inspect page, without a browser."""

    way = "session"

    def __init__(self, address: str, _name: str, stack: ExitStack) -> None:
        """Open the page.

        Raises:
            EvaluationError: if it does not open, or shows an error.
        """
        from core.evaluation.benchmarks.console_session import ConsoleSession

        self._session = ConsoleSession(address, stack)
        self._complained_of: set[str] = set()
        self._complain()

    def inspect(self, picture: PictureFile) -> Answered:
        session, before = self._session, _inspection_of(self._session.query)
        watched = _VerdictWatch(picture.filename)
        start = time.perf_counter()
        verdict = None
        for message in session.rerun(session.upload(picture)):
            if verdict is None and (
                watched.is_told_by(message) or _inspection_of(session.query) != before
            ):
                verdict = time.perf_counter() - start
        session.fetch_pictures()
        drawn = time.perf_counter() - start
        self._complain()
        inspection = _inspection_of(session.query)
        if verdict is None or inspection == before:
            raise EvaluationError(f"{picture.filename}: the page drew no new inspection.")
        return Answered(inspection, verdict, drawn)

    def _complain(self) -> None:
        """Raise the page's error; an error that stays on the page is raised once."""
        errors = set(self._session.page.errors) - self._complained_of
        self._complained_of |= errors
        if errors:
            raise EvaluationError("; ".join(sorted(errors)))


class _VerdictWatch:
    """Recognise the verdict: it replaces the element that showed the judging."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._place: list[int] | None = None

    def is_told_by(self, message: ForwardMsg) -> bool:
        body = message.delta.new_element.markdown.body
        place = list(message.metadata.delta_path)
        if self._place is None and self._filename in body.replace("\\", ""):
            self._place = place
            return False
        return bool(body) and place == self._place


class BrowserOperator:
    """Drops pictures into the Inspect page in Chromium."""

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

    def inspect(self, picture: PictureFile) -> Answered:
        from playwright.sync_api import Error, FilePayload

        page, before = self._page, self._page.url
        upload = FilePayload(name=picture.filename, mimeType="image/png", buffer=picture.read())
        try:
            page.evaluate(WATCH_FOR_VERDICT)
            start = time.perf_counter()
            taken = page.locator("input[type=file]").first.element_handle()
            taken.set_input_files(upload)
            page.wait_for_url(
                lambda url: url != before and "inspection=" in url, wait_until="commit"
            )
            # The page renews its uploader each time; a file dropped into the old one is lost.
            page.wait_for_function("uploader => !uploader.isConnected", arg=taken)
            page.locator(DRAWN).wait_for()
            drawn = time.perf_counter() - start
            shown_ms = page.evaluate("window.verdictAfterMs")
        except Error as error:
            raise EvaluationError(f"{picture.filename}: {error.message.splitlines()[0]}") from error
        # On a busy machine the browser may paint only the final state: both at once.
        verdict = drawn if shown_ms is None else shown_ms / 1000
        return Answered(_inspection_of(urlsplit(page.url).query), verdict, drawn)


def _inspection_of(query: str) -> str:
    """Read the inspection's id from a query string; empty if it has none."""
    return parse_qs(query).get("inspection", [""])[0]
