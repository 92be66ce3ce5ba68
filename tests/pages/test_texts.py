"""Every text of the console exists in every language, and every text is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from core.domain import Language
from pages.texts import texts

PAGES = Path(__file__).parents[2] / "pages"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def used() -> Iterator[tuple[str, set[str]]]:
    """Keys that the pages ask for, with the values that they give."""
    for path in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "t"
            ):
                key = node.args[0]
                assert isinstance(key, ast.Constant), f"{path.name}:{node.lineno}: a literal key"
                yield str(key.value), {word.arg for word in node.keywords if word.arg}


@pytest.mark.parametrize("language", Language)
def test_a_language_has_the_same_texts_and_placeholders_as_english(language: Language) -> None:
    english, other = texts(Language.ENGLISH), texts(language)

    assert other.keys() == english.keys()
    wrong = [key for key in english if placeholders(other[key]) != placeholders(english[key])]
    assert wrong == []
    assert not [key for key, text in other.items() if not text.strip()]


def test_texts_and_pages_fit_together() -> None:
    asked = list(used())
    english = texts(Language.ENGLISH)

    assert {key for key, _ in asked} == english.keys()
    wrong = [key for key, given in asked if given != placeholders(english[key])]
    assert wrong == []
