"""What the documents say by themselves of the program is what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import generate
from docs.rooms import imports, rooms_table, without_shortcuts

REPOSITORY = Path(__file__).parents[2]


def test_the_documents_are_up_to_date() -> None:
    names = [path.name for path in generate.outdated()]
    assert names == [], "run: python -m docs.generate"


def test_all_generated_parts_are_found() -> None:
    names = {path.name for path in generate.generated()}
    assert names == {"architecture.md", "command-line.md", "openapi.json"}


def test_check_names_what_is_outdated_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    paper = tmp_path / "paper.md"
    paper.write_text("before\n<!-- generated: rooms -->\nold\n<!-- end of generated -->\nafter\n")

    assert generate.main(["--check"]) == 1
    assert "Outdated: paper.md, openapi.json." in capsys.readouterr().err

    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    text = paper.read_text()
    assert text.startswith("before\n<!-- generated: rooms -->\n```mermaid\n")
    assert text.endswith("```\n<!-- end of generated -->\nafter\n")
    assert "old" not in text


def test_every_command_has_a_section() -> None:
    text = (REPOSITORY / "docs" / "command-line.md").read_text("utf-8")

    for heading in ("teach", "evaluate", "doctor", "bench operators", "knowledge add-document"):
        assert f"\n## {heading}\n" in text
    assert "\x1b" not in text


def test_the_rooms_stand_from_the_top() -> None:
    rooms = re.findall(r"^\| `core/(\w+)/`", rooms_table(REPOSITORY), re.MULTILINE)

    assert len(rooms) == 12
    assert (rooms[0], rooms[-1]) == ("interfaces", "domain")
    assert rooms.index("tasks") < rooms.index("services") < rooms.index("records")


def test_imports_are_those_of_the_source(tmp_path: Path) -> None:
    for name in ("high", "low"):
        (tmp_path / "core" / name).mkdir(parents=True)
        (tmp_path / "core" / name / "__init__.py").write_text("")
    (tmp_path / "core" / "high" / "a.py").write_text(
        "def late():\n    from core.low import b\n    import json\n"
    )
    (tmp_path / "core" / "low" / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import core.high.a\n"
    )
    (tmp_path / "app.py").write_text("import core.high.a\n")

    assert imports(tmp_path) == {"app": {"high"}, "pages": set(), "high": {"low"}, "low": set()}


@pytest.mark.parametrize(
    ("arrows", "kept"),
    [
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, {"a": {"b"}, "b": {"c"}, "c": set()}),
        (
            {"a": {"b", "c", "d"}, "b": {"d"}, "c": {"d"}, "d": set()},
            {"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()},
        ),
        # A circle stays to be seen.
        ({"a": {"b"}, "b": {"a"}}, {"a": {"b"}, "b": {"a"}}),
    ],
)
def test_only_shortcuts_are_left_out(
    arrows: dict[str, set[str]], kept: dict[str, set[str]]
) -> None:
    assert without_shortcuts(arrows) == kept
