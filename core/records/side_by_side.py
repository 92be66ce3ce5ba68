"""Contests on record: what ran side by side, what was chosen, and who wins how often."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import Contest, Contestant, Outcome, WinRate
from core.domain.errors import RecordsError
from core.records.store.database import Database, insert


def save_contest(database: Database, contest: Contest) -> None:
    """Record a contest in which nothing was chosen yet."""
    with database.transaction() as cursor:
        row = contest.model_dump(
            include={"id", "created_at", "product_key", "image_sha256", "inspection_id"}
        )
        insert(cursor, "contests", [row])
        insert(
            cursor,
            "contestants",
            [
                {
                    "contest_id": contest.id,
                    "position": position,
                    "detector": contestant.detector,
                    "writer": contestant.writer,
                    "content": contestant.model_dump_json(),
                }
                for position, contestant in enumerate(contest.contestants)
            ],
        )


def contest(database: Database, contest_id: str) -> Contest:
    """A contest as it was saved, with the choice.

    Raises:
        RecordsError: if there is none of that id.
    """
    found = database.rows("SELECT * FROM contests WHERE id = ?", contest_id)
    if not found:
        raise RecordsError(f"There is no comparison {contest_id!r} on record here.")
    contestants = database.rows(
        "SELECT content FROM contestants WHERE contest_id = ? ORDER BY position", contest_id
    )
    return Contest(
        **found[0],
        contestants=tuple(Contestant.model_validate_json(row["content"]) for row in contestants),
    )


def save_choice(database: Database, contest_id: str, position: int, person: str) -> None:
    """Record which contestant a person chose.

    Raises:
        RecordsError: if no person is named, there is no such contest, or its choice was made.
    """
    if not person.strip():
        raise RecordsError("Name the person who chooses.")
    with database.transaction() as cursor:
        done = cursor.execute(
            "UPDATE contests SET chosen = ?, chosen_by = ?, chosen_at = ? "
            "WHERE id = ? AND chosen IS NULL RETURNING id",
            [position, person.strip(), datetime.now(UTC).replace(tzinfo=None), contest_id],
        ).fetchone()
        if done is None:
            raise RecordsError(
                f"In the comparison {contest_id} a choice was made already, or there is no such "
                "comparison. Run a new one to choose again."
            )


def win_rates(database: Database) -> tuple[WinRate, ...]:
    """How often each detector and each writer was chosen over another of its kind.

    A report that the offline composer wrote in place of a writer that failed says nothing of
    either: it counts for no writer, and where it was chosen, that was no choice between writers.
    """
    found = database.rows(
        """
        WITH entered AS (
            SELECT contest_id, position, 'writer' AS kind, writer AS name FROM contestants
            WHERE content ->> '$.writing.outcome' <> ?
            UNION ALL
            SELECT contest_id, position, 'detector', detector FROM contestants
        ),
        settled AS (
            SELECT kind, name, contest_id, bool_or(position = chosen) AS is_winner
            FROM entered JOIN contests ON contests.id = contest_id
            WHERE chosen IS NOT NULL
            GROUP BY kind, name, contest_id
            QUALIFY count(*) OVER (PARTITION BY kind, contest_id) > 1
                AND bool_or(is_winner) OVER (PARTITION BY kind, contest_id)
        )
        SELECT kind, name, count(*) AS decided, count(*) FILTER (is_winner) AS won
        FROM settled GROUP BY kind, name ORDER BY kind DESC, won / decided DESC, name
        """,
        Outcome.FELL_BACK.value,
    )
    return tuple(WinRate(**row) for row in found)
