"""The Compare page as a script."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import core.workbench
from core.contests import hold_contest
from core.domain import Product
from core.inspection import inspect
from core.records.contests import save_contest
from core.sources import PictureFile
from core.workbench import Workbench
from tests.pages.test_pages import page, words

MARKUP = "<script>alert(1)</script> **stars** :red[colour]"


@pytest.fixture(autouse=True)
def demo(demo_bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """The console's own workbench is that of the demo station."""
    monkeypatch.setattr(core.workbench, "_shared", demo_bench)
    return demo_bench


def texts_of_html(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def test_the_page_says_what_to_do_first() -> None:
    app = page("compare")

    assert not app.exception
    assert "Choose a picture, detectors and report writers" in words(app)


def test_an_inspections_report_is_compared_and_chosen(
    demo: Workbench, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    recorded = inspect(demo, defective_cells[0], demo_product)
    app = page("compare", inspection=recorded.id)
    # One that cannot run here stands beside the composer: the page says why.
    app.multiselect(key="compare-writers").set_value(["offline", "claude"]).run()

    next(button for button in app.button if button.label == "Compare").click().run()

    assert not app.exception
    shown = words(app)
    assert "patchcore/offline" in shown
    assert "patchcore/claude" in shown
    assert "ANTHROPIC\\_API\\_KEY" in shown, "why the composer wrote instead"
    assert demo.records.inspection(recorded.id).revisions == recorded.revisions


def test_markup_of_a_model_does_nothing(
    demo: Workbench, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    held = hold_contest(demo, defective_cells[0], demo_product, writers=["offline"])
    first = held.contestants[0]
    report = first.report.model_copy(update={"summary": MARKUP})
    writing = first.writing.model_copy(update={"reason": MARKUP})
    marked = first.model_copy(update={"report": report, "writing": writing})
    contest = held.model_copy(update={"id": f"{held.id}-m", "contestants": (marked,)})
    save_contest(demo.records, contest)

    app = page("compare", contest=contest.id)

    assert not app.exception
    assert "&lt;script&gt;" in texts_of_html(app)
    assert "<script>" not in texts_of_html(app)
    assert "\\*\\*stars\\*\\*" in words(app)
    assert ":red[colour" not in words(app)
