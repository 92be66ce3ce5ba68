"""Keep answers of report writers by the hash of all that they were asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from core.domain import Report, Writing
from core.records.store.database import Database


def save_answer(database: Database, question_sha256: str, report: Report, writing: Writing) -> None:
    """Keep a report for the next time that the same is asked, in place of an older one."""
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
            [
                question_sha256,
                datetime.now(UTC).replace(tzinfo=None),
                report.model_dump_json(),
                writing.model_dump_json(),
            ],
        )


def kept_answer(database: Database, question_sha256: str) -> tuple[Report, Writing] | None:
    """Return the report that answered a question and how it was written; None: not asked yet."""
    found = database.rows(
        "SELECT report, writing FROM answers WHERE question_sha256 = ?", question_sha256
    )
    if not found:
        return None
    return Report(**json.loads(found[0]["report"])), Writing(**json.loads(found[0]["writing"]))
