"""Corrections of what was said of a picture, and what counts as a part's first inspection."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import pytest

from core.domain import Context, Disposition, Inspection, Verdict
from core.domain.errors import ProductError, RecordsError
from core.infrastructure.settings import Settings
from core.records.corrections import correct
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.records.inspections import last_seen, load_inspection, save_inspection
from core.records.quality import defect_places, period_counts, type_counts, verdict_counts
from core.records.queue import waiting
from core.records.running import passed_scores
from core.records.search import Filter, search
from core.records.store.database import Database
from core.statistics.counts import Period
from tests.records import examples


@pytest.fixture
def records(empty_settings: Settings) -> Generator[Database]:
    with Database.open(empty_settings) as records:
        yield records


def saved(
    records: Database,
    number: int,
    *,
    serial: str = "",
    lot: str = "L-7",
    picture: str = "",
    verdict: Verdict = Verdict.FAIL,
) -> Inspection:
    """Save the inspection of a minute; of a picture of its own unless one is named."""
    part = examples.inspection(f"part-{number}")
    part = part.model_copy(
        update={
            "created_at": part.created_at + timedelta(minutes=number),
            "context": Context(lot=lot, serial=serial, inspector="Zoë"),
            "image": part.image.model_copy(update={"sha256": (picture or str(number)) * 64}),
            "judgement": examples.judgement(verdict),
        }
    )
    save_inspection(records, part)
    return part


def firsts(records: Database) -> set[str]:
    rows = records.rows("SELECT id FROM inspections WHERE is_first")
    return {row["id"].removeprefix("part-") for row in rows}


def test_a_lot_is_corrected_and_what_was_said_stays(records: Database) -> None:
    wrong, right = saved(records, 1, lot="L-8"), saved(records, 2, lot="L-7")

    changed = correct(records, [wrong.id, right.id], {"lot": "L-7"}, "wrong field", " Ana ")

    assert changed == (wrong.id,), "the other one was right"
    found = load_inspection(records, wrong.id)
    assert found.context.lot == "L-7"
    (correction,) = found.corrections
    assert (correction.corrected_by, correction.reason) == ("Ana", "wrong field")
    assert (correction.before, correction.after) == ({"lot": "L-8"}, {"lot": "L-7"})
    assert {s.id: s.is_corrected for s in search(records)} == {wrong.id: True, right.id: False}
    assert [each.label for each in period_counts(records, Filter(), Period.LOT)] == ["L-7"]
    assert [s.id for s in search(records, Filter(text="l-8"))] == []
    event = list_events(records, wrong.id)[0]
    assert (event.kind, event.actor, event.detail["after"]) == ("corrected", "Ana", {"lot": "L-7"})


def test_a_wrong_product_leaves_the_figures_and_stays_on_record(records: Database) -> None:
    wrong, right = saved(records, 1), saved(records, 2)

    correct(records, [wrong.id], {"product": "ELPV/poly"}, "wrong folder", "Ana")

    found = load_inspection(records, wrong.id)
    assert found.product.key == "ELPV/mono", "that product's detector judged it"
    assert found.corrections[0].after == {"product": "ELPV/poly"}
    assert found.dispositions[-1].disposition is Disposition.IN_ERROR
    assert {s.id for s in search(records)} == {wrong.id, right.id}
    assert waiting(records).total == 1
    correct(records, [wrong.id], {"product": "ELPV/mono"}, "it was right", "Bo")
    assert load_inspection(records, wrong.id).corrections[1].before == {"product": "ELPV/poly"}


def test_what_was_inspected_in_error_counts_nowhere(records: Database) -> None:
    stopped, passed = saved(records, 1), saved(records, 2, verdict=Verdict.PASS)
    version = stopped.detector.version

    def figures() -> list[int]:
        return [
            sum(each.count for each in verdict_counts(records, Filter())),
            sum(each.inspected for each in period_counts(records, Filter(), Period.DAY)),
            sum(each.count for each in type_counts(records, Filter())),
            int(defect_places(records, Filter()).sum()),
            sum(
                len(week.scores)
                for week in passed_scores(records, Filter(), version=version, below=1e9)
            ),
        ]

    assert figures() == [2, 2, 1, 2, 1]
    for each in (stopped, passed):
        add_disposition(records, each.id, Disposition.IN_ERROR, "bad picture", "Ana")

    assert figures() == [0, 0, 0, 0, 0]


def test_the_same_picture_is_not_another_first(records: Database) -> None:
    saved(records, 1, picture="a")
    saved(records, 2, picture="a")
    saved(records, 3, picture="b", serial="S-1")
    saved(records, 4, picture="b", serial="S-2")
    saved(records, 5, picture="b")
    saved(records, 6, picture="c", serial="S-1")

    assert firsts(records) == {"1", "3", "4"}


def test_when_a_picture_was_seen_last(records: Database) -> None:
    first = saved(records, 1, picture="a", serial="S-1")
    product = first.product.key

    assert last_seen(records, product, "a" * 64, "") == first.created_at
    assert last_seen(records, product, "a" * 64, "S-1") == first.created_at
    assert last_seen(records, product, "a" * 64, "S-2") is None
    assert last_seen(records, "ELPV/poly", "a" * 64, "") is None
    assert last_seen(records, product, "b" * 64, "") is None
    add_disposition(records, first.id, Disposition.IN_ERROR, "blurred", "Ana")
    assert last_seen(records, product, "a" * 64, "") is None


def test_the_first_follows_corrections_and_errors(records: Database) -> None:
    for number in (1, 2, 3):
        saved(records, number, serial="S-1")
    assert firsts(records) == {"1"}

    add_disposition(records, "part-1", Disposition.IN_ERROR, "blurred", "Ana")
    assert firsts(records) == {"2"}
    correct(records, ["part-2"], {"serial": "S-2"}, "misread", "Ana")
    assert firsts(records) == {"2", "3"}
    add_disposition(records, "part-1", Disposition.SCRAP, "it was sharp", "Ana")
    assert firsts(records) == {"1", "2"}


def test_what_cannot_be_corrected_changes_nothing(records: Database) -> None:
    one, other = saved(records, 1), saved(records, 2)

    with pytest.raises(RecordsError, match="A serial is of one part"):
        correct(records, [one.id, other.id], {"serial": "S-9"}, "why", "Ana")
    with pytest.raises(RecordsError, match="Give a reason"):
        correct(records, [one.id], {"lot": "L-9"}, " ", "Ana")
    with pytest.raises(RecordsError, match="Name the person"):
        correct(records, [one.id], {"lot": "L-9"}, "why", "")
    with pytest.raises(ProductError, match="A product is named"):
        correct(records, [one.id], {"product": "no product"}, "why", "Ana")
    with pytest.raises(RecordsError, match="no inspection 'nobody'"):
        correct(records, [one.id, "nobody"], {"lot": "L-9"}, "why", "Ana")

    assert load_inspection(records, one.id).corrections == ()
    assert load_inspection(records, one.id).context.lot == "L-7"
