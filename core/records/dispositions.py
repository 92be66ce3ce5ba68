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
    concession: str = "",
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
        concession: number of the concession to use the part as it is.

    Raises:
        RecordsError: if there is no such inspection, reason or name is missing, or the part was
            found bad and is to be used as it is without a concession.
    """
    require_text(reason, "Give a reason for the disposition.")
    require_text(decided_by, "Name the person who decides.")
    with database.transaction() as cursor:
        return insert_disposition(
            cursor,
            inspection_id,
            disposition,
            reason,
            decided_by,
            is_blind=is_blind,
            concession=concession,
        )


def insert_disposition(
    cursor: DuckDBPyConnection,
    inspection_id: str,
    disposition: Disposition,
    reason: str,
    decided_by: str,
    *,
    is_blind: bool = False,
    concession: str = "",
) -> DispositionEntry:
    """Record a person's decision inside a transaction.

    Raises:
        RecordsError: if there is no such inspection, or the part was found bad and is to be used
            as it is without a concession.
    """
    concession = identifier(concession, "concession number")
    if disposition is Disposition.USE_AS_IS:
        _require_concession(cursor, inspection_id, concession)
    number = next_number(cursor, "dispositions", inspection_id)
    entry = DispositionEntry(
        disposition=disposition,
        reason=reason.strip(),
        decided_by=identifier(decided_by, "name"),
        decided_at=datetime.now(UTC),
        is_blind=is_blind or is_sealed(cursor, inspection_id),
        concession=concession,
    )
    row = {"inspection_id": inspection_id, "number": number, **entry.model_dump()}
    insert(cursor, "dispositions", [row | {"disposition": disposition.value}])
    counted = is_counted(cursor, inspection_id)
    refresh(cursor, inspection_id)
    if is_counted(cursor, inspection_id) != counted:
        refresh_firsts(cursor, of_one_part(cursor, inspection_id))
    detail: dict[str, object] = {
        "disposition": disposition.value,
        "reason": entry.reason,
        "is_blind": entry.is_blind,
    }
    if entry.concession:
        detail["concession"] = entry.concession
    record_event(cursor, "disposition", inspection_id, detail, entry.decided_by)
    return entry


def _require_concession(cursor: DuckDBPyConnection, inspection_id: str, concession: str) -> None:
    """Require a concession to use a part that the newest decision calls bad."""
    newest = cursor.execute(
        "SELECT disposition, decided_by FROM dispositions WHERE inspection_id = ? "
        "ORDER BY number DESC LIMIT 1",
        [inspection_id],
    ).fetchone()
    if newest is not None and Disposition(newest[0]).is_of_good_part is False:
        require_text(
            concession,
            f"{newest[1]} decided {newest[0]!r} on this part: to use it as it is all the same, "
            "give the number of the concession.",
        )
