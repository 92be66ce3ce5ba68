"""A station to be thrown away: what is measured leaves no trace in records and checkpoints."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.infrastructure.settings import Settings
from core.services.station import Station


@contextmanager
def temporary_settings(settings: Settings) -> Generator[Settings]:
    """Copy settings, with folders that are deleted at the end; converted networks stay shared."""
    with tempfile.TemporaryDirectory() as scratch:
        yield settings.model_copy(
            update={
                "data_dir": Path(scratch),
                "database_url": None,
                "ad_checkpoint_dir": Path(scratch) / "checkpoints",
                # A console in a process of its own works in another folder.
                "model_cache": settings.model_cache_dir.absolute(),
            }
        )


@contextmanager
def temporary_station(settings: Settings) -> Generator[Station]:
    """Open a station of `temporary_settings`."""
    with temporary_settings(settings) as aside, Station(aside) as station:
        yield station
