"""Report the station's condition from the records: their schema and what has gone wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import AwareDatetime, Field

from core.domain import Frozen
from core.records.store.database import Database

# Failed steps are looked for among the newest inspections only: a station may have a million.
INSPECTIONS_SEARCHED = 2000
KINDS_OF_TROUBLE = ("picture refused", "index replaced", "job stalled")


class Trouble(Frozen):
    """Something that went wrong, and was recorded."""

    happened_at: AwareDatetime
    kind: str = Field(description="step failed, job failed, or the kind of an event")
    subject: str = Field(description="id of an inspection or job, or what the event is about")
    sentence: str


def count_migrations(database: Database) -> int:
    """Count the migrations that the records have seen."""
    return database.rows("SELECT count(*) AS count FROM applied_migrations")[0]["count"]


def try_to_write(database: Database) -> None:
    """Write to the records and take it back.

    Raises:
        RecordsError: if they cannot be written.
    """
    name, now = "doctor", datetime.now(UTC).replace(tzinfo=None)
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO preferences VALUES (?, 'true', ?, ?)", [name, now, name])
        cursor.execute("DELETE FROM preferences WHERE name = ?", [name])


def last_troubles(database: Database, limit: int = 20) -> tuple[Trouble, ...]:
    """List what went wrong, the newest first.

    That is failed steps and jobs, stalled jobs, refused pictures and replaced indexes.
    """
    found = database.rows(
        """
        WITH newest AS (
            SELECT id, created_at, steps FROM inspections ORDER BY created_at DESC LIMIT ?
        ),
        taken AS (
            SELECT id, created_at, unnest(from_json(steps, '["json"]')) AS step FROM newest
        ),
        troubles AS (
            SELECT created_at AS happened_at, 'step failed' AS kind, id AS subject,
                concat(step ->> 'name', ': ', step ->> 'reason') AS sentence
            FROM taken WHERE step ->> 'status' = 'failed'
            UNION ALL
            SELECT ended_at, 'job failed', id, concat(title, ': ', error)
            FROM jobs WHERE state = 'failed'
            UNION ALL
            SELECT happened_at, kind, subject,
                coalesce(detail ->> 'reason', detail ->> 'why', '')
            FROM events WHERE list_contains(?, kind)
        )
        SELECT * FROM troubles ORDER BY happened_at DESC LIMIT ?
        """,
        INSPECTIONS_SEARCHED,
        list(KINDS_OF_TROUBLE),
        limit,
    )
    return tuple(Trouble(**row) for row in found)
