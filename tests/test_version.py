"""The program's version is written in one place, and packaging tools read it there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from core import __version__


def test_the_version_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_packaging_reads_the_version_of_core() -> None:
    declared = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())

    assert "version" not in declared["project"]
    assert declared["project"]["dynamic"] == ["version"]
    assert declared["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "core.__version__"}
