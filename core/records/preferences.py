"""Keep settings that were changed on a page: each value, and who changed it when."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime

from core.domain import Frozen
from core.records.store.database import Database, insert


class Change(Frozen):
    """Who changed a setting, and when."""

    by: str
    at: AwareDatetime


def preferences(database: Database) -> dict[str, Any]:
    """List the changed settings: JSON values by name."""
    found = database.rows("SELECT name, value FROM preferences ORDER BY name")
    return {row["name"]: json.loads(row["value"]) for row in found}


def changes(database: Database) -> dict[str, Change]:
    """List who changed which setting when, by name."""
    found = database.rows("SELECT name, changed_by, changed_at FROM preferences")
    return {row["name"]: Change(by=row["changed_by"], at=row["changed_at"]) for row in found}


def save_preference(database: Database, name: str, value: object, person: str) -> None:
    """Keep a setting's value; None: return to what the environment says."""
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM preferences WHERE name = ?", [name])
        if value is not None:
            row = {
                "name": name,
                "value": json.dumps(value),
                "changed_at": datetime.now(UTC),
                "changed_by": person,
            }
            insert(cursor, "preferences", [row])
