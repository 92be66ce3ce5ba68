"""The console's own station, in several states."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack

import pytest

import core.tasks.shared_station
from core.evaluation.benchmarks.generated_records import generate
from core.infrastructure.settings import Settings
from core.services.station import Station
from core.tasks.shared_station import open_station

# More than are exported at once.
MANY = 21_000


@pytest.fixture
def demo(demo_station: Station, monkeypatch: pytest.MonkeyPatch) -> Station:
    """The console's own station is that of the demo station."""
    monkeypatch.setattr(core.tasks.shared_station, "_shared", demo_station)
    return demo_station


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[Settings], Station]]:
    """Open a station that is then the console's own."""
    with ExitStack() as opened:

        def share(settings: Settings) -> Station:
            station = opened.enter_context(open_station(settings))
            monkeypatch.setattr(core.tasks.shared_station, "_shared", station)
            return station

        yield share


@pytest.fixture
def empty(station_settings: Settings, console: Callable[[Settings], Station]) -> Station:
    """The console's own station is that of a station without products."""
    return console(station_settings)


@pytest.fixture(scope="package")
def line(tmp_path_factory: pytest.TempPathFactory) -> Generator[Station]:
    """A station with made-up inspections and no detector."""
    root = tmp_path_factory.mktemp("line")
    settings = Settings(data_dir=root / "data", ad_checkpoint_dir=root / "checkpoints")
    with open_station(settings) as station:
        generate(station.records, MANY, settings.audit_share)
        yield station


@pytest.fixture
def busy(line: Station, monkeypatch: pytest.MonkeyPatch) -> Station:
    """The console's own station is that of a station with much on record."""
    monkeypatch.setattr(core.tasks.shared_station, "_shared", line)
    return line
