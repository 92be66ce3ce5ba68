"""A link opens the same view in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import Language
from core.workbench import Workbench
from pages.texts import texts

PAGES = Path(__file__).parents[2] / "pages"


def bound_widgets() -> Iterator[tuple[str, ast.Call]]:
    """Calls that leave a widget's part of the URL to Streamlit."""
    for path in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and any(word.arg == "bind" for word in node.keywords):
                yield f"{path.name}:{node.lineno}", node


def test_no_text_of_an_option_stands_in_a_url() -> None:
    # Streamlit binds tabs by their labels, and other choices by what format_func gives.
    found = list(bound_widgets())
    by_text = [
        place
        for place, call in found
        if any(word.arg == "format_func" for word in call.keywords)
        or (isinstance(call.func, ast.Attribute) and call.func.attr == "tabs")
    ]

    assert found
    assert by_text == []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("name", "view", "button"),
    [("knowledge", "write", "knowledge.add_entry"), ("products", "teach", "products.teach")],
)
def test_a_view_opens_by_its_value(
    name: str,
    view: str,
    button: str,
    language: Language,
    demo: Workbench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = demo.settings.model_copy(update={"console_language": language})
    monkeypatch.setattr(demo, "settings", settings)
    app = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=60)
    app.query_params["view"] = view
    app.run()

    assert not app.exception
    assert texts(language)[button] in {element.label for element in app.button}
