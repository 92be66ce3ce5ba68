"""Keep the findings of audited parts sealed: hidden from everybody until a person has decided.

An inspection that was drawn for an audit (see `core.records.standing`) is sealed when it is saved.
It is opened by the first decision, which is then on record as blind, or by a person who insists on
seeing the finding first: that is on record, too, and no later decision on it is blind.
"""

from __future__ import annotations

import duckdb

from core.domain.errors import RecordsError
from core.records.events import record_event
from core.records.standing import refresh
from core.records.store.database import Database
from core.records.store.sentences import require_text


def is_sealed(cursor: duckdb.DuckDBPyConnection, inspection_id: str) -> bool:
    """Say inside a transaction whether the finding of an inspection is hidden as yet."""
    found = cursor.execute(
        "SELECT is_sealed FROM inspections WHERE id = ?", [inspection_id]
    ).fetchone()
    return found is not None and bool(found[0])


def finding_is_sealed(database: Database, inspection_id: str) -> bool:
    """Say whether the finding of an inspection is hidden as yet; of an unknown one it is not."""
    with database.reading() as cursor:
        return is_sealed(cursor, inspection_id)


def require_unsealed(database: Database, inspection_id: str) -> None:
    """Refuse to show a finding before a person has decided.

    Raises:
        RecordsError: if it is sealed.
    """
    if finding_is_sealed(database, inspection_id):
        raise RecordsError(
            f"The inspection {inspection_id} was drawn for an audit, and its finding is hidden "
            "until a person has decided on the part. Decide on it in Review first."
        )


def open_finding(database: Database, inspection_id: str, reason: str, person: str) -> None:
    """Open a sealed finding before the decision, on record: the audit is then not a blind one.

    Raises:
        RecordsError: if reason or name is missing, or there is nothing to open.
    """
    require_text(reason, "Give a reason for looking at the finding before the decision.")
    require_text(person, "Name the person who looks at the finding before the decision.")
    with database.transaction() as cursor:
        if not is_sealed(cursor, inspection_id):
            raise RecordsError(
                f"The finding of the inspection {inspection_id} is not hidden: it was opened or "
                "decided on in the meantime, or there is no such inspection."
            )
        unseal(cursor, inspection_id)
        detail = {"reason": reason.strip()}
        record_event(cursor, "finding opened", inspection_id, detail, person.strip())


def unseal(cursor: duckdb.DuckDBPyConnection, inspection_id: str) -> None:
    """Open a finding inside a transaction that says why."""
    cursor.execute("UPDATE inspections SET is_sealed = false WHERE id = ?", [inspection_id])
    refresh(cursor, inspection_id)
