"""A station to be thrown away: what is measured leaves no trace in records and checkpoints."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.infrastructure.settings import Settings
from core.services.station import Station


@contextmanager
def temporary_station(settings: Settings) -> Generator[Station]:
    """A station in a temporary folder; only converted networks are those of the settings."""
    with tempfile.TemporaryDirectory() as scratch:
        aside = settings.model_copy(
            update={
                "data_dir": Path(scratch),
                "database_url": None,
                "ad_checkpoint_dir": Path(scratch) / "checkpoints",
                "model_cache": settings.model_cache_dir,
            }
        )
        with Station(aside) as station:
            yield station
