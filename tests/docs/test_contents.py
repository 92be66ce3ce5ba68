"""The documents name every setting, endpoint, policy value and detector; their commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from core.detection.registry import DETECTORS
from core.domain.policy import Line, Policy, SeverityRule
from core.infrastructure.settings import Settings
from core.interfaces.api import api
from core.interfaces.cli.main import command_parser
from core.interfaces.inspection_json import inspection_record
from tests.records.examples import inspection

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAPERS = [*REPOSITORY.glob("*.md"), *DOCS.glob("*.md")]
COMMAND = re.compile(r"python -m core (?!\.\.\.)[^`\n]+")


def documented_commands() -> list[str]:
    """Commands in code, as they would be typed; text that --help printed is none."""
    return sorted(
        {
            command.strip()
            for paper in PAPERS
            for command in COMMAND.findall(paper.read_text("utf-8"))
            if paper.name != "command-line.md"
        }
    )


@pytest.mark.parametrize("command", documented_commands())
def test_a_documented_command_is_understood(command: str) -> None:
    arguments = shlex.split(command)[3:]
    options = command_parser().parse_args(arguments)
    assert callable(options.run)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_table_and_the_example(name: str) -> None:
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (DOCS / "operations.md").read_text("utf-8"), re.M)
    example = (REPOSITORY / ".env.example").read_text("utf-8")

    assert f"`{name.upper()}`" in " ".join(rows)
    assert re.search(rf"^(# )?{name.upper()}=", example, re.M)


@pytest.mark.parametrize(
    "name",
    [
        *(name for name in Policy.model_fields if name not in ("severity", "line")),
        *(f"severity.{name}" for name in SeverityRule.model_fields),
        *(f"line.{name}" for name in Line.model_fields),
    ],
)
def test_every_value_of_a_policy_is_in_the_table(name: str) -> None:
    assert f"`{name}" in (DOCS / "detectors.md").read_text("utf-8")


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_is_in_the_table(name: str) -> None:
    assert f"| `{name}`" in (DOCS / "detectors.md").read_text("utf-8")


def test_every_endpoint_and_field_is_described() -> None:
    text = (DOCS / "rest.md").read_text("utf-8")
    schema = api.openapi()
    forms = [form for name, form in schema["components"]["schemas"].items() if "Body" in name]

    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"## `{method.upper()} /api{path}`" in text
    assert forms
    for form in forms:
        for field in form["properties"]:
            assert f"`{field}`" in text


def test_every_key_of_an_inspection_is_described() -> None:
    text = (DOCS / "rest.md").read_text("utf-8")
    missing = [key for key in inspection_record(inspection()) if f"`{key}`" not in text]
    assert missing == []
