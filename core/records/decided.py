"""List pictures of which a person has said what they show: known defects and false alarms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from core.domain import Disposition, Frozen
from core.records.store.database import Database

FOUND_BAD = ", ".join(f"'{each.value}'" for each in Disposition if each.is_of_good_part is False)
# The newest decision on a picture counts; to inspect it again decides nothing.
DECIDED = f"""
    SELECT image_sha256, arg_max(disposition, decided_at) AS disposition,
        arg_max(filename, decided_at) AS filename, arg_max(id, decided_at) AS inspection_id,
        arg_max(score, decided_at) AS score, arg_max(lot, decided_at) AS lot,
        arg_max(reason, decided_at) AS reason, max(decided_at) AS decided_at
    FROM inspections
    WHERE product_key = ? AND disposition IS NOT NULL
        AND disposition <> '{Disposition.REINSPECT.value}'
    GROUP BY image_sha256
"""


class KnownDefect(Frozen):
    """A picture of a part that is bad for certain."""

    image_sha256: str
    filename: str
    origin: Literal["inspected", "labelled"]
    score: float | None = Field(description="by the version that is asked; None: not scored by it")


class FalseAlarm(Frozen):
    """A picture of a part that was stopped and that a person found to be good."""

    image_sha256: str
    filename: str
    inspection_id: str
    score: float = Field(description="when it was inspected")
    lot: str
    reason: str
    decided_at: AwareDatetime


def known_defects(database: Database, product_key: str, version: str) -> tuple[KnownDefect, ...]:
    """List parts that a person found bad, and labelled ones, with their scores by one version.

    Args:
        database: the records.
        product_key: of the product.
        version: of the detector whose scores are wanted; other versions have other scales.
    """
    found = database.rows(
        f"""
        WITH bad AS (
            SELECT image_sha256, filename, 'labelled' AS origin FROM known_defects
            WHERE product_key = ?
            UNION ALL
            SELECT image_sha256, filename, 'inspected' FROM ({DECIDED})
            WHERE disposition IN ({FOUND_BAD}) AND image_sha256 NOT IN (
                SELECT image_sha256 FROM known_defects WHERE product_key = ?)
        ),
        scored AS (
            SELECT image_sha256, any_value(score) AS score FROM (
                SELECT image_sha256, score FROM inspections
                WHERE product_key = ? AND version = ?
                UNION ALL
                SELECT image_sha256, score FROM known_scores
                WHERE product_key = ? AND version = ?
            ) GROUP BY image_sha256
        )
        SELECT bad.image_sha256, filename, origin, score
        FROM bad LEFT JOIN scored USING (image_sha256) ORDER BY filename, image_sha256
        """,
        product_key,
        product_key,
        product_key,
        *(product_key, version) * 2,
    )
    return tuple(KnownDefect(**row) for row in found)


def false_alarms(database: Database, product_key: str, limit: int = 500) -> tuple[FalseAlarm, ...]:
    """List pictures whose newest decision is "void (false alarm)", the newest first."""
    found = database.rows(
        f"SELECT * EXCLUDE disposition FROM ({DECIDED}) WHERE disposition = ? "
        "ORDER BY decided_at DESC LIMIT ?",
        product_key,
        Disposition.VOID.value,
        limit,
    )
    return tuple(FalseAlarm(**row) for row in found)


def found_in_error(database: Database, product_key: str) -> frozenset[str]:
    """List the hashes of pictures whose newest decision is "inspected in error"."""
    found = database.rows(
        f"SELECT image_sha256 FROM ({DECIDED}) WHERE disposition = ?",
        product_key,
        Disposition.IN_ERROR.value,
    )
    return frozenset(row["image_sha256"] for row in found)


def save_known_defect(
    database: Database, product_key: str, image_sha256: str, filename: str, person: str
) -> bool:
    """Keep a labelled picture of a bad part; return whether it is new."""
    with database.transaction() as cursor:
        return (
            cursor.execute(
                "INSERT OR IGNORE INTO known_defects VALUES (?, ?, ?, ?, ?) RETURNING 1",
                [
                    product_key,
                    image_sha256,
                    filename,
                    person,
                    datetime.now(UTC).replace(tzinfo=None),
                ],
            ).fetchone()
            is not None
        )


def save_known_score(
    database: Database, product_key: str, version: str, image_sha256: str, score: float
) -> None:
    """Keep the score that one version of a detector gives a known defect."""
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO known_scores VALUES (?, ?, ?, ?)",
            [product_key, version, image_sha256, score],
        )
