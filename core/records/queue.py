"""List the review queue: what waits for a person's decision, the oldest first.

Every REVIEW, every FAIL, and every PASS that was drawn for an audit waits in it until it has a
disposition. Without audits (see `core.records.standing`) escapes stay unknown.
"""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from core.domain import Frozen, InspectionSummary
from core.records.search import PAGE, SUMMARY, WAITS, Filter, where
from core.records.store.database import Database
from core.records.store.rows import summary_of


class Waiting(Frozen):
    """How many inspections wait, by why they do."""

    review: int
    fail: int
    audit: int = Field(description="passed parts that were drawn")
    oldest: AwareDatetime | None = Field(description="None: nothing waits")

    @property
    def total(self) -> int:
        """All that wait."""
        return self.review + self.fail + self.audit


def queue(
    database: Database, filter: Filter | None = None, *, limit: int = PAGE, offset: int = 0
) -> tuple[InspectionSummary, ...]:
    """List a page of what waits, the oldest first."""
    condition, values = where(filter or Filter())
    found = database.rows(
        f"SELECT {SUMMARY} FROM inspections WHERE {WAITS} AND {condition} "
        "ORDER BY created_at, id LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    return tuple(summary_of(row) for row in found)


def waiting(database: Database, filter: Filter | None = None) -> Waiting:
    """Count the inspections that wait."""
    condition, values = where(filter or Filter())
    found = database.rows(
        f"""
        SELECT count(*) FILTER (verdict = 'REVIEW') AS review,
            count(*) FILTER (verdict = 'FAIL') AS fail,
            count(*) FILTER (verdict = 'PASS') AS audit,
            min(created_at) AS oldest
        FROM inspections WHERE {WAITS} AND {condition}
        """,
        *values,
    )
    return Waiting(**found[0])


def next_waiting(
    database: Database, inspection_id: str, filter: Filter | None = None
) -> str | None:
    """Find the next one that waits after an inspection, which may be decided itself."""
    return _neighbour(database, inspection_id, filter, ">", "")


def previous_waiting(
    database: Database, inspection_id: str, filter: Filter | None = None
) -> str | None:
    """Find the last one that waits before an inspection."""
    return _neighbour(database, inspection_id, filter, "<", "DESC")


def _neighbour(
    database: Database, inspection_id: str, filter: Filter | None, beyond: str, order: str
) -> str | None:
    condition, values = where(filter or Filter())
    found = database.rows(
        f"""
        SELECT id FROM inspections WHERE {WAITS} AND {condition}
        AND (created_at, id) {beyond} (SELECT (created_at, id) FROM inspections WHERE id = ?)
        ORDER BY created_at {order}, id {order} LIMIT 1
        """,
        *values,
        inspection_id,
    )
    return found[0]["id"] if found else None
