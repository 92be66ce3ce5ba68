"""A library that is not installed, said in a sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from core.domain.errors import LibraryError
from core.infrastructure.extras import EXTRAS, library_guard, not_installed

REPOSITORY = Path(__file__).parents[2]
DISTRIBUTIONS = {"open_clip": "open-clip-torch"}


def test_the_extra_that_brings_it_is_named() -> None:
    with (
        pytest.raises(LibraryError, match=r"takes torch to train, .*'\.\[teach\]'"),
        library_guard("train"),
    ):
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")


def test_other_missing_modules_are_faults_of_ours() -> None:
    with pytest.raises(ModuleNotFoundError), library_guard("train"):
        raise ModuleNotFoundError("No module named 'ours'", name="ours")


@pytest.mark.parametrize(("module", "extra"), EXTRAS.items())
def test_every_library_is_in_its_extra(module: str, extra: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    names = {Requirement(line).name for line in project["optional-dependencies"][extra]}

    assert DISTRIBUTIONS.get(module, module) in names


def test_what_is_not_installed() -> None:
    assert not_installed(("json", "no_such_module")) == ("no_such_module",)
