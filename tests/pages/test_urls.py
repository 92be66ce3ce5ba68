"""A link opens the same view in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from core.domain import Language
from core.services.station import Station
from pages.texts import texts
from tests.pages.app import PAGES, page, parameter


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
    demo: Station,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = demo.settings.model_copy(update={"console_language": language})
    monkeypatch.setattr(demo, "settings", settings)

    app = page(name, view=view)

    assert texts(language)[button] in {element.label for element in app.button}


@pytest.mark.usefixtures("busy")
def test_a_value_that_is_no_option_leaves_the_url() -> None:
    app = page("history", **{"by-verdict": "NOPE", "by-disposition": "scrap"})

    assert "by-verdict" not in app.query_params
    assert parameter(app, "by-disposition") == "scrap"
    assert app.selectbox(key="by-verdict").value is None
