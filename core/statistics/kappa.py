"""Measure the agreement of two judges beyond chance.

Cohen's kappa (1960). Its usual interval (Fleiss, Cohen and Everitt 1969) has no width where two
judges always agree, however few parts they judged. The interval here is one of goodness of fit, as
Donner and Eliasziw proposed (Statistics in Medicine 11, 1992) for judges who call the same share of
parts good: the values of kappa that fit the table. Here each judge has a share of its own, namely
the one that fits best with the value of kappa.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from core.domain import Frozen
from core.statistics.intervals import CONFIDENCE

# Shares of each judge that are tried at a time, how far the next ones lie around the best, and how
# often: to some hundred-thousandths.
TRIED = 11
NARROWED = 0.35
ROUNDS = 10
HALVINGS = 20
NEVER = 1e-12


class Kappa(Frozen):
    """Cohen's kappa with its 95 % interval; 1: full agreement, 0: as by chance."""

    value: float
    low: float
    high: float


class KappaUnknown(StrEnum):
    """Why kappa is not known."""

    NOT_BLIND = "no part was judged blind"
    ONE_ANSWER = "one of the two gave only one answer"


def cohen_kappa(table: np.ndarray) -> Kappa | None:
    """Compute Cohen's kappa of two judges, good or bad.

    Args:
        table: counts (2, 2), one judge's answers by row and the other's by column, in one order.

    Returns:
        None if one of them gave only one answer: whether it can tell good from bad is not known.

    Example:
        >>> round(cohen_kappa(np.array([[20, 5], [10, 15]])).value, 2)
        0.4
    """
    from scipy.special import chdtri

    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if not (rows.all() and columns.all()):
        return None
    n = table.sum()
    by_chance = float(rows @ columns) / n**2
    value = float((np.trace(table) / n - by_chance) / (1 - by_chance))
    most = float(chdtri(1, 1 - CONFIDENCE))
    return Kappa(
        value=value,
        low=_farthest(table, value, -1, most),
        high=_farthest(table, value, 1, most),
    )


def _farthest(table: np.ndarray, fits: float, bound: float, most: float) -> float:
    """Find the kappa nearest to a bound that still fits a table."""
    if _misfit(bound, table) <= most:
        return bound
    for _ in range(HALVINGS):
        between = (fits + bound) / 2
        if _misfit(between, table) <= most:
            fits = between
        else:
            bound = between
    return fits


def _misfit(kappa: float, table: np.ndarray) -> float:
    """Compute Pearson's chi-squared of a table, for the judges' shares that fit it best."""
    found = table.reshape(4, 1) / table.sum()
    steps = np.linspace(-1, 1, TRIED)
    best, centre, reach = np.inf, np.array([0.5, 0.5]), 0.5
    for _ in range(ROUNDS):
        around = np.clip(centre[:, None] + reach * steps, 1e-9, 1 - 1e-9)
        first, second = (shares.ravel() for shares in np.meshgrid(*around))
        expected = _expected(kappa, first, second)
        is_possible = expected > NEVER
        parts = np.where(
            is_possible,
            (found - expected) ** 2 / np.where(is_possible, expected, 1),
            np.where((found > 0) | (expected < -NEVER), np.inf, 0),
        ).sum(axis=0)
        at = parts.argmin()
        if parts[at] < best:
            best, centre = parts[at], np.array([first[at], second[at]])
        reach *= NARROWED
    return float(best * table.sum())


def _expected(kappa: float, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute the shares (4, N) of a table from kappa and how often each judge says good."""
    by_chance = first * second + (1 - first) * (1 - second)
    same = by_chance + kappa * (1 - by_chance)
    both_good = (first + second - 1 + same) / 2
    return np.stack([both_good, first - both_good, second - both_good, same - both_good])
