"""Two thousand made-up inspections, and the same as plain objects to compare with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass

import pytest

from core.domain import Inspection
from core.evaluation.benchmarks.generated_records import generate
from core.infrastructure.settings import Settings
from core.records.store.database import Database
from core.records.store.rows import Row, inspection_of

ENTRIES = 2000
# Enough audited parts among few.
SHARE = 0.2


@dataclass(frozen=True)
class Past:
    """Records that tests only read, and all that is in them."""

    records: Database
    inspections: tuple[Inspection, ...]


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Generator[Past]:
    """A past of 2,000 inspections, the newest first."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("past"), audit_share=SHARE)
    with Database.open(settings) as records:
        generate(records, ENTRIES, SHARE)
        yield Past(records, everything(records))


def everything(records: Database) -> tuple[Inspection, ...]:
    """All inspections, the newest first, read table by table: one by one takes ten times longer."""
    children: dict[str, dict[str, list[Row]]] = {}
    for table, order in (
        ("defects", "position"),
        ("evidence", "kind, position"),
        ("revisions", "number"),
        ("dispositions", "number"),
        ("corrections", "number"),
    ):
        grouped = children[table] = defaultdict(list)
        for row in records.rows(f"SELECT * FROM {table} ORDER BY {order}"):
            grouped[row.pop("inspection_id")].append(row)
    return tuple(
        inspection_of(row, *(grouped[row["id"]] for grouped in children.values()))
        for row in records.rows("SELECT * FROM inspections ORDER BY created_at DESC")
    )
