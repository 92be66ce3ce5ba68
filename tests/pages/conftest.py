"""The console's own workbench, in several states."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack

import pytest

import core.services.workbench
from core.evaluation.benchmarks.generated_records import generate
from core.infrastructure.settings import Settings
from core.services.workbench import Workbench

# More than are exported at once.
MANY = 21_000


@pytest.fixture
def demo(demo_bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """The console's own workbench is that of the demo station."""
    monkeypatch.setattr(core.services.workbench, "_shared", demo_bench)
    return demo_bench


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[Settings], Workbench]]:
    """Opens a workbench that is then the console's own."""
    with ExitStack() as opened:

        def open_workbench(settings: Settings) -> Workbench:
            workbench = opened.enter_context(Workbench(settings))
            monkeypatch.setattr(core.services.workbench, "_shared", workbench)
            return workbench

        yield open_workbench


@pytest.fixture
def empty(station: Settings, console: Callable[[Settings], Workbench]) -> Workbench:
    """The console's own workbench is that of a station without products."""
    return console(station)


@pytest.fixture(scope="package")
def line(tmp_path_factory: pytest.TempPathFactory) -> Generator[Workbench]:
    """A station with made-up inspections and no detector."""
    root = tmp_path_factory.mktemp("line")
    settings = Settings(data_dir=root / "data", ad_checkpoint_dir=root / "checkpoints")
    with Workbench(settings) as workbench:
        generate(workbench.records, MANY, settings.audit_share)
        yield workbench


@pytest.fixture
def busy(line: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """The console's own workbench is that of a station with much on record."""
    monkeypatch.setattr(core.services.workbench, "_shared", line)
    return line
