"""Records: what was inspected, found, written and decided, in one DuckDB file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
from pydantic import AwareDatetime

from core import __version__
from core.domain import (
    Disposition,
    DispositionEntry,
    Frozen,
    Inspection,
    InspectionSummary,
    Product,
    Remark,
    Report,
    Revision,
    RevisionKind,
    Snippet,
    Step,
    Writing,
)
from core.domain.errors import ProductError, RecordsError
from core.records import rows
from core.records.citations import Citation, citations, cited_snippet
from core.records.connection import Database, insert
from core.records.reports import report_sha256
from core.records.search import Filter, count, search
from core.records.standing import add_types, first_standing, refresh


class Event(Frozen):
    """Something that happened, for the audit."""

    happened_at: AwareDatetime
    kind: str
    subject: str
    actor: str
    detail: dict[str, Any]


class Records(Database):
    """The records of one station; safe to use from several threads of one process.

    Example:
        >>> from core.infrastructure.settings import Settings
        >>> with Records.open(Settings()) as records:
        ...     records.save_product(Product(dataset="ELPV", category="mono"))
        ...     records.product("ELPV/mono").category
        'mono'
    """

    def save_product(self, product: Product) -> None:
        """Add a product, or change its scale."""
        with self.transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO products VALUES (?, ?, ?, ?)",
                [product.key, product.dataset, product.category, product.mm_per_px],
            )

    def products(self) -> tuple[Product, ...]:
        """Every product on record, by key."""
        found = self.rows("SELECT dataset, category, mm_per_px FROM products ORDER BY key")
        return tuple(Product(**row) for row in found)

    def product(self, key: str) -> Product:
        """The product of a key.

        Raises:
            ProductError: if there is none.
        """
        known = {product.key: product for product in self.products()}
        if key not in known:
            raise ProductError(
                f"There is no product {key}. Known: {', '.join(known) or 'none yet'}. "
                "Teach it first, or correct the name."
            )
        return known[key]

    def save_inspection(self, inspection: Inspection) -> None:
        """Record a whole inspection in one transaction."""
        with self.transaction() as cursor:
            insert_inspection(cursor, inspection, self.audit_share)

    def inspection(self, inspection_id: str) -> Inspection:
        """A whole inspection, equal to the one that was saved, with what was added since.

        Raises:
            RecordsError: if there is none of that id.
        """
        found = self.rows("SELECT * FROM inspections WHERE id = ?", inspection_id)
        if not found:
            raise RecordsError(
                f"There is no inspection {inspection_id!r} on record here. Check the number."
            )

        def children(table: str, order: str) -> list[rows.Row]:
            return self.rows(
                f"SELECT * EXCLUDE inspection_id FROM {table} WHERE inspection_id = ? "
                f"ORDER BY {order}",
                inspection_id,
            )

        return rows.inspection_of(
            found[0],
            children("defects", "position"),
            children("evidence", "kind, position"),
            children("revisions", "number"),
            children("dispositions", "number"),
        )

    def summaries(
        self, *, product_key: str | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[InspectionSummary, ...]:
        """Inspections, the newest first, each with its newest disposition."""
        return search(self, Filter(product_key=product_key), limit=limit, offset=offset)

    def count(self, product_key: str | None = None) -> int:
        """How many inspections are on record."""
        return count(self, Filter(product_key=product_key))

    def add_step(self, inspection_id: str, step: Step) -> None:
        """Record a step that was taken after the inspection was saved."""
        with self.transaction() as cursor:
            cursor.execute(
                "UPDATE inspections SET steps = "
                "to_json(list_append(from_json(steps, '[\"json\"]'), ?::JSON)) WHERE id = ?",
                [step.model_dump_json(), inspection_id],
            )

    def add_revision(
        self,
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
            inspection_id: whose report it is.
            report: as it is to stand.
            kind: drafted, edited or signed.
            author: a person's name, or the writer's key.
            remarks: of the grounding check; None: not checked.
            writing: how a draft was written.

        Raises:
            RecordsError: if there is no such inspection, or no author is named.
        """
        with self.transaction() as cursor:
            return insert_revision(
                cursor, inspection_id, report, kind, author, remarks=remarks, writing=writing
            )

    def add_disposition(
        self, inspection_id: str, disposition: Disposition, reason: str, decided_by: str
    ) -> DispositionEntry:
        """Record a person's decision; earlier decisions stay.

        Raises:
            RecordsError: if there is no such inspection, or reason or name is missing.
        """
        _require(reason, "Give a reason for the disposition.")
        _require(decided_by, "Name the person who decides.")
        entry = DispositionEntry(
            disposition=disposition,
            reason=reason.strip(),
            decided_by=decided_by.strip(),
            decided_at=datetime.now(UTC),
        )
        with self.transaction() as cursor:
            number = _next_number(cursor, "dispositions", inspection_id)
            row = {"inspection_id": inspection_id, "number": number, **entry.model_dump()}
            insert(cursor, "dispositions", [row | {"disposition": disposition.value}])
            refresh(cursor, inspection_id)
            detail = {"disposition": disposition.value, "reason": entry.reason}
            _add_event(cursor, "disposition", inspection_id, detail, entry.decided_by)
        return entry

    def add_event(self, kind: str, subject: str, detail: dict[str, Any], actor: str = "") -> None:
        """Put something that happened on record."""
        self.add_events(kind, [(subject, detail)], actor)

    def add_events(
        self, kind: str, details: Sequence[tuple[str, dict[str, Any]]], actor: str = ""
    ) -> None:
        """Put what happened to several subjects on record: all of it, or nothing."""
        with self.transaction() as cursor:
            for subject, detail in details:
                _add_event(cursor, kind, subject, detail, actor)

    def cited_snippet(self, snippet_id: str) -> Snippet | None:
        """A piece of knowledge as it was when it was last retrieved; None if it never was."""
        return cited_snippet(self.rows, snippet_id)

    def citations(self, snippet_id: str, limit: int = 100) -> tuple[Citation, ...]:
        """Inspections that retrieved a piece of knowledge, the newest first."""
        return citations(self.rows, snippet_id, limit)

    def events(self, subject: str | None = None, limit: int = 100) -> tuple[Event, ...]:
        """What happened (to one subject), the newest first."""
        found = self.rows(
            "SELECT * EXCLUDE number FROM events WHERE ? IS NULL OR subject = ? "
            "ORDER BY number DESC LIMIT ?",
            subject,
            subject,
            limit,
        )
        return tuple(Event(**{**row, "detail": json.loads(row["detail"])}) for row in found)


def insert_inspection(
    cursor: duckdb.DuckDBPyConnection, inspection: Inspection, audit_share: float
) -> None:
    """Record a whole inspection inside a transaction."""
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
            for items in (
                inspection.exemplars,
                inspection.comparisons,
                inspection.snippets,
            )
            for position, item in enumerate(items)
        ],
    )
    insert(
        cursor,
        "revisions",
        [rows.revision_row(inspection.id, revision) for revision in inspection.revisions],
    )
    refresh(cursor, inspection.id)
    _add_event(
        cursor,
        "inspected",
        inspection.id,
        {"verdict": inspection.judgement.verdict.value},
        inspection.context.inspector,
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
    """Save a report as the next revision inside a transaction; as for `Records.add_revision`."""
    _require(author, "Name the person who saves the report.")
    revision = Revision(
        number=_next_number(cursor, "revisions", inspection_id),
        kind=kind,
        report=report,
        author=author.strip(),
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
    _add_event(cursor, f"report {kind.value}", inspection_id, detail, revision.author)
    return revision


def _add_event(
    cursor: duckdb.DuckDBPyConnection,
    kind: str,
    subject: str,
    detail: dict[str, Any],
    actor: str,
) -> None:
    row = {
        "happened_at": datetime.now(UTC),
        "kind": kind,
        "subject": subject,
        "actor": actor,
        "detail": json.dumps(detail, ensure_ascii=False),
    }
    insert(cursor, "events", [row])


def _next_number(cursor: duckdb.DuckDBPyConnection, table: str, inspection_id: str) -> int:
    known = cursor.execute("SELECT 1 FROM inspections WHERE id = ?", [inspection_id]).fetchone()
    if known is None:
        raise RecordsError(f"There is no inspection {inspection_id!r} on record here.")
    last = cursor.execute(
        f"SELECT coalesce(max(number), 0) FROM {table} WHERE inspection_id = ?", [inspection_id]
    ).fetchone()
    return (last[0] if last else 0) + 1


def _require(text: str, sentence: str) -> None:
    if not text.strip():
        raise RecordsError(sentence)
