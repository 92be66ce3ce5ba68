"""Keep whole inspections on record: what was found on a picture, with its evidence and reports."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.domain import Inspection, Step
from core.domain.errors import RecordsError
from core.records.events import record_event
from core.records.standing import (
    IS_COUNTED,
    SAME_PICTURE,
    add_types,
    first_standing,
    refresh,
)
from core.records.store import rows
from core.records.store.database import Database, insert


def save_inspection(database: Database, inspection: Inspection) -> None:
    """Record a whole inspection in one transaction."""
    with database.transaction() as cursor:
        insert_inspection(cursor, inspection, database.audit_share)


def insert_inspection(
    cursor: duckdb.DuckDBPyConnection, inspection: Inspection, audit_share: float
) -> None:
    """Record a whole inspection inside a transaction.

    Args:
        cursor: of the transaction.
        inspection: with its evidence and revisions.
        audit_share: of the parts that pass, drawn for a person to look at; 0..1.
    """
    add_types(cursor, inspection)
    standing = first_standing(cursor, inspection, audit_share)
    insert(cursor, "inspections", [rows.inspection_row(inspection) | standing])
    insert(
        cursor,
        "defects",
        [
            rows.defect_row(inspection.id, position, defect)
            for position, defect in enumerate(inspection.defects)
        ],
    )
    insert(
        cursor,
        "evidence",
        [
            rows.evidence_row(inspection.id, position, item)
            for items in (inspection.exemplars, inspection.comparisons, inspection.snippets)
            for position, item in enumerate(items)
        ],
    )
    insert(
        cursor,
        "revisions",
        [rows.revision_row(inspection.id, revision) for revision in inspection.revisions],
    )
    refresh(cursor, inspection.id)
    record_event(
        cursor,
        "inspected",
        inspection.id,
        {"verdict": inspection.judgement.verdict.value},
        inspection.context.inspector,
    )


def load_inspection(database: Database, inspection_id: str) -> Inspection:
    """Load a whole inspection, equal to the one that was saved, with what was added since.

    Raises:
        RecordsError: if there is none of that id.
    """
    found = database.rows("SELECT * FROM inspections WHERE id = ?", inspection_id)
    if not found:
        raise RecordsError(
            f"There is no inspection {inspection_id!r} on record here. Check the number."
        )

    def children(table: str, order: str) -> list[rows.Row]:
        return database.rows(
            f"SELECT * EXCLUDE inspection_id FROM {table} WHERE inspection_id = ? ORDER BY {order}",
            inspection_id,
        )

    return rows.inspection_of(
        found[0],
        children("defects", "position"),
        children("evidence", "kind, position"),
        children("revisions", "number"),
        children("dispositions", "number"),
        children("corrections", "number"),
    )


def last_seen(
    database: Database, product_key: str, image_sha256: str, serial: str
) -> datetime | None:
    """Find when the same picture of a product was inspected last; None: it was not yet.

    Of two pictures with the same bytes, those of two different serials are not the same part.
    Inspections in error do not count.
    """
    found = database.rows(
        f"SELECT max(created_at) AS at FROM inspections WHERE product_key = ? AND {IS_COUNTED} "
        f"AND {SAME_PICTURE}",
        product_key,
        image_sha256,
        serial,
    )
    return found[0]["at"]


def add_step(database: Database, inspection_id: str, step: Step) -> None:
    """Record a step that was taken after the inspection was saved."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE inspections SET steps = "
            "to_json(list_append(from_json(steps, '[\"json\"]'), ?::JSON)) WHERE id = ?",
            [step.model_dump_json(), inspection_id],
        )


def next_number(cursor: duckdb.DuckDBPyConnection, table: str, inspection_id: str) -> int:
    """Return the number of the next row that an inspection gets in a table.

    Raises:
        RecordsError: if there is no such inspection.
    """
    known = cursor.execute("SELECT 1 FROM inspections WHERE id = ?", [inspection_id]).fetchone()
    if known is None:
        raise RecordsError(f"There is no inspection {inspection_id!r} on record here.")
    last = cursor.execute(
        f"SELECT coalesce(max(number), 0) FROM {table} WHERE inspection_id = ?", [inspection_id]
    ).fetchone()
    return (last[0] if last else 0) + 1
