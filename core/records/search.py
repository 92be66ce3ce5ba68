"""Filter, search, count and page inspections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from core.domain import Disposition, Frozen, InspectionSummary, Verdict, composed
from core.domain.plant_time import PlantTime
from core.records.standing import folded
from core.records.store.database import Database
from core.records.store.rows import summary_of

PAGE = 50  # inspections
SUMMARY = ", ".join(InspectionSummary.model_fields)
# What a person is still asked to decide: of the parts that passed, those that were drawn.
WAITS = (
    "inspections.disposition IS NULL AND (inspections.verdict <> 'PASS' OR inspections.is_audited)"
)
NEWEST_FIRST = "ORDER BY created_at DESC, id DESC"


class Filter(Frozen):
    """Which inspections are meant; what is left out does not matter.

    Example:
        >>> Filter(product_key="ELPV/mono", verdict=Verdict.FAIL, disposition="open").text
        ''
    """

    product_key: str | None = None
    lot: str | None = None
    serial: str | None = None
    station: str | None = None
    verdict: Verdict | None = None
    disposition: Disposition | Literal["open"] | None = Field(
        None, description="the newest one; 'open': a person is asked for one"
    )
    defect_type: str | None = Field(
        None, description="see `core.records.standing`; NOT_CLASSIFIED, or empty: without a defect"
    )
    signed: bool | None = Field(None, description="whether the report was signed")
    since: AwareDatetime | None = Field(None, description="the first moment that counts")
    until: AwareDatetime | None = Field(None, description="the first moment after those")
    text: str = Field(
        "",
        description="anywhere in file name, lot, serial, id, inspector, defect type, reason of the "
        "newest disposition or summary of the report that counts; literal, in any capitals",
    )


def whole_days(
    first: date | None, last: date | None, plant: PlantTime
) -> tuple[datetime | None, datetime | None]:
    """Return `since` and `until` of a filter that means whole days of a plant.

    None leaves that end open.

    Example:
        >>> whole_days(date(2026, 11, 1), date(2026, 11, 1), PlantTime())[1].isoformat()
        '2026-11-02T00:00:00+00:00'
    """
    since = None if first is None else plant.day(first)
    # The next day's start, not 24 hours later: clocks may change in between.
    until = None if last is None else plant.day(last + timedelta(days=1))
    return since, until


def search(
    database: Database, filter: Filter | None = None, *, limit: int = PAGE, offset: int = 0
) -> tuple[InspectionSummary, ...]:
    """List a page of the inspections that a filter means (None: of all), the newest first."""
    condition, values = listed(filter or Filter())
    found = database.rows(
        f"SELECT {SUMMARY} FROM inspections WHERE {condition} {NEWEST_FIRST} LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    return tuple(summary_of(row) for row in found)


def of_ids(database: Database, ids: Sequence[str]) -> tuple[InspectionSummary, ...]:
    """List the inspections of these ids that are on record, in the order of the ids."""
    found = database.rows(
        f"SELECT {SUMMARY} FROM inspections WHERE id IN (SELECT unnest(?::VARCHAR[]))", list(ids)
    )
    known = {row["id"]: summary_of(row) for row in found}
    return tuple(known[one] for one in ids if one in known)


def count(database: Database, filter: Filter | None = None) -> int:
    """Count the inspections that a filter means; None: all."""
    condition, values = listed(filter or Filter())
    found = database.rows(f"SELECT count(*) AS n FROM inspections WHERE {condition}", *values)
    return found[0]["n"]


def ids(database: Database, filter: Filter) -> tuple[str, ...]:
    """List the ids of all inspections that a filter means, the newest first."""
    condition, values = listed(filter)
    found = database.rows(f"SELECT id FROM inspections WHERE {condition} {NEWEST_FIRST}", *values)
    return tuple(row["id"] for row in found)


def values_of(
    database: Database, column: Literal["station", "defect_type", "lot"], filter: Filter
) -> tuple[str, ...]:
    """List the values of a column among the inspections that a filter means, in order."""
    condition, values = where(filter)
    found = database.rows(
        f"SELECT DISTINCT {column} AS value FROM inspections WHERE {condition} ORDER BY value",
        *values,
    )
    return tuple(row["value"] for row in found)


def listed(filter: Filter) -> tuple[str, list[object]]:
    """Return the condition and values of a filter for a list: what it shows gives nothing away.

    A sealed finding is in no list that is chosen by what was found.
    """
    condition, values = where(filter)
    if filter.verdict is None and filter.defect_type is None:
        return condition, values
    return f"{condition} AND NOT inspections.is_sealed", values


def where(filter: Filter) -> tuple[str, list[object]]:
    """Return a filter's condition on the columns of `inspections`, and its parameters' values."""
    terms: list[str] = []
    values: list[object] = []

    def add(term: str, value: object) -> None:
        terms.append(term)
        values.append(value)

    for column in ("product_key", "verdict", "defect_type"):
        value = getattr(filter, column)
        if value is not None:
            add(f"inspections.{column} = ?", str(value))
    for column in ("lot", "serial", "station"):
        value = getattr(filter, column)
        if value is not None:
            # As it is on record now, or as an older program may have recorded it.
            terms.append(f"inspections.{column} IN (?, ?)")
            values.extend([composed(value), value])
    if filter.disposition == "open":
        terms.append(WAITS)
    elif filter.disposition is not None:
        add("inspections.disposition = ?", filter.disposition.value)
    if filter.signed is not None:
        terms.append(f"inspections.signed_revision IS {'NOT ' if filter.signed else ''}NULL")
    # Times are on record in UTC without a zone.
    if filter.since is not None:
        add("inspections.created_at >= ?", filter.since.astimezone(UTC).replace(tzinfo=None))
    if filter.until is not None:
        add("inspections.created_at < ?", filter.until.astimezone(UTC).replace(tzinfo=None))
    if filter.text:
        # contains() knows no wildcards: % and _ are characters like others.
        add("contains(inspections.searched, ?)", folded(composed(filter.text)))
    return " AND ".join(terms) or "true", values
