"""Rates, agreement and Pareto, with answers known from textbooks or by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import cohen_kappa_score

from core.domain import Disposition, Verdict
from core.domain.policy import Policy
from core.statistics.counts import PeriodCount, TypeCount, VerdictCount, WritingCost
from core.statistics.quality import (
    Bar,
    agreement,
    by_shift,
    cohen_kappa,
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
    assert found.overkill is not None
    assert (found.overkill.count, found.overkill.out_of) == (34, 60)
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
    assert found.overkill is None
    assert found.stopped_undecided == 5
    nothing = rates([])
    assert nothing.inspected == 0
    assert nothing.first_pass_yield is nothing.rejected is nothing.reviewed is None


def test_no_escape_among_few_audits_leaves_a_wide_interval() -> None:
    found = rates([counted(30, Verdict.PASS, Disposition.USE_AS_IS, is_audited=True)]).escape

    assert found is not None
    assert found.share == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_kappa_of_fleiss_example() -> None:
    # Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1: two
    # raters, 100 subjects; kappa .68, interval .51 to .85 from figures rounded to two places.
    found = cohen_kappa(np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))

    assert found is not None
    assert found.value == pytest.approx(0.68, abs=0.005)
    assert found.low == pytest.approx(0.51, abs=0.01)
    assert found.high == pytest.approx(0.85, abs=0.005)


def test_kappa_is_scikit_learns_and_its_interval_that_of_a_bootstrap() -> None:
    table = np.array([[180, 9], [14, 60]])
    answers = [(i, j) for i in (0, 1) for j in (0, 1) for _ in range(table[i, j])]
    machine, person = np.array(answers).T
    rng = np.random.default_rng(0)
    draws = rng.integers(len(answers), size=(1000, len(answers)))
    resampled = [cohen_kappa_score(machine[draw], person[draw]) for draw in draws]

    found = cohen_kappa(table)

    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(machine, person))
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)


def test_kappa_is_not_known_where_chance_is_certain() -> None:
    assert cohen_kappa(np.zeros((2, 2))) is None
    assert cohen_kappa(np.array([[7, 0], [0, 0]])) is None
    perfect = cohen_kappa(np.array([[7, 0], [0, 3]]))
    assert perfect is not None
    assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)


def test_agreement_leaves_reviews_out_and_counts_them() -> None:
    found = agreement(LINE)

    assert (found.passed_good, found.passed_bad) == (17, 2)
    assert (found.failed_good, found.failed_bad) == (4, 26)
    assert found.n == 49
    assert found.reviews == 30
    assert agreement([*LINE, counted(3, Verdict.REVIEW, Disposition.SCRAP)]).reviews == 33
    assert found.undecided == 900 + 2 + 9
    # Agreed .8776, by chance (19 * 21 + 30 * 28) / 49^2 = .5160.
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx((43 / 49 - 1239 / 2401) / (1 - 1239 / 2401))


def typed(
    count: int, name: str, disposition: Disposition | None, product: str = "a/b"
) -> TypeCount:
    return TypeCount(product_key=product, defect_type=name, disposition=disposition, count=count)


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
        Bar(name=name, amount=100 * share, share=share, cumulative=sum(shares[: at + 1]))
        for at, (name, share) in enumerate(zip("abcd", shares, strict=True))
    ]

    assert foremost(bars, 4, "rest") == tuple(bars)
    kept = foremost(bars, 3, "rest")
    assert [bar.name for bar in kept] == ["a", "b", "rest"]
    assert kept[-1].amount == pytest.approx(20)
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
