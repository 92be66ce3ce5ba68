"""The station that the console, REST and background jobs of one process share."""

from __future__ import annotations

import threading

from core.infrastructure.settings import Settings, settings
from core.services.station import Station
from core.tasks.registry import task_of

_shared: Station | None = None
_shared_lock = threading.Lock()


def open_station(settings: Settings) -> Station:
    """Open a station that can run jobs.

    Raises:
        RecordsError: if the records are locked by another process, damaged or unwritable.
    """
    return Station(settings, task_of)


def shared_station() -> Station:
    """Return the station of this process, opened at first use: DuckDB allows only one process.

    Raises:
        RecordsError: as `open_station`.
    """
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = open_station(settings())
        return _shared


def close_shared_station() -> None:
    """Close the station of this process, if it is open."""
    global _shared
    with _shared_lock:
        if _shared is not None:
            _shared.close()
            _shared = None
