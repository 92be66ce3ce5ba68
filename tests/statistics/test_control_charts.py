"""p-chart and run rules, against Montgomery's example and series made to break one rule each."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.control_charts import ChartRule, Sample, p_chart

# Montgomery, Introduction to Statistical Quality Control, chapter 7: nonconforming cans of frozen
# orange juice concentrate, 30 samples of 50.
CANS = (
    *(12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22),
    *(8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6),
)


def samples(counts: list[int] | tuple[int, ...], size: int = 50) -> list[Sample]:
    return [
        Sample(label=str(number), inspected=size, nonconforming=count)
        for number, count in enumerate(counts, start=1)
    ]


def broken(counts: list[int], size: int = 1000) -> dict[ChartRule, list[tuple[int, ...]]]:
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
    assert chart.points[0].upper == pytest.approx(0.4102, abs=1e-4)
    assert chart.points[0].lower == pytest.approx(0.0524, abs=1e-4)
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
    width = 3 * np.sqrt(chart.centre * (1 - chart.centre) / 400)
    assert (large.lower, large.upper) == pytest.approx((chart.centre - width, chart.centre + width))
    assert small.upper - chart.centre == pytest.approx(4 * width)


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


def test_false_alarms_of_the_limits_are_rare_in_a_process_in_control() -> None:
    rng = np.random.default_rng(0)
    chart = p_chart(samples(rng.binomial(400, 0.2, 2000).tolist(), 400))

    assert chart is not None
    beyond = [v for v in chart.violations if v.rule is ChartRule.BEYOND_LIMITS]
    # 0.27 % by the normal law: 5.4 of 2,000.
    assert 1 <= len(beyond) <= 14
