"""Count what quality figures are made of, for the inspections that a filter means.

What was inspected in error counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain.plant_time import UTC_DAYS, PlantTime
from core.records.periods import PERIODS, starts_within
from core.records.search import Filter, where
from core.records.standing import IS_COUNTED
from core.records.store.database import Database
from core.statistics.counts import Period, PeriodCount, TypeCount, VerdictCount

GRID = 24  # fields along each side of the picture
# Stopped, or passed and found bad by a person; a false alarm is no defect.
IS_DEFECTIVE = """(verdict <> 'PASS'
    OR disposition IN ('rework', 'repair', 'scrap', 'return to supplier'))"""
IS_FALSE_ALARM = "coalesce(disposition, '') = 'void (false alarm)'"
PERIOD_COUNTS = """count(*) AS inspected,
    count(*) FILTER (is_first) AS first,
    count(*) FILTER (is_first AND verdict = 'PASS') AS first_passed,
    count(*) FILTER (verdict = 'REVIEW') AS reviewed,
    count(*) FILTER (verdict = 'FAIL') AS failed"""


def verdict_counts(database: Database, filter: Filter) -> tuple[VerdictCount, ...]:
    """Count inspections by verdict, newest and blind disposition, first of the part, and drawn."""
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT verdict, disposition, is_first, is_audited, blind_disposition, count(*) AS count
        FROM inspections WHERE {IS_COUNTED} AND {condition} GROUP BY ALL ORDER BY ALL
        """,
        *values,
    )
    return tuple(VerdictCount(**row) for row in found)


def period_counts(
    database: Database, filter: Filter, by: Period, plant: PlantTime = UTC_DAYS
) -> tuple[PeriodCount, ...]:
    """Count the verdicts of each hour, shift, day or lot that has an inspection, by time.

    Lots of the same name of several products are one; inspections without a lot are in none.
    """
    condition, values = where(filter)
    match by:
        case Period.LOT:
            return _lot_counts(database, condition, values)
        case Period.HOUR:
            starts = plant.hours
        case Period.SHIFT:
            starts = plant.shifts
        case Period.DAY:
            starts = plant.days
    found = database.rows(
        f"""
        WITH {PERIODS}
        SELECT start, {PERIOD_COUNTS}
        FROM inspections ASOF JOIN periods ON inspections.created_at >= periods.start
        WHERE {IS_COUNTED} AND {condition} GROUP BY start ORDER BY start
        """,
        starts_within(database, filter, starts),
        *values,
    )
    local = [row | {"start": row["start"].astimezone(plant.zone)} for row in found]
    return tuple(
        PeriodCount(**row, label=row["start"].isoformat(timespec="minutes")) for row in local
    )


def _lot_counts(
    database: Database, condition: str, values: Sequence[object]
) -> tuple[PeriodCount, ...]:
    found = database.rows(
        f"""
        SELECT lot AS label, min(created_at) AS start, {PERIOD_COUNTS}
        FROM inspections WHERE lot <> '' AND {IS_COUNTED} AND {condition}
        GROUP BY lot ORDER BY start, label
        """,
        *values,
    )
    return tuple(PeriodCount(**row) for row in found)


def type_counts(database: Database, filter: Filter) -> tuple[TypeCount, ...]:
    """Count stopped parts, and passed ones found bad, by product, defect type and disposition,
    those whose type a person confirmed apart from those whose type is a guess.

    False alarms are among them, with their disposition. A stopped part on which no defect was
    located counts as not classified.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT product_key, disposition, is_type_confirmed AS is_confirmed, count(*) AS count,
            coalesce(nullif(defect_type, ''), 'not classified') AS defect_type
        FROM inspections WHERE {IS_DEFECTIVE} AND {IS_COUNTED} AND {condition}
        GROUP BY ALL ORDER BY ALL
        """,
        *values,
    )
    return tuple(TypeCount(**row) for row in found)


def defect_places(
    database: Database, filter: Filter, *, columns: int = GRID, rows: int = GRID
) -> np.ndarray:
    """Count where on the picture the defects of defective parts lie, without false alarms.

    It says something of the part only where all pictures show it in one pose: filter by product.

    Returns:
        int64 (rows, columns): centroids in each field of a grid over the picture, top row first.
    """
    condition, values = where(filter)
    found = database.rows(
        f"""
        SELECT least(floor(centroid_x / width * ?), ? - 1)::INTEGER AS x,
            least(floor(centroid_y / height * ?), ? - 1)::INTEGER AS y,
            count(*) AS count
        FROM defects JOIN inspections ON inspections.id = inspection_id
        WHERE {IS_DEFECTIVE} AND NOT {IS_FALSE_ALARM} AND {IS_COUNTED} AND {condition}
        GROUP BY ALL
        """,
        columns,
        columns,
        rows,
        rows,
        *values,
    )
    counts = np.zeros((rows, columns), np.int64)
    for row in found:
        counts[row["y"], row["x"]] = row["count"]
    return counts
