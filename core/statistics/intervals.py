"""Compute exact confidence intervals of shares."""

from __future__ import annotations

from pydantic import Field

from core.domain import Frozen

CONFIDENCE = 0.95


class Rate(Frozen):
    """A count out of a number, with the exact 95 % interval of its share.

    The interval is that of Clopper and Pearson (1934) and assumes independent cases.
    """

    count: int
    out_of: int = Field(gt=0)
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.count / self.out_of


def exact_rate(count: int, out_of: int) -> Rate | None:
    """Compute the rate of a count; None if there are no cases."""
    if out_of == 0:
        return None
    low, high = exact_interval(count, out_of)
    return Rate(count=count, out_of=out_of, low=low, high=high)


def exact_interval(count: float, out_of: int) -> tuple[float, float]:
    """Compute the exact interval of a share; it has a width for any count out of any number.

    Example:
        >>> [round(end, 3) for end in exact_interval(20, 20)]
        [0.832, 1.0]
    """
    # scipy.stats offers the same interval, but takes most of a second to import.
    from scipy.special import betaincinv

    tail = (1 - CONFIDENCE) / 2
    low = betaincinv(count, out_of - count + 1, tail) if count else 0
    high = betaincinv(count + 1, out_of - count, 1 - tail) if count < out_of else 1
    return float(low), float(high)
