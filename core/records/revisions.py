"""Keep the revisions of reports; none is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from core import __version__
from core.domain import Remark, Report, Revision, RevisionKind, Writing, identifier
from core.domain.errors import OutdatedError
from core.records.events import record_event
from core.records.inspections import next_number
from core.records.reports import report_sha256
from core.records.standing import refresh
from core.records.store import rows
from core.records.store.database import Database, insert
from core.records.store.sentences import require_text


def add_revision(
    database: Database,
    inspection_id: str,
    report: Report,
    kind: RevisionKind,
    author: str,
    *,
    remarks: Sequence[Remark] | None = None,
    writing: Writing | None = None,
    after: int | None = None,
    reason: str = "",
) -> Revision:
    """Save a report as the inspection's next revision; those before it stay.

    Args:
        database: the records.
        inspection_id: whose report it is.
        report: as it is to stand.
        kind: drafted, edited or signed.
        author: a person's name, or the writer's key.
        remarks: of the grounding check; None: not checked.
        writing: how a draft was written.
        after: number of the newest revision that the author has seen, 0: of none; None: the report
            does not replace one that was read.
        reason: for changing a report that was signed.

    Raises:
        OutdatedError: if there is a revision after the one that the author has seen.
        RecordsError: if there is no such inspection, no author is named, or the report was signed
            and no reason is given.
    """
    with database.transaction() as cursor:
        return insert_revision(
            cursor,
            inspection_id,
            report,
            kind,
            author,
            remarks=remarks,
            writing=writing,
            after=after,
            reason=reason,
        )


def insert_revision(
    cursor: duckdb.DuckDBPyConnection,
    inspection_id: str,
    report: Report,
    kind: RevisionKind,
    author: str,
    *,
    remarks: Sequence[Remark] | None = None,
    writing: Writing | None = None,
    after: int | None = None,
    reason: str = "",
) -> Revision:
    """Save a report as the next revision inside a transaction.

    Args and errors: as for `add_revision`.
    """
    require_text(author, "Name the person who saves the report.")
    number = next_number(cursor, "revisions", inspection_id)
    if after is not None and after != number - 1:
        raise _outdated(cursor, inspection_id)
    require_reason(cursor, inspection_id, reason)
    revision = Revision(
        number=number,
        kind=kind,
        report=report,
        author=identifier(author, "name"),
        created_at=datetime.now(UTC),
        program_version=__version__,
        sha256=report_sha256(report),
        remarks=None if remarks is None else tuple(remarks),
        writing=writing,
        reason=reason.strip(),
    )
    insert(cursor, "revisions", [rows.revision_row(inspection_id, revision)])
    refresh(cursor, inspection_id)
    detail: dict[str, Any] = {"revision": revision.number, "sha256": revision.sha256}
    if remarks is not None:
        detail["violations"] = len(revision.violations)
    if writing is not None:
        detail |= {"writer": writing.writer, "outcome": writing.outcome.value}
    if revision.reason:
        detail["reason"] = revision.reason
    record_event(cursor, f"report {kind.value}", inspection_id, detail, revision.author)
    return revision


def _outdated(cursor: duckdb.DuckDBPyConnection, inspection_id: str) -> OutdatedError:
    newest = cursor.execute(
        "SELECT number, author FROM revisions WHERE inspection_id = ? ORDER BY number DESC LIMIT 1",
        [inspection_id],
    ).fetchone()
    number, author = newest or (0, "nobody")
    return OutdatedError(
        f"{author} has saved revision {number} of this report in the meantime: nothing was saved. "
        "Compare both texts, then save again."
    )


def require_reason(cursor: duckdb.DuckDBPyConnection, inspection_id: str, reason: str) -> None:
    """Require a reason where another report is to follow one that was signed.

    Raises:
        RecordsError: if there is none.
    """
    signed = cursor.execute(
        "SELECT number, author FROM revisions WHERE inspection_id = ? AND kind = ? "
        "ORDER BY number DESC LIMIT 1",
        [inspection_id, RevisionKind.SIGNED.value],
    ).fetchone()
    if signed is not None:
        number, author = signed
        require_text(
            reason,
            f"{author} has signed this report as revision {number}: give a reason for another one.",
        )
