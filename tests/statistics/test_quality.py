"""Rates, agreement and Pareto, with answers known from textbooks or by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from scipy.stats import beta

from core.domain import Disposition, Verdict
from core.domain.policy import Policy
from core.statistics.counts import PeriodCount, TypeCount, VerdictCount, WritingCost
from core.statistics.intervals import exact_rate
from core.statistics.kappa import Kappa, KappaUnknown
from core.statistics.quality import (
    Bar,
    agreement,
    by_shift,
    cost_pareto,
    defect_pareto,
    foremost,
    newest_chart,
    rates,
    writer_totals,
)


def counted(
    count: int,
    verdict: Verdict,
    disposition: Disposition | None = None,
    *,
    is_audited: bool = False,
    is_first: bool = True,
) -> VerdictCount:
    return VerdictCount(
        verdict=verdict,
        disposition=disposition,
        is_first=is_first,
        is_audited=is_audited,
        count=count,
    )


LINE = (
    counted(900, Verdict.PASS),
    counted(1, Verdict.PASS, Disposition.SCRAP),
    counted(17, Verdict.PASS, Disposition.USE_AS_IS, is_audited=True),
    counted(1, Verdict.PASS, Disposition.REWORK, is_audited=True),
    counted(2, Verdict.PASS, is_audited=True),
    counted(30, Verdict.REVIEW, Disposition.VOID),
    counted(10, Verdict.REVIEW, Disposition.REINSPECT, is_first=False),
    counted(4, Verdict.FAIL, Disposition.USE_AS_IS),
    counted(26, Verdict.FAIL, Disposition.SCRAP),
    counted(9, Verdict.FAIL, is_first=False),
)


def test_rates_of_a_line_counted_by_hand() -> None:
    found = rates(LINE)

    assert found.inspected == 1000
    assert found.first_pass_yield is not None
    assert (found.first_pass_yield.count, found.first_pass_yield.out_of) == (921, 981)
    assert found.rejected is not None
    assert found.rejected.share == 0.039
    assert found.reviewed is not None
    assert found.reviewed.share == 0.040
    assert found.false_alarms is not None
    assert (found.false_alarms.count, found.false_alarms.out_of) == (34, 60)
    assert found.stopped_undecided == 19
    assert found.escape is not None
    assert (found.escape.count, found.escape.out_of) == (1, 18)
    assert found.escape.low == pytest.approx(beta.ppf(0.025, 1, 18))
    assert found.escape.high == pytest.approx(beta.ppf(0.975, 2, 17))
    assert found.audits_undecided == 2
    assert found.escapes_otherwise == 1


def test_what_nobody_looked_at_is_unknown_and_not_zero() -> None:
    found = rates([counted(1000, Verdict.PASS), counted(5, Verdict.FAIL)])

    assert found.escape is None
    assert found.false_alarms is None
    assert found.stopped_undecided == 5
    nothing = rates([])
    assert nothing.inspected == 0
    assert nothing.first_pass_yield is nothing.rejected is nothing.reviewed is None


def test_no_escape_among_few_audits_leaves_a_wide_interval() -> None:
    found = rates([counted(30, Verdict.PASS, Disposition.USE_AS_IS, is_audited=True)]).escape

    assert found is not None
    assert found.share == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_agreement_leaves_reviews_out_and_counts_them() -> None:
    found = agreement(LINE)

    assert (found.passed_good, found.passed_bad) == (17, 2)
    assert (found.failed_good, found.failed_bad) == (4, 26)
    assert found.n == 49
    assert found.reviews == 30
    assert agreement([*LINE, counted(3, Verdict.REVIEW, Disposition.SCRAP)]).reviews == 33
    assert found.undecided == 900 + 2 + 9
    assert found.blind.n == 0
    assert found.kappa_of_blind is KappaUnknown.NOT_BLIND


def test_agreement_is_that_of_the_first_blind_decisions() -> None:
    def blind(
        count: int, verdict: Verdict, seen: Disposition, now: Disposition | None = None
    ) -> VerdictCount:
        return counted(count, verdict, now or seen).model_copy(update={"blind_disposition": seen})

    passed = blind(20, Verdict.PASS, Disposition.USE_AS_IS)
    found = agreement(
        [
            *LINE,
            passed,
            blind(3, Verdict.FAIL, Disposition.VOID, now=Disposition.SCRAP),
            blind(9, Verdict.FAIL, Disposition.SCRAP),
            blind(2, Verdict.FAIL, Disposition.REINSPECT),
        ]
    )

    assert found.failed_bad == 26 + 3 + 9, "what is decided now"
    blind_cells = (found.blind.passed_good, found.blind.failed_good, found.blind.failed_bad)
    assert (blind_cells, found.blind.n) == ((20, 3, 9), 32)
    assert found.blind.agreed == exact_rate(29, 32)
    # Agreed .90625, by chance (20 * 23 + 12 * 9) / 32^2 = .5547.
    assert isinstance(found.kappa_of_blind, Kappa)
    assert found.kappa_of_blind.value == pytest.approx((29 / 32 - 568 / 1024) / (1 - 568 / 1024))
    assert agreement([*LINE, passed]).kappa_of_blind is KappaUnknown.ONE_ANSWER


def typed(
    count: int,
    name: str,
    disposition: Disposition | None,
    product: str = "a/b",
    *,
    is_confirmed: bool = True,
) -> TypeCount:
    return TypeCount(
        product_key=product,
        defect_type=name,
        disposition=disposition,
        is_confirmed=is_confirmed,
        count=count,
    )


TYPES = (
    typed(3, "dent", Disposition.SCRAP),
    typed(5, "scratch", Disposition.REWORK),
    typed(1, "scratch", None),
    typed(1, "scratch", Disposition.REPAIR, "a/c"),
    typed(40, "dust", Disposition.VOID),
)


def test_pareto_by_count_leaves_false_alarms_out() -> None:
    bars = defect_pareto(TYPES)

    assert [(bar.name, bar.amount) for bar in bars] == [("scratch", 7), ("dent", 3)]
    assert [bar.cumulative for bar in bars] == [0.7, 1]
    assert defect_pareto([]) == ()


def test_guesses_are_apart_and_lead_nothing() -> None:
    guesses = [
        typed(13, "colour", Disposition.SCRAP, is_confirmed=False),
        typed(1, "dent", None, is_confirmed=False),
    ]
    bars = defect_pareto([*TYPES, *guesses])

    assert [(bar.name, bar.confirmed, bar.guessed) for bar in bars] == [
        ("scratch", 7, 0),
        ("dent", 3, 1),
        ("colour", 0, 13),
    ]
    assert [bar.cumulative for bar in bars] == [0.7, 1, 1]
    assert [(bar.share, bar.cumulative) for bar in defect_pareto(guesses)] == [(0, 0), (0, 0)]
    # A person names the type of some: they move to what is confirmed.
    moved = [
        typed(10, "colour", Disposition.SCRAP, is_confirmed=False),
        typed(3, "colour", Disposition.SCRAP),
    ]
    (first,) = defect_pareto(moved)
    assert (first.confirmed, first.guessed, first.share) == (3, 10, 1)
    costs = cost_pareto(moved, {"a/b": {Disposition.SCRAP: 2}})
    assert costs is not None
    assert [(bar.confirmed, bar.guessed) for bar in costs.bars] == [(6, 20)]


def test_pareto_by_cost_follows_the_policies() -> None:
    policy = Policy.model_validate(
        {"disposition_costs": {"scrap": 10, "rework": 2, "void (false alarm)": 0.5}}
    )

    found = cost_pareto(TYPES, {"a/b": policy.disposition_costs, "a/c": {}})

    assert found is not None
    assert [(bar.name, bar.amount) for bar in found.bars] == [
        ("dent", 30),
        ("dust", 20),
        ("scratch", 10),
    ]
    assert (found.unpriced, found.undecided) == (1, 1)
    assert cost_pareto(TYPES, {"a/b": {}, "a/c": {}}) is None, "no cost is set"
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_the_tail_of_a_pareto_is_put_together() -> None:
    shares = (0.5, 0.3, 0.1, 0.1)
    bars = [
        Bar(
            name=name,
            confirmed=100 * share,
            guessed=1,
            share=share,
            cumulative=sum(shares[: at + 1]),
        )
        for at, (name, share) in enumerate(zip("abcd", shares, strict=True))
    ]

    assert foremost(bars, 4, "rest") == tuple(bars)
    kept = foremost(bars, 3, "rest")
    assert [bar.name for bar in kept] == ["a", "b", "rest"]
    assert (kept[-1].confirmed, kept[-1].guessed) == (pytest.approx(20), 2)
    assert (kept[-1].share, kept[-1].cumulative) == (pytest.approx(0.2), 1)


def test_the_newest_periods_make_limits_of_their_own() -> None:
    periods = [
        PeriodCount(
            label=str(day),
            start=datetime(2026, 11, day, tzinfo=UTC),
            inspected=100,
            reviewed=3,
            failed=50 if day == 1 else 2,
        )
        for day in range(1, 6)
    ]

    newest = newest_chart(periods, with_reviews=False, most=4)
    assert newest is not None
    assert [point.label for point in newest.points] == ["2", "3", "4", "5"]
    assert newest.centre == 0.02
    both = newest_chart(periods, with_reviews=True, most=4)
    assert both is not None
    assert both.centre == 0.05
    assert newest_chart([], with_reviews=False, most=4) is None


def test_writers_are_summed_over_days() -> None:
    def cost(writer: str, day: int, usd: float, unpriced: int = 0) -> WritingCost:
        return WritingCost(
            day=date(2026, 11, day),
            writer=writer,
            drafts=2,
            from_cache=1,
            input_tokens=10,
            output_tokens=5,
            cost_usd=usd,
            unpriced=unpriced,
        )

    first, second = writer_totals([cost("a", 1, 0.5), cost("b", 1, 2, 1), cost("a", 2, 0.25)])

    assert (first.writer, first.cost_usd, first.unpriced, first.drafts) == ("b", 2, 1, 2)
    assert (second.writer, second.cost_usd, second.drafts, second.input_tokens) == (
        "a",
        0.75,
        4,
        20,
    )


def test_shifts_are_summed_by_their_start() -> None:
    def shift(day: int, hour: int, failed: int) -> PeriodCount:
        return PeriodCount(
            label="",
            start=datetime(2026, 11, day, hour, tzinfo=UTC),
            inspected=100,
            first=90,
            first_passed=80,
            reviewed=3,
            failed=failed,
        )

    late, early = by_shift([shift(1, 14, 1), shift(2, 6, 2), shift(2, 14, 4)])[::-1]

    assert (early.label, early.inspected, early.failed) == ("06:00", 100, 2)
    assert (late.label, late.inspected, late.failed) == ("14:00", 200, 5)
    assert (late.first, late.first_passed, late.reviewed) == (180, 160, 6)
