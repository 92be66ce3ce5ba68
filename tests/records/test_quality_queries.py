"""Queries of the quality screen against plain Python over the same inspections."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import time, timedelta, timezone

import numpy as np
import pytest

from core.domain import NOT_CLASSIFIED, Disposition, Inspection, RevisionKind, Verdict
from core.domain.plant_time import PlantTime
from core.evaluation.benchmarks.generated_records import END, VERSION
from core.infrastructure.settings import Settings
from core.records.inspections import add_step, save_inspection
from core.records.quality import defect_places, period_counts, type_counts, verdict_counts
from core.records.revisions import add_revision
from core.records.running import passed_scores, step_times, writing_costs
from core.records.search import Filter
from core.records.store.database import Database
from core.statistics.counts import Period
from tests.records import examples
from tests.records.conftest import SHARE, Past
from tests.records.oracle import defect_type_of, disposition_of, is_audited, is_type_confirmed

Meant = Callable[[Inspection], bool]
FILTERS: tuple[tuple[Filter, Meant], ...] = (
    (Filter(), lambda i: True),
    (Filter(product_key="line/lens"), lambda i: i.product.key == "line/lens"),
    (Filter(lot="L-4", station="ST-1"), lambda i: i.context.lot == "L-4" and is_at_one(i)),
    (
        Filter(since=END - timedelta(hours=6), until=END - timedelta(hours=1)),
        lambda i: END - timedelta(hours=6) <= i.created_at < END - timedelta(hours=1),
    ),
    (Filter(lot="no such"), lambda i: False),
)
each_filter = pytest.mark.parametrize(("filter", "is_meant"), FILTERS)


def is_at_one(inspection: Inspection) -> bool:
    return inspection.context.station == "ST-1"


def is_defective(inspection: Inspection) -> bool:
    decided = disposition_of(inspection)
    return inspection.judgement.verdict is not Verdict.PASS or (
        decided is not None and decided.is_of_good_part is False
    )


@each_filter
def test_verdict_counts(past: Past, filter: Filter, is_meant: Meant) -> None:
    expected: Counter[tuple[object, ...]] = Counter()
    seen: set[tuple[str, str]] = set()
    for inspection in reversed(past.inspections):
        part = inspection.product.key, inspection.context.serial
        if is_meant(inspection):
            expected[
                inspection.judgement.verdict,
                disposition_of(inspection),
                part not in seen,
                is_audited(inspection, SHARE),
            ] += 1
        seen.add(part)

    found = verdict_counts(past.records, filter)

    assert {(c.verdict, c.disposition, c.is_first, c.is_audited): c.count for c in found} == (
        expected
    )


@each_filter
@pytest.mark.parametrize("by", Period)
def test_period_counts(past: Past, filter: Filter, is_meant: Meant, by: Period) -> None:
    # An hour ahead of UTC, and the day begins at five: at four in UTC, as the first shift does.
    plant = PlantTime(timezone(timedelta(hours=1)), time(5), (time(5), time(17)))
    groups: dict[str, list[Inspection]] = defaultdict(list)
    for inspection in reversed(past.inspections):
        if is_meant(inspection):
            at = inspection.created_at.astimezone(plant.zone)
            begun = at - timedelta(hours=5)
            label = {
                Period.HOUR: f"{at:%Y-%m-%dT%H}:00+01:00",
                Period.SHIFT: f"{begun:%Y-%m-%d}T{'05' if begun.hour < 12 else '17'}:00+01:00",
                Period.DAY: f"{begun:%Y-%m-%d}T05:00+01:00",
                Period.LOT: inspection.context.lot,
            }[by]
            groups[label].append(inspection)

    found = period_counts(past.records, filter, by, plant)

    assert [each.label for each in found] == list(groups)
    for each, group in zip(found, groups.values(), strict=True):
        verdicts = [inspection.judgement.verdict for inspection in group]
        assert each.inspected == len(group)
        assert each.failed == verdicts.count(Verdict.FAIL)
        assert each.reviewed == verdicts.count(Verdict.REVIEW)
        assert each.start <= group[0].created_at
    counted = sum(e.first for e in found), sum(e.first_passed for e in found)
    firsts = [count for count in verdict_counts(past.records, filter) if count.is_first]
    if by is not Period.LOT:
        assert counted == (
            sum(count.count for count in firsts),
            sum(count.count for count in firsts if count.verdict is Verdict.PASS),
        )


@each_filter
def test_type_counts(past: Past, filter: Filter, is_meant: Meant) -> None:
    # A passed part that was found bad may show no defect to the machine.
    expected = Counter(
        (
            i.product.key,
            defect_type_of(i) or NOT_CLASSIFIED,
            is_type_confirmed(i),
            disposition_of(i),
        )
        for i in past.inspections
        if is_meant(i) and is_defective(i)
    )

    found = type_counts(past.records, filter)

    assert {
        (c.product_key, c.defect_type, c.is_confirmed, c.disposition): c.count for c in found
    } == expected


@each_filter
def test_defect_places(past: Past, filter: Filter, is_meant: Meant) -> None:
    expected = np.zeros((6, 8), np.int64)
    for inspection in past.inspections:
        if not is_meant(inspection) or not is_defective(inspection):
            continue
        if disposition_of(inspection) is Disposition.VOID:
            continue
        for defect in inspection.defects:
            x = defect.centroid[0] / inspection.image.width
            y = defect.centroid[1] / inspection.image.height
            expected[int(y * 6), int(x * 8)] += 1

    assert (defect_places(past.records, filter, columns=8, rows=6) == expected).all()
    if filter == Filter():
        assert expected.sum() > 50


def test_a_defect_at_the_very_edge_has_a_place(empty_settings: Settings) -> None:
    edge = examples.defect().model_copy(update={"centroid": (300.0, 0.0)})
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection().model_copy(update={"defects": (edge,)}))

        places = defect_places(records, Filter(), columns=4, rows=4)

    assert places[0, 3] == places.sum() == 1


@each_filter
def test_step_times(past: Past, filter: Filter, is_meant: Meant) -> None:
    meant = [i for i in past.inspections if is_meant(i)]
    seconds: dict[str, list[float]] = defaultdict(list)
    for inspection in meant:
        for step in inspection.steps:
            seconds[step.name].append(step.seconds)
    totals = [sum(step.seconds for step in i.steps) for i in meant]

    found = step_times(past.records, filter, takt_s=0.35)

    assert found.inspections == len(meant)
    assert [step.name for step in found.steps] == list(seconds)
    for step in found.steps:
        assert (step.count, step.failed) == (len(meant), 0)
        assert step.median == pytest.approx(np.median(seconds[step.name]))
        assert step.p95 == pytest.approx(np.quantile(seconds[step.name], 0.95))
    assert found.over_takt == sum(total > 0.35 for total in totals)
    if meant:
        assert found.median == pytest.approx(np.median(totals))
        assert found.p95 == pytest.approx(np.quantile(totals, 0.95))
    else:
        assert found.median is None


def test_steps_that_failed_are_counted_and_off_ones_are_not(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        saved = examples.inspection()
        failed = saved.steps[0].model_copy(update={"name": "report", "status": "failed"})
        save_inspection(records, saved)
        add_step(records, saved.id, failed)

        found = step_times(records, Filter())

    assert [(step.name, step.count, step.failed) for step in found.steps] == [
        ("detect", 1, 0),
        ("report", 1, 1),
    ]
    assert found.over_takt is None, "no takt is set"


@each_filter
def test_writing_costs(past: Past, filter: Filter, is_meant: Meant) -> None:
    drafts = [
        revision
        for inspection in past.inspections
        if is_meant(inspection)
        for revision in inspection.revisions
        if revision.writing is not None and revision.writing.model
    ]

    found = writing_costs(past.records, filter)

    days = {(revision.created_at.date(), revision.author) for revision in drafts}
    assert [(cost.day, cost.writer) for cost in found] == sorted(days)
    for cost in found:
        of_day = [
            revision.writing
            for revision in drafts
            if revision.created_at.date() == cost.day and revision.writing is not None
        ]
        asked = [writing for writing in of_day if not writing.from_cache]
        assert cost.drafts == len(of_day)
        assert cost.from_cache == len(of_day) - len(asked)
        assert cost.input_tokens == sum(writing.input_tokens or 0 for writing in asked)
        assert cost.output_tokens == sum(writing.output_tokens or 0 for writing in asked)
        assert cost.cost_usd == pytest.approx(sum(writing.cost_usd or 0 for writing in asked))
        assert cost.unpriced == 0


def test_a_draft_of_no_known_price_is_counted_as_such(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection("1"))
        for cost in (0.25, None):
            writing = examples.writing().model_copy(update={"cost_usd": cost})
            add_revision(
                records, "1", examples.report(), RevisionKind.DRAFTED, "gpt-4o", writing=writing
            )

        (found,) = writing_costs(records, Filter())

    assert (found.drafts, found.cost_usd, found.unpriced) == (2, 0.25, 1)
    assert found.input_tokens == 6000


@each_filter
def test_passed_scores(past: Past, filter: Filter, is_meant: Meant) -> None:
    weeks: dict[object, list[float]] = defaultdict(list)
    for inspection in reversed(past.inspections):
        score = inspection.judgement.score
        if is_meant(inspection) and inspection.judgement.verdict is Verdict.PASS and score < 0.9:
            at = inspection.created_at
            weeks[(at - timedelta(days=at.weekday())).date()].append(score)

    found = passed_scores(past.records, filter, version=VERSION, below=0.9)

    assert [week.start.date() for week in found] == list(weeks)
    for week, scores in zip(found, weeks.values(), strict=True):
        assert sorted(week.scores) == sorted(scores)
    assert passed_scores(past.records, filter, version="another", below=0.9) == ()
