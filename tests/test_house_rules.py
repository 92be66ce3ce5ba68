"""What import-linter cannot hold: heavy libraries wait until they are used, and rooms are whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
CORE = sorted((REPOSITORY / "core").rglob("*.py"))
HEAVY = {"torch", "anomalib", "transformers", "chromadb", "sentence_transformers", "openvino"}


def imported_at_top(path: Path) -> set[str]:
    """Top-level packages that importing the file imports."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_heavy_libraries_wait_until_they_are_used(path: Path) -> None:
    assert not HEAVY & imported_at_top(path)


def test_no_module_lies_outside_the_rooms() -> None:
    loose = {path.name for path in (REPOSITORY / "core").glob("*.py")}

    assert loose == {"__init__.py", "__main__.py"}


def test_composition_root_is_short() -> None:
    assert len((REPOSITORY / "app.py").read_text().splitlines()) < 60


def test_console_starts_without_heavy_libraries() -> None:
    program = f"import app, sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stdout == "[]\n", done.stderr
