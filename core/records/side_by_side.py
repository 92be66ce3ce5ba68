"""Detectors and writers side by side, on record: what was chosen, and who wins how often."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import Outcome, RevisionKind, SideBySide, SideBySideColumn, WinRate, identifier
from core.domain.errors import RecordsError
from core.records.audits import unseal
from core.records.inspections import insert_inspection
from core.records.revisions import insert_revision
from core.records.store.database import Database, insert


def save_side_by_side(database: Database, comparison: SideBySide) -> None:
    """Record a comparison in which nothing was chosen yet."""
    with database.transaction() as cursor:
        row = comparison.model_dump(
            include={"id", "created_at", "product_key", "image_sha256", "inspection_id"}
        )
        insert(cursor, "side_by_sides", [row])
        insert(
            cursor,
            "side_by_side_columns",
            [
                {
                    "side_by_side_id": comparison.id,
                    "position": position,
                    "detector": column.detector,
                    "writer": column.writer,
                    "content": column.model_dump_json(),
                }
                for position, column in enumerate(comparison.columns)
            ],
        )


def side_by_side(database: Database, comparison_id: str) -> SideBySide:
    """A comparison as it was saved, with the choice.

    Raises:
        RecordsError: if there is none of that id.
    """
    found = database.rows("SELECT * FROM side_by_sides WHERE id = ?", comparison_id)
    if not found:
        raise RecordsError(f"There is no comparison {comparison_id!r} on record here.")
    columns = database.rows(
        "SELECT content FROM side_by_side_columns WHERE side_by_side_id = ? ORDER BY position",
        comparison_id,
    )
    return SideBySide(
        **found[0],
        columns=tuple(SideBySideColumn.model_validate_json(row["content"]) for row in columns),
    )


def save_choice(
    database: Database, comparison: SideBySide, position: int, person: str, author: str
) -> None:
    """Record which column a person chose, and its report as that of the inspection: all or nothing.

    The report joins the inspection that it was asked about; the findings of another detector, or of
    a picture that was not inspected before, become an inspection of their own.

    Args:
        database: that holds the comparison.
        comparison: as it was saved.
        position: of the chosen column, from 0.
        person: who chooses.
        author: of the report.

    Raises:
        RecordsError: if no person is named, there is no such comparison, its choice was made, or
            the report cannot be recorded.
    """
    person = identifier(person, "name")
    if not person:
        raise RecordsError("Name the person who chooses.")
    chosen = comparison.columns[position]
    with database.transaction() as cursor:
        # First of all, so that a report is chosen once even if two people choose at the same time.
        done = cursor.execute(
            "UPDATE side_by_sides SET chosen = ?, chosen_by = ?, chosen_at = ? "
            "WHERE id = ? AND chosen IS NULL RETURNING id",
            [position, person, datetime.now(UTC).replace(tzinfo=None), comparison.id],
        ).fetchone()
        if done is None:
            raise RecordsError(
                f"In the comparison {comparison.id} a choice was made already, or there is no such "
                "comparison. Run a new one to choose again."
            )
        if chosen.inspection.id != comparison.inspection_id:
            insert_inspection(cursor, chosen.inspection, database.audit_share)
            # Its finding was seen in the comparison.
            unseal(cursor, chosen.inspection.id)
        insert_revision(
            cursor,
            chosen.inspection.id,
            chosen.report,
            RevisionKind.DRAFTED,
            author,
            remarks=chosen.remarks,
            writing=chosen.writing,
            reason=f"chosen in the comparison {comparison.id}",
        )


def win_rates(database: Database) -> tuple[WinRate, ...]:
    """How often each detector and each writer was chosen over another of its kind.

    A report that the offline composer wrote in place of a writer that failed says nothing of
    either: it counts for no writer, and where it was chosen, that was no choice between writers.
    """
    found = database.rows(
        """
        WITH entered AS (
            SELECT side_by_side_id, position, 'writer' AS kind, writer AS name
            FROM side_by_side_columns WHERE content ->> '$.writing.outcome' <> ?
            UNION ALL
            SELECT side_by_side_id, position, 'detector', detector FROM side_by_side_columns
        ),
        settled AS (
            SELECT kind, name, side_by_side_id, bool_or(position = chosen) AS is_winner
            FROM entered JOIN side_by_sides ON side_by_sides.id = side_by_side_id
            WHERE chosen IS NOT NULL
            GROUP BY kind, name, side_by_side_id
            QUALIFY count(*) OVER (PARTITION BY kind, side_by_side_id) > 1
                AND bool_or(is_winner) OVER (PARTITION BY kind, side_by_side_id)
        )
        SELECT kind, name, count(*) AS decided, count(*) FILTER (is_winner) AS won
        FROM settled GROUP BY kind, name ORDER BY kind DESC, won / decided DESC, name
        """,
        Outcome.FELL_BACK.value,
    )
    return tuple(WinRate(**row) for row in found)
