"""Revisions follow what their authors have read; a signed one stands until another is signed."""

from __future__ import annotations

import csv
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.domain import Revision, RevisionKind
from core.domain.errors import OutdatedError, RecordsError
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.records.exports import write_table
from core.records.inspections import load_inspection, save_inspection
from core.records.revisions import add_revision
from core.records.search import Filter, count, ids, search
from core.records.store.database import Database
from tests.records import examples

ID = examples.inspection().id


@pytest.fixture
def drafted(empty_settings: Settings) -> Generator[Database]:
    """Records of one inspection with a draft, revision 1."""
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection())
        yield records


def save(
    records: Database,
    summary: str,
    kind: RevisionKind = RevisionKind.EDITED,
    author: str = "Ana",
    after: int | None = None,
    reason: str = "",
) -> Revision:
    return add_revision(
        records, ID, examples.report(summary), kind, author, after=after, reason=reason
    )


def test_what_follows_a_revision_that_was_not_read_is_refused(drafted: Database) -> None:
    save(drafted, "Ben's text", author="Ben", after=1)

    with pytest.raises(OutdatedError, match="Ben has saved revision 2 of this report") as told:
        save(drafted, "Ana's text", after=1)

    assert "nothing was saved" in str(told.value)
    assert [r.report.summary for r in load_inspection(drafted, ID).revisions[1:]] == ["Ben's text"]
    assert save(drafted, "Both texts", after=2).number == 3


def test_of_many_who_save_at_once_one_is_not_refused(drafted: Database) -> None:
    def is_saved(number: int) -> bool:
        try:
            save(drafted, str(number), after=1)
        except OutdatedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(is_saved, range(24))) == 1
    assert load_inspection(drafted, ID).newest_revision == 2


def test_a_signed_report_is_followed_with_a_reason_and_stands_until_another_is_signed(
    drafted: Database,
) -> None:
    save(drafted, "Signed text", RevisionKind.SIGNED)
    for kind in RevisionKind:
        with pytest.raises(RecordsError, match=r"Ana has signed .* revision 2: give a reason"):
            save(drafted, "Another", kind, author="Ben", reason=" ")

    edited = save(drafted, "Another", author="Ben", reason="Lot was wrong")

    inspection = load_inspection(drafted, ID)
    assert (edited.reason, inspection.revisions[-1].reason) == ("Lot was wrong", "Lot was wrong")
    assert inspection.signed == inspection.revision == inspection.revisions[1]
    assert inspection.report == examples.report("Signed text")
    assert count(drafted, Filter(text="signed text")) == 1
    assert count(drafted, Filter(text="another")) == 0
    assert "Lot was wrong" in str([event.detail for event in list_events(drafted, ID)])

    again = save(drafted, "Another", RevisionKind.SIGNED, author="Ben", reason="Lot was wrong")

    assert load_inspection(drafted, ID).revision == again
    assert count(drafted, Filter(text="another")) == 1


def test_signed_reports_are_listed_filtered_and_exported(drafted: Database, tmp_path: Path) -> None:
    save_inspection(drafted, examples.inspection("20261124-2"))
    save(drafted, "Signed text", RevisionKind.SIGNED, author="=Ana")
    save(drafted, "Another", reason="Lot was wrong")

    assert {each.id: each.signed_revision for each in search(drafted)} == {
        ID: 2,
        "20261124-2": None,
    }
    assert ids(drafted, Filter(signed=True)) == (ID,)
    assert ids(drafted, Filter(signed=False)) == ("20261124-2",)
    write_table(drafted, Filter(), tmp_path / "all.csv", "csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["id"]: row for row in csv.DictReader(file)}
    assert (exported[ID]["signed_revision"], exported[ID]["signed_by"]) == ("2", "'=Ana")
    assert exported[ID]["signed_at_utc"] > "2026"
    assert exported["20261124-2"]["signed_revision"] == ""
