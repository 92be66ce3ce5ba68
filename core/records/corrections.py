"""Correct what was said of inspected pictures; what was said before stays on record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from core.domain import Corrected, Disposition, Product, identifier
from core.domain.errors import RecordsError
from core.records.dispositions import insert_disposition
from core.records.events import record_event
from core.records.inspections import next_number
from core.records.standing import of_one_part, refresh, refresh_firsts
from core.records.store.database import Database, insert
from core.records.store.sentences import require_text

# Inspections: more of them would keep other writers waiting for too long.
MOST_AT_ONCE = 1000
# What an inspection's row keeps of each.
COLUMNS: dict[Corrected, str] = {"product": "product_key", "lot": "lot", "serial": "serial"}


def correct(
    database: Database,
    inspection_ids: Sequence[str],
    changes: Mapping[Corrected, str],
    reason: str,
    corrected_by: str,
) -> tuple[str, ...]:
    """Correct lot, serial or product of inspections: all of them, or none.

    A corrected lot or serial counts from now on in lists and figures. A corrected product says that
    the inspection was in error: no detector of that product has judged the picture, so it stays
    with the product that did, leaves that one's figures, and is to be inspected anew.

    Args:
        database: the records.
        inspection_ids: of the inspections.
        changes: the right values by name; an empty lot or serial: there is none.
        reason: for it.
        corrected_by: name of the person who corrects.

    Returns:
        The ids of those that differed from what is right.

    Raises:
        RecordsError: if there is no such inspection, there are too many, several would get one
            serial, or reason or name is missing.
        RequestError, ProductError: if a name cannot be one.
    """
    require_text(reason, "Give a reason for the correction.")
    require_text(corrected_by, "Name the person who corrects.")
    if changes.get("serial") and len(inspection_ids) > 1:
        raise RecordsError(
            f"A serial is of one part, but {len(inspection_ids)} inspections are to be corrected. "
            "Correct the serial of each on its own."
        )
    if len(inspection_ids) > MOST_AT_ONCE:
        raise RecordsError(
            f"{len(inspection_ids)} inspections are to be corrected, and at most {MOST_AT_ONCE} "
            "can be at a time. Choose fewer, such as one lot."
        )
    right, person = _checked(changes), identifier(corrected_by, "name")
    with database.transaction() as cursor:
        return tuple(
            inspection_id
            for inspection_id in inspection_ids
            if _correct(cursor, inspection_id, right, reason.strip(), person)
        )


def _checked(changes: Mapping[Corrected, str]) -> dict[Corrected, str]:
    """Bring the right values into the form in which an inspection's context has them."""
    return {
        name: Product.from_key(value).key if name == "product" else identifier(value, name)
        for name, value in changes.items()
    }


def _correct(
    cursor: DuckDBPyConnection,
    inspection_id: str,
    right: Mapping[Corrected, str],
    reason: str,
    person: str,
) -> bool:
    """Correct one inspection; False: it is right already."""
    number = next_number(cursor, "corrections", inspection_id)
    before = _present(cursor, inspection_id)
    after = {name: value for name, value in right.items() if value != before[name]}
    if not after:
        return False
    others = of_one_part(cursor, inspection_id)
    for name in after.keys() - {"product"}:
        cursor.execute(
            f"UPDATE inspections SET {COLUMNS[name]} = ? WHERE id = ?",
            [after[name], inspection_id],
        )
    cursor.execute("UPDATE inspections SET is_corrected = true WHERE id = ?", [inspection_id])
    said = {
        "before": json.dumps({name: before[name] for name in after}, ensure_ascii=False),
        "after": json.dumps(after, ensure_ascii=False),
    }
    row = {
        "inspection_id": inspection_id,
        "number": number,
        "corrected_by": person,
        "corrected_at": datetime.now(UTC),
        "reason": reason,
    }
    insert(cursor, "corrections", [row | said])
    detail = {"before": {name: before[name] for name in after}, "after": after, "reason": reason}
    record_event(cursor, "corrected", inspection_id, detail, person)
    if "product" in after:
        insert_disposition(cursor, inspection_id, Disposition.IN_ERROR, reason, person)
    refresh(cursor, inspection_id)
    if "serial" in after:
        refresh_firsts(cursor, {*others, *of_one_part(cursor, inspection_id)})
    return True


def _present(cursor: DuckDBPyConnection, inspection_id: str) -> dict[Corrected, str]:
    """Read what is held right of an inspection: of its product, what was corrected last."""
    found = cursor.execute(
        f"SELECT {', '.join(COLUMNS.values())} FROM inspections WHERE id = ?", [inspection_id]
    ).fetchone()
    assert found is not None
    present: dict[Corrected, str] = dict(zip(COLUMNS, found, strict=True))
    product = cursor.execute(
        "SELECT json_extract_string(after, '$.product') AS product FROM corrections "
        "WHERE inspection_id = ? AND product IS NOT NULL ORDER BY number DESC LIMIT 1",
        [inspection_id],
    ).fetchone()
    if product is not None:
        present["product"] = product[0]
    return present
