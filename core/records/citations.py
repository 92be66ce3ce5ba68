"""List where a piece of knowledge was used: retrieved by inspections, cited by findings."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from core.domain import Frozen, Snippet, Verdict
from core.records.store.database import Database


class Citation(Frozen):
    """One inspection's use of a piece of knowledge."""

    inspection_id: str
    created_at: AwareDatetime
    product_key: str
    filename: str
    verdict: Verdict
    is_sealed: bool = Field(description="its finding is hidden until a person has decided")
    similarity: float
    findings: int = Field(description="of the newest revision that cite it")
    ever_cited: bool = Field(description="whether any revision cites it")


def load_cited_snippet(database: Database, snippet_id: str) -> Snippet | None:
    """Load a piece of knowledge as it was when last retrieved; None: it never was."""
    found = database.rows(
        """
        SELECT content FROM evidence
        JOIN inspections ON inspections.id = evidence.inspection_id
        WHERE kind = 'snippet' AND reference = ?
        ORDER BY created_at DESC LIMIT 1
        """,
        snippet_id,
    )
    return Snippet.model_validate_json(found[0]["content"]) if found else None


def list_citations(database: Database, snippet_id: str, limit: int = 100) -> tuple[Citation, ...]:
    """List the inspections that retrieved a piece of knowledge, the newest first."""
    found = database.rows(
        """
        WITH used AS (
            SELECT id AS inspection_id, created_at, product_key, filename, verdict, is_sealed,
                similarity
            FROM evidence JOIN inspections ON inspections.id = evidence.inspection_id
            WHERE kind = 'snippet' AND reference = ?
            ORDER BY created_at DESC, id DESC LIMIT ?
        ),
        counted AS (
            SELECT revisions.inspection_id, number, len(list_filter(
                json_extract_string(report, '$.findings[*].snippet_ids'),
                lambda ids: json_contains(ids, to_json(?::VARCHAR))
            )) AS findings
            FROM revisions JOIN used ON used.inspection_id = revisions.inspection_id
        )
        SELECT used.*,
            coalesce((SELECT arg_max(findings, number) FROM counted
                      WHERE inspection_id = used.inspection_id), 0) AS findings,
            coalesce((SELECT max(findings) FROM counted
                      WHERE inspection_id = used.inspection_id), 0) > 0 AS ever_cited
        FROM used ORDER BY created_at DESC, inspection_id DESC
        """,
        snippet_id,
        limit,
        snippet_id,
    )
    return tuple(Citation(**row) for row in found)
