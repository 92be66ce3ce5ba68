"""Imports point downward, and heavy libraries wait until they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
CORE = sorted((REPOSITORY / "core").rglob("*.py"))
PAGES = sorted((REPOSITORY / "pages").rglob("*.py"))
BELOW_THE_ROOMS = {"domain", "infrastructure", "statistics", "imaging"}
ROOMS = {"detection", "retrieval", "reporting", "records"}
TOP = {"interfaces", "evaluation", "tasks", "__main__"}
HEAVY = {"torch", "anomalib", "transformers", "chromadb", "sentence_transformers", "openvino"}
SPEAKS_STREAMLITS_PROTOCOL = "console_session.py"
NOT_FOR_PAGES = HEAVY | {"cv2", "duckdb", "langchain_chroma", "openai", "anthropic", "google"}


def imported(path: Path, *, at_top: bool = False) -> set[str]:
    """Modules that a file imports; at_top leaves out what waits inside a function."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if at_top else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def roots(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_core_keeps_the_rules(path: Path) -> None:
    # Every room may name the program's version, which belongs to none.
    modules = imported(path) - {"core.__version__"}
    rooms = {module.split(".")[1] for module in modules if module.startswith("core.")}
    own = path.relative_to(REPOSITORY / "core").parts[0].removesuffix(".py")

    if path.name != SPEAKS_STREAMLITS_PROTOCOL:
        assert "streamlit" not in roots(modules)
    assert not HEAVY & roots(imported(path, at_top=True))
    if own in ROOMS:
        assert rooms <= {own} | BELOW_THE_ROOMS
    if own == "domain":
        assert rooms <= {"domain"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_pages_call_core_and_nothing_below_it(path: Path) -> None:
    assert not NOT_FOR_PAGES & roots(imported(path))


def test_composition_root_is_short() -> None:
    assert len((REPOSITORY / "app.py").read_text().splitlines()) < 60


def test_console_starts_without_heavy_libraries() -> None:
    program = f"import app, sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY
    )

    assert done.stdout == "[]\n", done.stderr
