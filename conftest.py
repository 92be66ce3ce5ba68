"""What tests and the examples in docstrings share: a folder of the run, and converted networks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

# Each may hold networks of some gigabytes.
MOST_WORKERS = 4
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if IS_WORKER and hasattr(os, "sched_setaffinity"):
    # Each worker and what it starts keeps to a core: threads of two on both would only wait for
    # each other.
    cores = sorted(os.sched_getaffinity(0))
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers for the whole suite; a file or a test alone is done sooner without any."""
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min(os.cpu_count() or 1, MOST_WORKERS) if is_whole else 0


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that each of its workers sees."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if IS_WORKER else own


@pytest.fixture(scope="session")
def made_once(shared_folder: Path) -> Callable[[str, Callable[[Path], object]], Path]:
    """Make a folder of a name, unless another worker has; they only read it, or copy it."""

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared_folder / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                unfinished = folder.with_suffix(".unfinished")
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def model_cache(shared_folder: Path) -> Path:
    """Converted networks, made once for the whole run."""
    return shared_folder / "models"


@pytest.fixture(autouse=True)
def example_folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples in docstrings run in an empty folder, and take networks that were converted."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))
        monkeypatch.setenv("MODEL_CACHE", str(request.getfixturevalue("model_cache")))
