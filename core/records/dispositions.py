"""Keep what persons decide on inspected parts; no decision is ever changed."""

from __future__ import annotations

from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from core.domain import Disposition, DispositionEntry, identifier
from core.records.audits import is_sealed
from core.records.events import record_event
from core.records.inspections import next_number
from core.records.standing import is_counted, of_one_part, refresh, refresh_firsts
from core.records.store.database import Database, insert
from core.records.store.sentences import require_text


def add_disposition(
    database: Database,
    inspection_id: str,
    disposition: Disposition,
    reason: str,
    decided_by: str,
    *,
    is_blind: bool = False,
) -> DispositionEntry:
    """Record a person's decision; earlier decisions stay.

    Args:
        database: the records.
        inspection_id: of the part.
        disposition: the decision.
        reason: of the decision.
        decided_by: name of the person.
        is_blind: whether the person did not see the machine's finding; of a sealed inspection
            nobody did.

    Raises:
        RecordsError: if there is no such inspection, or reason or name is missing.
    """
    require_text(reason, "Give a reason for the disposition.")
    require_text(decided_by, "Name the person who decides.")
    with database.transaction() as cursor:
        return insert_disposition(
            cursor, inspection_id, disposition, reason, decided_by, is_blind=is_blind
        )


def insert_disposition(
    cursor: DuckDBPyConnection,
    inspection_id: str,
    disposition: Disposition,
    reason: str,
    decided_by: str,
    *,
    is_blind: bool = False,
) -> DispositionEntry:
    """Record a person's decision inside a transaction.

    Raises:
        RecordsError: if there is no such inspection.
    """
    number = next_number(cursor, "dispositions", inspection_id)
    entry = DispositionEntry(
        disposition=disposition,
        reason=reason.strip(),
        decided_by=identifier(decided_by, "name"),
        decided_at=datetime.now(UTC),
        is_blind=is_blind or is_sealed(cursor, inspection_id),
    )
    row = {"inspection_id": inspection_id, "number": number, **entry.model_dump()}
    insert(cursor, "dispositions", [row | {"disposition": disposition.value}])
    counted = is_counted(cursor, inspection_id)
    refresh(cursor, inspection_id)
    if is_counted(cursor, inspection_id) != counted:
        refresh_firsts(cursor, of_one_part(cursor, inspection_id))
    detail = {
        "disposition": disposition.value,
        "reason": entry.reason,
        "is_blind": entry.is_blind,
    }
    record_event(cursor, "disposition", inspection_id, detail, entry.decided_by)
    return entry
