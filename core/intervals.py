"""Shares with their uncertainty: exact intervals of counts."""

from __future__ import annotations

from pydantic import Field

from core.domain import Frozen

CONFIDENCE = 0.95


class Rate(Frozen):
    """A count out of a number, with the exact 95 % interval of its share.

    The interval is that of Clopper and Pearson (1934): it holds for independent cases.
    """

    count: int
    out_of: int = Field(gt=0)
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.count / self.out_of


def exact_rate(count: int, out_of: int) -> Rate | None:
    """Rate of a count; None when there is no case at all."""
    from scipy.stats import binomtest

    if out_of == 0:
        return None
    interval = binomtest(count, out_of).proportion_ci(CONFIDENCE, method="exact")
    return Rate(count=count, out_of=out_of, low=float(interval.low), high=float(interval.high))
