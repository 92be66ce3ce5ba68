"""Draw control charts, which show whether a process has changed.

The p-chart with limits for the number of parts in each sample: Montgomery, Introduction to
Statistical Quality Control, chapter 7; ISO 7870-2. Run rules: Nelson, The Shewhart Control Chart -
Tests for Special Causes, Journal of Quality Technology 16 (1984).

Nelson states his rules for normal values. Counts of rare events are far from normal, and limits at
three standard errors then alarm many times too often (Woodall, Control Charts Based on Attribute
Data, Journal of Quality Technology 29 (1997)). Each rule is therefore stated by the chance that its
distance has for normal values, and the chance of a count is that of the binomial distribution: no
rule alarms more often than it does for normal values, whatever the number of parts and the share.

Where lots are large, the share itself may vary between them more than the binomial distribution
allows for, and nearly every lot is beyond its limits. If a test finds that, the limits are widened:
Laney, Improved Control Charts for Attributes, Quality Engineering 14 (2002). The standard deviation
is taken from ranges of neighbours, which a lasting change of the process hardly widens, without
ranges beyond their own limit: Nelson, Control Charts for Individual Measurements, Journal of
Quality Technology 14 (1982).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import factorial

import numpy as np
from pydantic import Field

from core.domain import Frozen

LIMIT_SIGMAS = 3
RUN_POINTS = 9
TREND_POINTS = 6
# A sample is large if it has so many parts, and so many nonconforming and conforming ones are
# expected in it: then its share is nearly normal. Overdispersion is looked for among so many large
# samples or more; in small ones what looks like it is a process out of control.
LARGE_PARTS = 500
LARGE_EXPECTED = 10
LARGE_SAMPLES = 10
# Chance that lots without overdispersion are taken for overdispersed ones.
DISPERSION_RISK = 0.01
# Mean range of two normal values, in standard deviations; upper limit of ranges, in mean ranges.
RANGE_OF_TWO = 1.128
RANGE_LIMIT = 3.267
# Variance of the estimate from n moving ranges, times n: Cryer and Ryan, The Estimation of Sigma
# for an X Chart, Journal of Quality Technology 22 (1990).
RANGE_VARIANCE = 0.826


class ChartRule(StrEnum):
    """Nelson's tests 1, 2, 3 and 5."""

    BEYOND_LIMITS = "one point beyond 3 sigma"
    ONE_SIDE = "nine points in a row on one side of the centre"
    TREND = "six points in a row steadily rising or falling"
    TWO_OF_THREE = "two of three points in a row beyond 2 sigma on one side"


# Points that a rule looks at together, and how often so many normal values break it.
FALSE_ALARM_RATES = {
    ChartRule.BEYOND_LIMITS: (1, 0.0027),
    ChartRule.ONE_SIDE: (RUN_POINTS, 2 * 0.5**RUN_POINTS),
    ChartRule.TREND: (TREND_POINTS, 2 / factorial(TREND_POINTS)),
    ChartRule.TWO_OF_THREE: (3, 2 * (3 * 0.02275**2 * 0.97725 + 0.02275**3)),
}


class ChartLimits(StrEnum):
    """What the limits of a chart are made of."""

    BINOMIAL = "exact binomial"
    LANEY = "Laney p'"


class Sample(Frozen):
    """The parts of one hour, day or lot."""

    label: str
    inspected: int = Field(ge=1)
    nonconforming: int = Field(ge=0)


class Point(Frozen):
    """A sample on the chart."""

    label: str
    inspected: int
    nonconforming: int
    share: float
    lower: float = Field(description="control limit, not below 0; 0: no share is below it")
    upper: float = Field(description="control limit, not above 1")


class Violation(Frozen):
    """A broken rule, and the points that break it."""

    rule: ChartRule
    points: tuple[int, ...] = Field(description="positions on the chart, ascending")


class PChart(Frozen):
    """The share of nonconforming parts in each sample."""

    centre: float = Field(description="nonconforming, of all parts of all samples")
    limits: ChartLimits
    spread: float = Field(
        description="standard deviation of the shares from sample to sample, in standard errors of "
        "the binomial distribution; 1 where the limits are binomial"
    )
    points: tuple[Point, ...]
    violations: tuple[Violation, ...]

    @property
    def without_lower(self) -> int:
        """Number of points too small to be below a limit, even without a nonconforming part."""
        return sum(point.lower == 0 for point in self.points)

    @property
    def by_chance(self) -> float:
        """Number of times that a process in control breaks the rules in so many points, at most."""
        points = len(self.points)
        return sum(
            rate * max(0, points - window + 1) for window, rate in FALSE_ALARM_RATES.values()
        )


@dataclass(frozen=True)
class _Chances:
    """How likely the points are for a process in control.

    Attributes:
        reached: float64 (N,), chance of the point's share or a higher one.
        kept: float64 (N,), chance of the point's share or a lower one.
        lower: float64 (N,), control limit.
        upper: float64 (N,), control limit.
    """

    reached: np.ndarray
    kept: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def p_chart(samples: Sequence[Sample]) -> PChart | None:
    """Compute the p-chart of samples in order of time; None without samples.

    Samples of different size have different limits. The centre is estimated from the same samples.

    Example:
        >>> p_chart([Sample(label="a", inspected=50, nonconforming=5)]).centre
        0.1
    """
    if not samples:
        return None
    sizes = np.array([sample.inspected for sample in samples])
    counts = np.array([sample.nonconforming for sample in samples])
    centre = float(counts.sum() / sizes.sum())
    spread = _overdispersion(counts, sizes, centre)
    chances = _binomial(counts, sizes, centre)
    if spread is not None:
        chances = _widened(chances, counts, sizes, centre, spread)
    points = tuple(
        Point(
            label=sample.label,
            inspected=sample.inspected,
            nonconforming=sample.nonconforming,
            share=sample.nonconforming / sample.inspected,
            lower=lower,
            upper=upper,
        )
        for sample, lower, upper in zip(
            samples, chances.lower.tolist(), chances.upper.tolist(), strict=True
        )
    )
    return PChart(
        centre=centre,
        limits=ChartLimits.BINOMIAL if spread is None else ChartLimits.LANEY,
        spread=1 if spread is None else spread,
        points=points,
        violations=tuple(_violations(counts, sizes, centre, chances)),
    )


def _binomial(counts: np.ndarray, sizes: np.ndarray, centre: float) -> _Chances:
    """Compute exact chances and limits.

    The upper limit is the smallest count that is exceeded no more often than a normal value exceeds
    three standard deviations; the lower limit likewise.
    """
    from scipy.special import bdtr, bdtrc, bdtrik, ndtr

    if centre in (0, 1):
        # No part or every part is nonconforming: there is no variation, and nothing exceeds it.
        certain, limit = np.ones(len(sizes)), np.full(len(sizes), centre)
        return _Chances(certain, certain, limit, limit)
    tail = ndtr(-LIMIT_SIGMAS)

    def at_most(count: np.ndarray) -> np.ndarray:
        return np.where(count < 0, 0, bdtr(np.maximum(count, 0), sizes, centre))

    def more_than(count: np.ndarray) -> np.ndarray:
        return np.where(count < 0, 1, bdtrc(np.maximum(count, 0), sizes, centre))

    # The inverse of the distribution is a real number: its neighbours are tried.
    upper = np.maximum(np.floor(bdtrik(1 - tail, sizes, centre)) - 1, 0)
    lower = np.maximum(np.floor(np.nan_to_num(bdtrik(tail, sizes, centre))) - 1, 0)
    for _ in range(3):
        upper += more_than(upper) > tail
        lower += at_most(lower) <= tail
    return _Chances(more_than(counts - 1), at_most(counts), lower / sizes, upper / sizes)


def _overdispersion(counts: np.ndarray, sizes: np.ndarray, centre: float) -> float | None:
    """Estimate the standard deviation of large samples, in standard errors (Laney's sigma z).

    Returns:
        None if there are too few large samples, or chance could explain what is above 1.
    """
    from scipy.special import ndtri

    expected = sizes * min(centre, 1 - centre)
    is_large = (sizes >= LARGE_PARTS) & (expected >= LARGE_EXPECTED)
    if is_large.sum() < LARGE_SAMPLES:
        return None
    sizes, counts = sizes[is_large], counts[is_large]
    standardised = (counts / sizes - centre) / np.sqrt(centre * (1 - centre) / sizes)
    ranges = np.abs(np.diff(standardised))
    spread = float(ranges[ranges <= RANGE_LIMIT * ranges.mean()].mean() / RANGE_OF_TWO)
    by_chance = 1 + ndtri(1 - DISPERSION_RISK) * np.sqrt(RANGE_VARIANCE / len(ranges))
    return spread if spread > by_chance else None


def _widened(
    exact: _Chances, counts: np.ndarray, sizes: np.ndarray, centre: float, spread: float
) -> _Chances:
    """Widen limits by the spread from sample to sample; small samples keep exact ones if wider."""
    from scipy.special import ndtr

    errors = spread * np.sqrt(centre * (1 - centre) / sizes)
    distances = (counts / sizes - centre) / errors
    return _Chances(
        reached=np.maximum(exact.reached, ndtr(-distances)),
        kept=np.maximum(exact.kept, ndtr(distances)),
        lower=np.maximum(np.minimum(exact.lower, centre - LIMIT_SIGMAS * errors), 0),
        upper=np.minimum(np.maximum(exact.upper, centre + LIMIT_SIGMAS * errors), 1),
    )


def _violations(
    counts: np.ndarray, sizes: np.ndarray, centre: float, chances: _Chances
) -> list[Violation]:
    from scipy.special import ndtr

    shares = counts / sizes
    found = [
        Violation(rule=ChartRule.BEYOND_LIMITS, points=(int(at),))
        for at in np.flatnonzero((shares < chances.lower) | (shares > chances.upper))
    ]
    # A count at the median is on neither side: each side then has half the chance at most, and lots
    # without a nonconforming part, where that is usual, are no run.
    side = np.where(chances.reached <= 0.5, 1, np.where(chances.kept <= 0.5, -1, 0))
    found += [
        Violation(rule=ChartRule.ONE_SIDE, points=tuple(range(start, stop)))
        for start, stop in _runs(side)
        if side[start] != 0 and stop - start >= RUN_POINTS
    ]
    direction = np.sign(np.diff(shares))
    # Six points have five steps between them.
    found += [
        Violation(rule=ChartRule.TREND, points=tuple(range(start, stop + 1)))
        for start, stop in _runs(direction)
        if direction[start] != 0
        and stop - start >= TREND_POINTS - 1
        and _is_rare(sizes[start : stop + 1], centre, is_rising=direction[start] > 0)
    ]
    return found + [
        Violation(rule=ChartRule.TWO_OF_THREE, points=points)
        for chance in (chances.reached, chances.kept)
        for points in _two_of_three(chance <= ndtr(-2))
    ]


def _is_rare(sizes: np.ndarray, centre: float, *, is_rising: bool) -> bool:
    """Tell whether samples of these sizes steadily rise no more often by chance than the rule says.

    Of six values of one distribution, one order in 6! rises and one falls. Where sizes follow an
    order themselves, shares may do so much more often: those of growing lots with one
    nonconforming part each fall.
    """
    from scipy.special import bdtr

    # Where shares of nonconforming parts fall, those of conforming ones rise.
    share = centre if is_rising else 1 - centre
    chance, before, first = np.ones(1), 0, 0  # of each count of the sample before, from its first
    for size in sizes.tolist():
        reach = 10 * np.sqrt(size * share * (1 - share)) + 10
        least = max(0, int(size * share - reach))
        counts = np.arange(least, min(size, int(size * share + reach)) + 1)
        of_count = np.diff(bdtr(counts, size, share), prepend=0)
        # So many counts of the sample before have a lower share than each count of this one.
        lower = (counts * before + size - 1) // size - first if before else np.ones_like(counts)
        so_far = np.r_[0, np.cumsum(chance)]
        chance = of_count * so_far[np.clip(lower, 0, len(chance))]
        before, first = size, least
    return float(chance.sum()) <= FALSE_ALARM_RATES[ChartRule.TREND][1]


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """Find the first and one past the last position of each run of equal values."""
    if not len(values):
        return []
    starts = np.r_[0, np.flatnonzero(np.diff(values)) + 1]
    return list(zip(starts.tolist(), [*starts[1:].tolist(), len(values)], strict=True))


def _two_of_three(is_beyond: np.ndarray) -> list[tuple[int, ...]]:
    """Group consecutive points beyond 2 sigma that lie at most two positions apart."""
    groups: list[list[int]] = []
    for at in np.flatnonzero(is_beyond).tolist():
        if groups and at - groups[-1][-1] <= 2:
            groups[-1].append(at)
        else:
            groups.append([at])
    return [tuple(group) for group in groups if len(group) > 1]
