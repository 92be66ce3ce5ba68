"""Divide the time of inspections into a plant's hours, shifts, days and weeks.

DuckDB's own time zones need an extension from the net: starts of periods are worked out here, and
each inspection is joined to the last start before it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from core.records.search import Filter, where
from core.records.store.database import Database

# A common table expression; its parameter is what `starts_within` returns.
PERIODS = "periods AS (SELECT unnest(?::TIMESTAMP[]) AS start)"


def starts_within(
    database: Database,
    filter: Filter,
    starts: Callable[[datetime, datetime], list[datetime]],
) -> list[datetime]:
    """List the starts of all periods in which an inspection of a filter may lie.

    Args:
        database: the records.
        filter: which inspections.
        starts: method of `PlantTime` that lists starts between two moments.

    Returns:
        Times in UTC without a zone, as they are on record.
    """
    condition, values = where(filter)
    (found,) = database.rows(
        "SELECT min(created_at) AS first, max(created_at) AS last "
        f"FROM inspections WHERE {condition}",
        *values,
    )
    if found["first"] is None:
        return []
    return [
        start.astimezone(UTC).replace(tzinfo=None)
        for start in starts(found["first"], found["last"])
    ]
