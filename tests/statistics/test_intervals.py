"""Exact intervals against their closed form."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from core.statistics.intervals import exact_rate


def test_exact_interval_of_no_case_is_the_closed_form() -> None:
    rate = exact_rate(0, 20)

    assert rate is not None
    assert rate.low == 0
    # 20 good parts in a row have a chance of 2.5 % at this rate.
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert exact_rate(0, 0) is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_exact_interval_holds_its_share_and_shrinks(share: float) -> None:
    rates = [exact_rate(round(share * n), n) for n in (20, 200, 2000)]

    widths = []
    for rate in rates:
        assert rate is not None
        assert rate.low <= share <= rate.high
        widths.append(rate.high - rate.low)
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("count", "out_of"), [(0, 1), (1, 1), (3, 7), (546, 18_247), (9, 10**6)])
def test_exact_interval_is_scipys(count: int, out_of: int) -> None:
    rate = exact_rate(count, out_of)
    expected = binomtest(count, out_of).proportion_ci(0.95, method="exact")

    assert rate is not None
    assert (rate.low, rate.high) == pytest.approx((expected.low, expected.high))
