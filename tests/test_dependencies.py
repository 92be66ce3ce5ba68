"""requirements.txt pins what pyproject.toml asks for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
ASKED_FOR = [
    *PROJECT["dependencies"],
    *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
]


def pinned() -> list[Requirement]:
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    # What follows a version is a note on who asks for it.
    bare = [line.partition("#")[0].strip() for line in lines]
    return [Requirement(line) for line in bare if line]


@pytest.fixture(scope="module")
def versions() -> dict[str, str]:
    """Version of each pinned distribution."""
    return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in pinned()}


def test_every_version_is_exact_and_stands_once() -> None:
    names = [canonicalize_name(one.name) for one in pinned()]

    assert len(names) == len(set(names))
    for one in pinned():
        assert [specifier.operator for specifier in one.specifier] == ["=="], one


@pytest.mark.parametrize("line", ASKED_FOR)
def test_what_is_asked_for_is_pinned(line: str, versions: dict[str, str]) -> None:
    asked = Requirement(line)

    assert asked.specifier.contains(versions[canonicalize_name(asked.name)])


def test_no_address_or_path_of_a_machine_is_kept() -> None:
    for line in (REPOSITORY / "requirements.txt").read_text().splitlines():
        assert not any(mark in line for mark in ("://", "--index", "--find-links", " @ "))
