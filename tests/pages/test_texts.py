"""Every text of the console exists in every language, and every text is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from core.domain import Job, JobState, JobStep, Language, Step, step_on_record
from core.domain.report import Confidence
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.services.preferences import CHANGEABLE, fixed_settings
from core.services.station import Station
from core.tasks.registry import TASKS
from pages.parts.inspect.intake import SOURCES
from pages.parts.job_words import job_name, step_text
from pages.texts import SINGULAR, number, t, texts
from pages.texts.labels import Labelled, place_label

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "pages"
# Codes that are no enumerations of core.
CODES: dict[str, tuple[str, ...]] = {
    "Confidence": get_args(Confidence),
    "JobKind": tuple(TASKS),
    "PictureSource": SOURCES,
    "Runs": get_args(Model.model_fields["runs"].annotation),
    "StepStatus": get_args(Step.model_fields["status"].annotation),
    "meanings": tuple(each.name.lower() for each in fixed_settings(Settings()) if each.description),
    "settings": tuple(name + ending for name in CHANGEABLE for ending in ("", "_help")),
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def used() -> Iterator[tuple[str, set[str]]]:
    """Keys that the pages ask for, with the values that they give."""
    for path in PAGES.rglob("*.py"):
        if path.name == "labels.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "t"
            ):
                key = node.args[0]
                assert isinstance(key, ast.Constant), f"{path.name}:{node.lineno}: a literal key"
                yield str(key.value), {word.arg for word in node.keywords if word.arg}


def labelled() -> Iterator[str]:
    """Keys of the texts for codes of core: each member of an enumeration, and each other code."""
    for kind in get_args(Labelled):
        yield from (f"{kind.__name__}.{member.name.lower()}" for member in kind)
    for kind, codes in CODES.items():
        yield from (f"{kind}.{code.replace(' ', '_')}" for code in codes)
    yield from ("words.clock", "words.clock_rim")


def plurals(language: Language) -> dict[str, str]:
    """Texts without the other forms that some of them have for a count of one."""
    return {key: text for key, text in texts(language).items() if not key.endswith(SINGULAR)}


@pytest.mark.parametrize("language", Language)
def test_a_language_has_the_same_texts_and_placeholders_as_english(language: Language) -> None:
    english, other = plurals(Language.ENGLISH), plurals(language)

    assert other.keys() == english.keys()
    wrong = [key for key in english if placeholders(other[key]) != placeholders(english[key])]
    assert wrong == []
    assert not [key for key, text in other.items() if not text.strip()]


def test_texts_and_pages_fit_together() -> None:
    asked = list(used())
    english = plurals(Language.ENGLISH)

    assert {key for key, _ in asked} | set(labelled()) == english.keys()
    wrong = [key for key, given in asked if given != placeholders(english[key])]
    assert wrong == []


@pytest.mark.parametrize("language", Language)
def test_a_singular_stands_beside_the_text_of_a_count(language: Language) -> None:
    plural = plurals(language)
    singular = {key: text for key, text in texts(language).items() if key not in plural}

    for key, text in singular.items():
        other = plural[key.removesuffix(SINGULAR)]
        assert text != other
        assert "count" in placeholders(text)
        assert placeholders(text) == placeholders(other), key


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        (Language.ENGLISH, "1 inspection", "2 inspections"),
        (Language.GERMAN, "1 Prüfung", "2 Prüfungen"),
        (Language.KOREAN, "검사 1건", "검사 2건"),
    ],
)
def test_a_count_of_one_is_told_in_the_singular(
    language: Language, one: str, two: str, empty: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = empty.settings.model_copy(update={"console_language": language})
    monkeypatch.setattr(empty, "settings", settings)

    assert [t("quality.inspected", count=number(count)) for count in (1, 2)] == [one, two]


def test_the_german_abbreviation_of_fail_stays_on_one_line() -> None:
    # Between its letters stand no-break spaces: torn apart it could be read as PASS.
    broken = [text for text in texts(Language.GERMAN).values() if re.search(r"i\. O|n\. i", text)]
    assert broken == []


def test_a_job_tells_its_step_in_the_consoles_language(
    empty: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = empty.settings.model_copy(update={"console_language": Language.KOREAN})
    monkeypatch.setattr(empty, "settings", settings)
    job = Job(
        id="J",
        kind="evaluate",
        title="bottle",
        who="",
        created_at=datetime.now(UTC),
        state=JobState.RUNNING,
        step=step_on_record(JobStep.JUDGE_TESTS, "bottle"),
    )

    assert step_text(job) == "bottle: 테스트 사진 판정"
    assert step_text(job.model_copy(update={"step": "Done"})) == "완료"
    assert step_text(job.model_copy(update={"step": ""})) == ""


@pytest.mark.parametrize("language", [Language.KOREAN, Language.GERMAN])
def test_every_step_is_translated(language: Language) -> None:
    english, other = texts(Language.ENGLISH), texts(language)
    keys = [key for key in labelled() if key.startswith(("JobStep.", "StepName."))]

    assert len(keys) > 30
    assert [key for key in keys if other[key] == english[key]] == []


@pytest.mark.usefixtures("empty")
def test_a_place_on_the_clock_has_words() -> None:
    assert place_label("3 o'clock, rim") == "3 o'clock, rim"
    assert place_label("top left") == "top left"
    with pytest.raises(ValueError, match="nowhere"):
        place_label("nowhere")


@pytest.mark.parametrize("kind", TASKS)
def test_every_kind_of_job_has_a_name(kind: str, empty: Station) -> None:
    job = Job(
        id="J",
        kind=kind,
        title="ELPV/mono",
        who="",
        created_at=datetime.now(UTC),
        state=JobState.RUNNING,
        done=3,
        total=13,
    )

    assert re.fullmatch(r"[A-Z].+: ELPV/mono(, 13 pictures)?", job_name(job))
