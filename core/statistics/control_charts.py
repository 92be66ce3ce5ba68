"""Draw control charts, which show whether a process has changed.

The p-chart with limits for the number of parts in each sample: Montgomery, Introduction to
Statistical Quality Control, chapter 7; ISO 7870-2. Run rules: Nelson, The Shewhart Control Chart -
Tests for Special Causes, Journal of Quality Technology 16 (1984).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from pydantic import Field

from core.domain import Frozen

LIMIT_SIGMAS = 3
RUN_POINTS = 9
TREND_POINTS = 6


class ChartRule(StrEnum):
    """Nelson's tests 1, 2, 3 and 5."""

    BEYOND_LIMITS = "one point beyond 3 sigma"
    ONE_SIDE = "nine points in a row on one side of the centre"
    TREND = "six points in a row steadily rising or falling"
    TWO_OF_THREE = "two of three points in a row beyond 2 sigma on one side"


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
    lower: float = Field(description="control limit, not below 0")
    upper: float = Field(description="control limit, not above 1")
    sigmas: float = Field(description="distance from the centre, in standard errors")


class Violation(Frozen):
    """A broken rule, and the points that break it."""

    rule: ChartRule
    points: tuple[int, ...] = Field(description="positions on the chart, ascending")


class PChart(Frozen):
    """The share of nonconforming parts in each sample."""

    centre: float = Field(description="nonconforming, of all parts of all samples")
    points: tuple[Point, ...]
    violations: tuple[Violation, ...]


def p_chart(samples: Sequence[Sample]) -> PChart | None:
    """Compute the p-chart of samples in order of time; None without samples.

    Samples of different size have different limits. The run rules are applied to each point's
    distance from the centre in its own standard errors, as in a standardised chart. They assume
    that a process in control varies only by chance: with thousands of parts in a sample, ordinary
    differences between days exceed such narrow limits.

    Example:
        >>> p_chart([Sample(label="a", inspected=50, nonconforming=5)]).centre
        0.1
    """
    if not samples:
        return None
    sizes = np.array([sample.inspected for sample in samples])
    counts = np.array([sample.nonconforming for sample in samples])
    centre = float(counts.sum() / sizes.sum())
    errors = np.sqrt(centre * (1 - centre) / sizes)
    shares = counts / sizes
    # If no part or every part is nonconforming, there is no variation, and nothing exceeds it.
    sigmas = np.divide(shares - centre, errors, out=np.zeros(len(sizes)), where=errors > 0)
    points = tuple(
        Point(
            label=sample.label,
            inspected=sample.inspected,
            nonconforming=sample.nonconforming,
            share=float(share),
            lower=max(0.0, float(centre - LIMIT_SIGMAS * error)),
            upper=min(1.0, float(centre + LIMIT_SIGMAS * error)),
            sigmas=float(distance),
        )
        for sample, share, error, distance in zip(samples, shares, errors, sigmas, strict=True)
    )
    return PChart(centre=centre, points=points, violations=tuple(_violations(sigmas)))


def _violations(sigmas: np.ndarray) -> list[Violation]:
    found = [
        Violation(rule=ChartRule.BEYOND_LIMITS, points=(int(at),))
        for at in np.flatnonzero(np.abs(sigmas) > LIMIT_SIGMAS)
    ]
    side = np.sign(sigmas)
    found += [
        Violation(rule=ChartRule.ONE_SIDE, points=tuple(range(start, stop)))
        for start, stop in _runs(side)
        if side[start] != 0 and stop - start >= RUN_POINTS
    ]
    direction = np.sign(np.diff(sigmas))
    # Six points have five steps between them.
    found += [
        Violation(rule=ChartRule.TREND, points=tuple(range(start, stop + 1)))
        for start, stop in _runs(direction)
        if direction[start] != 0 and stop - start >= TREND_POINTS - 1
    ]
    return found + [
        Violation(rule=ChartRule.TWO_OF_THREE, points=points)
        for sign in (1, -1)
        for points in _two_of_three(sign * sigmas > 2)
    ]


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
