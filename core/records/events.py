"""Keep what happened on record, for the audit; no event is ever changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
from pydantic import AwareDatetime

from core.domain import Frozen, composed
from core.records.store.database import Database, insert


class Event(Frozen):
    """Something that happened, for the audit."""

    happened_at: AwareDatetime
    kind: str
    subject: str
    actor: str
    detail: dict[str, Any]


def add_event(
    database: Database, kind: str, subject: str, detail: dict[str, Any], actor: str = ""
) -> None:
    """Put something that happened on record."""
    add_events(database, kind, [(subject, detail)], actor)


def add_events(
    database: Database,
    kind: str,
    details: Sequence[tuple[str, dict[str, Any]]],
    actor: str = "",
) -> None:
    """Put what happened to several subjects on record: all of it, or nothing."""
    with database.transaction() as cursor:
        for subject, detail in details:
            record_event(cursor, kind, subject, detail, actor)


def record_event(
    cursor: duckdb.DuckDBPyConnection,
    kind: str,
    subject: str,
    detail: dict[str, Any],
    actor: str,
) -> None:
    """Put something on record inside the transaction that makes it happen."""
    row = {
        "happened_at": datetime.now(UTC),
        "kind": kind,
        "subject": subject,
        "actor": composed(actor),
        "detail": json.dumps(detail, ensure_ascii=False),
    }
    insert(cursor, "events", [row])


def list_events(
    database: Database, subject: str | None = None, limit: int = 100
) -> tuple[Event, ...]:
    """List what happened, or what happened to one subject, the newest first."""
    found = database.rows(
        "SELECT * EXCLUDE number FROM events WHERE ? IS NULL OR subject = ? "
        "ORDER BY number DESC LIMIT ?",
        subject,
        subject,
        limit,
    )
    return tuple(Event(**{**row, "detail": json.loads(row["detail"])}) for row in found)
