"""p-chart and run rules: Montgomery's example, series made to break one rule each, simulations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom

from core.statistics.control_charts import (
    FALSE_ALARM_RATES,
    ChartLimits,
    ChartRule,
    PChart,
    Sample,
    p_chart,
)

# Montgomery, Introduction to Statistical Quality Control, chapter 7: nonconforming cans of frozen
# orange juice concentrate, 30 samples of 50.
CANS = (
    *(12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22),
    *(8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6),
)


def samples(counts: Sequence[int], sizes: int | Sequence[int] = 50) -> list[Sample]:
    return [
        Sample(label=str(number), inspected=size, nonconforming=count)
        for number, (count, size) in enumerate(
            zip(counts, [sizes] * len(counts) if isinstance(sizes, int) else sizes, strict=True),
            start=1,
        )
    ]


def drawn(sizes: np.ndarray, shares: np.ndarray | float, seed: int = 0) -> PChart:
    counts = np.random.default_rng(seed).binomial(sizes, shares)
    chart = p_chart(samples(counts.tolist(), sizes.tolist()))
    assert chart is not None
    return chart


def marked(chart: PChart) -> set[int]:
    return {at for violation in chart.violations for at in violation.points}


def broken(
    counts: Sequence[int], size: int | Sequence[int] = 1000
) -> dict[ChartRule, list[tuple[int, ...]]]:
    chart = p_chart(samples(counts, size))
    assert chart is not None
    found: dict[ChartRule, list[tuple[int, ...]]] = {}
    for violation in chart.violations:
        found.setdefault(violation.rule, []).append(violation.points)
    return found


def test_montgomerys_cans() -> None:
    chart = p_chart(samples(CANS))

    assert chart is not None
    assert chart.centre == pytest.approx(0.2313, abs=5e-5)
    # Three standard errors would be .0524 to .4102. The exact limits are the outermost counts that
    # are not rarer than a normal value beyond three standard deviations.
    first = chart.points[0]
    assert binom.sf(50 * first.upper, 50, chart.centre) <= 0.00135
    assert binom.sf(50 * first.upper - 1, 50, chart.centre) > 0.00135
    assert binom.cdf(50 * first.lower - 1, 50, chart.centre) <= 0.00135
    assert binom.cdf(50 * first.lower, 50, chart.centre) > 0.00135
    assert (50 * first.lower, 50 * first.upper) == pytest.approx((4, 21))
    beyond = [v.points for v in chart.violations if v.rule is ChartRule.BEYOND_LIMITS]
    assert [chart.points[at].label for (at,) in beyond] == ["15", "23"]


def test_limits_follow_the_number_of_parts() -> None:
    chart = p_chart(
        [
            Sample(label="small", inspected=25, nonconforming=2),
            Sample(label="large", inspected=400, nonconforming=40),
        ]
    )

    assert chart is not None
    small, large = chart.points
    assert chart.centre == pytest.approx(42 / 425)
    assert small.lower == 0
    assert small.upper > large.upper
    assert (chart.without_lower, large.lower > 0) == (1, True)


def test_quiet_process_breaks_no_rule() -> None:
    assert broken([100, 104, 97, 102, 99, 95, 103, 98, 105, 101, 96, 102, 99, 98]) == {}


def test_nine_on_one_side_but_not_eight() -> None:
    around = [112, 96] * 6

    assert broken([96, 98] * 4 + around) == {}
    assert broken([97, *[96, 98] * 4, *around]) == {ChartRule.ONE_SIDE: [tuple(range(9))]}


def test_six_rising_but_not_five() -> None:
    assert broken([100, 98, 99, 101, 102, 103, 97]) == {}
    assert broken([100, 96, 98, 99, 101, 102, 103, 97]) == {ChartRule.TREND: [(1, 2, 3, 4, 5, 6)]}
    assert broken([97, 104, 103, 102, 101, 99, 98, 100]) == {ChartRule.TREND: [(1, 2, 3, 4, 5, 6)]}


def test_two_of_three_beyond_two_sigma_on_one_side() -> None:
    # Standard error 9.5 parts: 125 lies 2.4 of them above its centre, 76 as far below.
    quiet = [98, 101, 97, 99, 101, 99]
    assert broken([*quiet, 125, 100, 125, *quiet, 98]) == {ChartRule.TWO_OF_THREE: [(6, 8)]}
    assert broken([*quiet, 125, 100, 100, 125, *quiet, 98]) == {}
    assert broken([*quiet, 125, 100, 76, *quiet, 98]) == {}


def test_process_without_variation_and_no_samples() -> None:
    chart = p_chart(samples([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))

    assert chart is not None
    assert (chart.centre, chart.violations) == (0, ())
    assert (chart.points[0].lower, chart.points[0].upper) == (0, 0)
    assert p_chart([]) is None


def test_the_trend_is_that_of_the_shares_drawn() -> None:
    steady = broken([1, 2, 3, 4, 5, 6, 3], [10, 20, 30, 40, 50, 60, 70])
    nothing = broken([5, 4, 0, 0, 0, 0, 0, 0, 4, 5], [50, 60, 50, 60, 70, 80, 90, 100, 50, 60])
    rising = broken([30, 31, 20, 13, 7, 3], [1000, 900, 500, 300, 150, 60])

    assert ChartRule.TREND not in steady, "six equal shares of growing lots"
    assert nothing == {}, "six times nothing in growing lots"
    assert rising == {ChartRule.TREND: [tuple(range(6))]}


def test_lots_that_grow_make_no_trend_of_one_nonconforming_part_each() -> None:
    growing = list(range(50, 101, 10))

    assert broken([1, *[1] * 6, 1], [60, *growing, 60]) == {}


@pytest.mark.parametrize("expected", [0.05, 0.2, 0.68, 0.7, 1.01, 2, 5, 10, 50])
@pytest.mark.parametrize("kind", ["constant", "varying"])
def test_no_rule_alarms_more_often_in_control_than_it_promises(expected: float, kind: str) -> None:
    points = 6000
    sizes = (
        np.full(points, 200)
        if kind == "constant"
        else np.random.default_rng(1).integers(20, 381, points)
    )
    chart = drawn(sizes, expected / 200)

    assert chart.limits is ChartLimits.BINOMIAL
    alarms = dict.fromkeys(ChartRule, 0)
    for rule, at in ((violation.rule, violation.points) for violation in chart.violations):
        # Every position of the rule's window within what it marks is an alarm of its own.
        window = 2 if rule is ChartRule.TWO_OF_THREE else FALSE_ALARM_RATES[rule][0]
        alarms[rule] += len(at) - window + 1
    for rule, (window, rate) in FALSE_ALARM_RATES.items():
        promised = rate * (points - window + 1)
        # Alarms come in clusters, so their number spreads more than a Poisson variable's.
        assert alarms[rule] <= promised + 4 * np.sqrt(promised), rule
    assert len(marked(chart)) < 0.04 * points


def test_short_charts_of_rare_defects_seldom_alarm() -> None:
    charts = [drawn(np.full(120, 20), 0.01, seed) for seed in range(60)]

    assert sum(bool(chart.violations) for chart in charts) <= 15
    assert all(chart.by_chance == pytest.approx(1.44, abs=0.01) for chart in charts)
    assert all(chart.without_lower == 120 for chart in charts)


@pytest.mark.parametrize(
    ("size", "before", "after"), [(200, 0.05, 0.1), (20, 0.01, 0.2), (2000, 0.05, 0.07)]
)
def test_a_shift_is_found(size: int, before: float, after: float) -> None:
    shares = np.repeat([before, after], [60, 12])
    found = [marked(drawn(np.full(72, size), shares, seed)) for seed in range(20)]

    assert sum(any(at >= 60 for at in points) for points in found) >= 19


def test_large_lots_that_vary_get_laneys_limits() -> None:
    shares = np.random.default_rng(2).beta(50, 950, 120)
    chart = drawn(np.full(120, 20_000), shares)
    with_one_spike = drawn(np.full(120, 20_000), np.r_[shares[:60], 0.12, shares[60:119]])

    assert chart.limits is ChartLimits.LANEY
    # The share's own deviation, .0069, is 4.5 standard errors.
    assert chart.spread == pytest.approx(4.6, rel=0.15)
    assert len(marked(chart)) < 12
    beyond = [v.points for v in with_one_spike.violations if v.rule is ChartRule.BEYOND_LIMITS]
    assert (60,) in beyond
    for point in with_one_spike.points:
        error = np.sqrt(with_one_spike.centre * (1 - with_one_spike.centre) / 20_000)
        assert point.upper == pytest.approx(
            with_one_spike.centre + 3 * with_one_spike.spread * error
        )


def test_a_shift_in_large_lots_is_not_taken_for_variation_between_lots() -> None:
    chart = drawn(np.full(60, 20_000), np.repeat([0.05, 0.06], 30))

    assert chart.limits is ChartLimits.BINOMIAL
    assert len(marked(chart)) > 50


def test_small_lots_keep_their_exact_limits_among_varying_large_ones() -> None:
    shares = np.random.default_rng(3).beta(50, 950, 40)
    sizes = np.r_[np.full(39, 20_000), 20]
    chart = drawn(sizes, shares)
    last = chart.points[-1]

    assert chart.limits is ChartLimits.LANEY
    assert binom.sf(20 * last.upper, 20, chart.centre) <= 0.00135


def test_what_is_drawn_beyond_a_limit_is_marked() -> None:
    for seed in range(20):
        sizes = np.random.default_rng(seed).integers(5, 500, 100)
        chart = drawn(sizes, 0.04, seed)
        beyond = {
            at
            for at, point in enumerate(chart.points)
            if not point.lower <= point.share <= point.upper
        }
        assert beyond == {
            at
            for violation in chart.violations
            if violation.rule is ChartRule.BEYOND_LIMITS
            for at in violation.points
        }
