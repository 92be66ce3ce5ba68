"""Keep the revisions of reports; none is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from core import __version__
from core.domain import Remark, Report, Revision, RevisionKind, Writing, identifier
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

    Raises:
        RecordsError: if there is no such inspection, or no author is named.
    """
    with database.transaction() as cursor:
        return insert_revision(
            cursor, inspection_id, report, kind, author, remarks=remarks, writing=writing
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
) -> Revision:
    """Save a report as the next revision inside a transaction.

    Args and errors: as for `add_revision`.
    """
    require_text(author, "Name the person who saves the report.")
    revision = Revision(
        number=next_number(cursor, "revisions", inspection_id),
        kind=kind,
        report=report,
        author=identifier(author, "name"),
        created_at=datetime.now(UTC),
        program_version=__version__,
        sha256=report_sha256(report),
        remarks=None if remarks is None else tuple(remarks),
        writing=writing,
    )
    insert(cursor, "revisions", [rows.revision_row(inspection_id, revision)])
    refresh(cursor, inspection_id)
    detail: dict[str, Any] = {"revision": revision.number, "sha256": revision.sha256}
    if remarks is not None:
        detail["violations"] = len(revision.violations)
    if writing is not None:
        detail |= {"writer": writing.writer, "outcome": writing.outcome.value}
    record_event(cursor, f"report {kind.value}", inspection_id, detail, revision.author)
    return revision
