"""Every relative link in the Markdown files leads to a file, and to the heading that it names."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).parents[2]
PAPERS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "knowledge/**/*.md", "checkpoints/*.md")
    for path in REPOSITORY.glob(pattern)
)
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OURS = re.compile(r"`((?:core|docs|pages|tests|knowledge)/[\w./-]+)`")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def prose(path: Path) -> str:
    return FENCED.sub("", path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """Anchors of a file's headings, by GitHub's rule."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(path)):
        text = LINK.sub(lambda link: link[0][1 : link[0].index("]")], heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 1
        while (name := anchor if number == 1 else f"{anchor}-{number - 1}") in found:
            number += 1
        found.add(name)
    return found


def test_anchors_are_githubs(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text(
        "# `POST /api/inspect`\n## What a verdict means\n## No. 1: a_b\n# No. 1: a_b\n"
    )

    assert anchors(paper) == {
        "post-apiinspect",
        "what-a-verdict-means",
        "no-1-a_b",
        "no-1-a_b-1",
    }


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_relative_links_resolve(paper: Path) -> None:
    broken = []
    for link in LINK.findall(prose(paper)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = paper.parent / name if name else paper
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_paths_of_the_project_exist(paper: Path) -> None:
    named = set(OURS.findall(paper.read_text("utf-8")))
    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


def test_every_document_is_linked_from_the_readme() -> None:
    linked = {
        (REPOSITORY / link.partition("#")[0]).resolve()
        for link in LINK.findall(prose(REPOSITORY / "README.md"))
    }

    assert {path for path in PAPERS if path.parent.name == "docs"} <= linked
    assert {REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "CHANGELOG.md"} <= linked
