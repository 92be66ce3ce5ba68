"""What was drawn for an audit is sealed until a person decides; no list or export tells of it."""

from __future__ import annotations

import csv
from collections.abc import Generator
from pathlib import Path

import pytest

from core.domain import Disposition, Verdict
from core.domain.errors import RecordsError
from core.infrastructure.settings import Settings
from core.records.audits import finding_is_sealed, open_finding, require_unsealed
from core.records.dispositions import add_disposition
from core.records.exports import write_table
from core.records.inspections import load_inspection, save_inspection
from core.records.quality import verdict_counts
from core.records.queue import queue
from core.records.search import Filter, count, search
from core.records.store.database import Database
from tests.records import examples

DRAWN, STOPPED = "drawn", "stopped"


@pytest.fixture
def records(empty_settings: Settings) -> Generator[Database]:
    """A passed part with a defect that was drawn for an audit, and a stopped one."""
    with Database.open(empty_settings.model_copy(update={"audit_share": 1.0})) as records:
        save_inspection(records, examples.inspection(STOPPED))
        passed = {"judgement": examples.judgement(Verdict.PASS, 0.4)}
        save_inspection(records, examples.inspection(DRAWN).model_copy(update=passed))
        yield records


def blind_dispositions(records: Database) -> dict[Verdict, Disposition | None]:
    return {each.verdict: each.blind_disposition for each in verdict_counts(records, Filter())}


def listed(records: Database, filter: Filter) -> list[str]:
    found = search(records, filter)
    assert count(records, filter) == len(found)
    return [summary.id for summary in found]


def test_only_what_was_drawn_is_sealed(records: Database) -> None:
    assert finding_is_sealed(records, DRAWN)
    assert not finding_is_sealed(records, STOPPED)
    assert not finding_is_sealed(records, "unknown")
    with pytest.raises(RecordsError, match="drawn for an audit"):
        require_unsealed(records, DRAWN)
    require_unsealed(records, STOPPED)


@pytest.mark.parametrize(
    "filter",
    [Filter(verdict=Verdict.PASS), Filter(defect_type="crack"), Filter(text="defect at the top")],
    ids=repr,
)
def test_a_sealed_finding_is_not_found_by_what_it_is(records: Database, filter: Filter) -> None:
    assert DRAWN not in listed(records, filter)

    add_disposition(records, DRAWN, Disposition.SCRAP, "Bent", "Ana")

    assert DRAWN in listed(records, filter)


def test_a_sealed_part_is_listed_and_waits(records: Database) -> None:
    assert DRAWN in listed(records, Filter(lot="L-7"))
    assert {summary.id for summary in queue(records)} == {DRAWN, STOPPED}
    assert {each.id for each in search(records) if each.is_sealed} == {DRAWN}


def test_the_first_decision_on_a_sealed_part_is_blind_and_later_ones_are_not(
    records: Database,
) -> None:
    add_disposition(records, DRAWN, Disposition.SCRAP, "Bent", "Ana")
    add_disposition(records, DRAWN, Disposition.REPAIR, "It can be straightened", "Ana")

    entries = load_inspection(records, DRAWN).dispositions
    assert [entry.is_blind for entry in entries] == [True, False]
    assert blind_dispositions(records)[Verdict.PASS] is Disposition.SCRAP
    assert not finding_is_sealed(records, DRAWN)


def test_of_other_parts_the_person_says_whether_it_was_blind(records: Database) -> None:
    add_disposition(records, STOPPED, Disposition.REINSPECT, "Blurred", "Ana")
    assert blind_dispositions(records)[Verdict.FAIL] is None

    add_disposition(records, STOPPED, Disposition.SCRAP, "Bent", "Bo", is_blind=True)
    assert blind_dispositions(records)[Verdict.FAIL] is Disposition.SCRAP


def test_who_insists_on_the_finding_judges_no_longer_blind(records: Database) -> None:
    for reason, person in (("", "Ana"), ("I must know", " ")):
        with pytest.raises(RecordsError, match="before the decision"):
            open_finding(records, DRAWN, reason, person)
    assert finding_is_sealed(records, DRAWN)

    open_finding(records, DRAWN, "I must know", "Ana")

    assert not finding_is_sealed(records, DRAWN)
    assert {summary.id for summary in queue(records)} == {DRAWN, STOPPED}
    event = records.rows("SELECT * FROM events WHERE kind = 'finding opened'")[0]
    assert (event["subject"], event["actor"]) == (DRAWN, "Ana")
    add_disposition(records, DRAWN, Disposition.SCRAP, "Bent", "Ana")
    assert blind_dispositions(records)[Verdict.PASS] is None
    with pytest.raises(RecordsError, match="not hidden"):
        open_finding(records, DRAWN, "Again", "Ana")


def test_an_export_leaves_the_columns_of_a_sealed_finding_empty(
    records: Database, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    write_table(records, Filter(), path, "csv")
    rows = {row["id"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}

    found = ("verdict", "score", "percentile", "defect_count", "defect_type")
    assert [rows[DRAWN][name] for name in found] == [""] * 5
    assert rows[STOPPED]["verdict"] == "FAIL"
    assert all(rows[STOPPED][name] for name in found)
