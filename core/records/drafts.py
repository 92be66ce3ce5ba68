"""Keep what a person has typed into a report and not saved yet, for each browser and inspection."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import AwareDatetime, Field, JsonValue

from core.domain import Frozen
from core.records.store.database import Database, insert


class Draft(Frozen):
    """Fields that differ from a revision."""

    revision: int = Field(description="number of the revision that is edited")
    after: int = Field(description="number of the newest revision that the person has seen")
    reason: str = Field("", description="for changing a report that was signed")
    fields: dict[str, JsonValue] = Field(default_factory=dict, description="by place in the report")
    kept_at: AwareDatetime | None = Field(None, description="None: not kept yet")


def keep_draft(database: Database, browser: str, inspection_id: str, draft: Draft) -> None:
    """Keep a draft in place of the one before."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM drafts WHERE browser = ? AND inspection_id = ?", [browser, inspection_id]
        )
        row = {"browser": browser, "inspection_id": inspection_id, **draft.model_dump()}
        changed = {"fields": json.dumps(draft.fields), "kept_at": datetime.now(UTC)}
        insert(cursor, "drafts", [row | changed])


def kept_draft(database: Database, browser: str, inspection_id: str) -> Draft | None:
    """Find the draft of a browser for an inspection; None: there is none."""
    found = database.rows(
        "SELECT * EXCLUDE (browser, inspection_id) FROM drafts "
        "WHERE browser = ? AND inspection_id = ?",
        browser,
        inspection_id,
    )
    return Draft(**found[0] | {"fields": json.loads(found[0]["fields"])}) if found else None


def drop_draft(database: Database, browser: str, inspection_id: str) -> None:
    """Forget a draft: it was saved, or the person does not want it."""
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM drafts WHERE browser = ? AND inspection_id = ?", [browser, inspection_id]
        )
