"""The review queue against plain Python over the same inspections."""

from __future__ import annotations

from core.domain import Disposition, Verdict
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection, save_inspection
from core.records.queue import next_waiting, previous_waiting, queue, waiting
from core.records.search import Filter
from core.records.store.database import Database
from tests.records import examples
from tests.records.conftest import SHARE, Past
from tests.records.oracle import waits


def test_what_waits_is_what_plain_python_says_oldest_first(past: Past) -> None:
    expected = [i for i in reversed(past.inspections) if waits(i, SHARE)]

    found = queue(past.records, limit=1000)
    counted = waiting(past.records)

    assert [summary.id for summary in found] == [i.id for i in expected]
    assert [s.id for s in queue(past.records, limit=5, offset=2)] == [i.id for i in expected[2:7]]
    verdicts = [i.judgement.verdict for i in expected]
    assert counted.review == verdicts.count(Verdict.REVIEW) > 0
    assert counted.fail == verdicts.count(Verdict.FAIL) > 0
    assert counted.audit == verdicts.count(Verdict.PASS) > 0
    assert counted.total == len(expected)
    assert counted.oldest == expected[0].created_at


def test_a_filter_narrows_the_queue(past: Past) -> None:
    only = Filter(product_key="line/seal", verdict=Verdict.PASS)
    expected = [
        i.id
        for i in reversed(past.inspections)
        if waits(i, SHARE) and i.product.key == "line/seal" and i.judgement.verdict is Verdict.PASS
    ]

    assert [summary.id for summary in queue(past.records, only, limit=1000)] == expected
    assert waiting(past.records, only).total == len(expected)
    assert next_waiting(past.records, expected[0], only) == expected[1]


def test_next_and_previous_walk_the_whole_queue(past: Past) -> None:
    names = [summary.id for summary in queue(past.records, limit=1000)]

    walked = [names[0]]
    while (following := next_waiting(past.records, walked[-1])) is not None:
        walked.append(following)
    back = [walked[-1]]
    while (before := previous_waiting(past.records, back[-1])) is not None:
        back.append(before)

    assert walked == names
    assert back == names[::-1]


def test_next_of_one_that_was_just_decided(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        for name in ("a", "b", "c"):
            save_inspection(records, examples.inspection(name))
        add_disposition(records, "b", Disposition.REINSPECT, "Blurred", "Ana")

        assert [summary.id for summary in queue(records)] == ["a", "c"], "equal times: by id"
        assert next_waiting(records, "b") == "c"
        assert previous_waiting(records, "b") == "a"
        assert next_waiting(records, "c") is None
        assert next_waiting(records, "no such") is None


def test_a_passed_part_waits_only_when_it_was_drawn(empty_settings: Settings) -> None:
    everything = empty_settings.model_copy(update={"audit_share": 1.0})
    passed = {"judgement": examples.judgement(Verdict.PASS)}
    with Database.open(empty_settings.model_copy(update={"audit_share": 0.0})) as records:
        save_inspection(records, examples.inspection("a").model_copy(update=passed))
        assert waiting(records).total == 0
        assert waiting(records).oldest is None
    with Database.open(everything) as records:
        assert waiting(records).total == 0, "the draw was made when it was inspected"
        save_inspection(records, examples.inspection("b").model_copy(update=passed))
        assert [summary.id for summary in queue(records)] == ["b"]
        assert waiting(records).audit == 1
        assert load_inspection(records, "b").judgement.verdict is Verdict.PASS
