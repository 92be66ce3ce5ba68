"""Estimate the cost of errors at a pair of thresholds, and find the cheapest pair.

The cheapest pair is chosen with labels of defective pictures, which calibration never uses. It
looks better than it is on the pictures used to choose it, so it is chosen on one half of them and
measured on the other half.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.domain.errors import EvaluationError
from core.statistics.intervals import Rate, exact_rate

REVIEW_COST = 0.1


class CostRule(Frozen):
    """What an error and a review cost, and how often there is a defect to miss."""

    ratio: float = Field(gt=0, description="cost of an escape, in overkills")
    review: float = Field(
        REVIEW_COST, ge=0, description="cost of a review, in overkills; it finds the truth"
    )
    prevalence: float = Field(gt=0, lt=1, description="share of defective parts on the line")

    def on_line(self, of_defective: np.ndarray | float, of_good: np.ndarray | float) -> np.ndarray:
        """Combine shares of defective and of good parts to a share of all parts."""
        good = (1 - self.prevalence) * np.asarray(of_good)
        return self.prevalence * np.asarray(of_defective) + good


class PairCost(Frozen):
    """Errors and reviews at a pair of thresholds: PASS below `t_low`, FAIL from `t_high` on."""

    t_low: float
    t_high: float
    escapes: Rate = Field(description="defective pictures passed")
    overkills: Rate = Field(description="good pictures failed")
    reviewed: float = Field(description="share of all parts, at the rule's prevalence")
    cost: float = Field(description="expected cost of a part, in overkills")


class CostFigures(Frozen):
    """The pair that is cheapest on one half of the pictures and the calibrated pair, measured
    on the other half.
    """

    rule: CostRule
    chosen_by: int = Field(description="number of pictures used to choose the first pair")
    chosen: PairCost
    calibrated: PairCost


def cost_rule(
    ratio: float | None, prevalence: float | None, review: float | None = None
) -> CostRule | None:
    """Build the cost rule from command-line options; None if none is given.

    Raises:
        EvaluationError: if only some options are given, or a number is out of range.
    """
    if ratio is None and prevalence is None and review is None:
        return None
    if ratio is None or prevalence is None:
        raise EvaluationError(
            "Costs need both --cost-ratio (of an escape to an overkill) and --prevalence (share of "
            "defective parts on the line). Give both, or neither."
        )
    review = REVIEW_COST if review is None else review
    if not 0 < ratio < np.inf or not 0 <= review < np.inf or not 0 < prevalence < 1:
        raise EvaluationError(
            "--cost-ratio must be above 0, --review-cost not below 0 and --prevalence between 0 "
            f"and 1, but they are {ratio:g}, {review:g} and {prevalence:g}."
        )
    return CostRule(ratio=ratio, review=review, prevalence=prevalence)


def cheapest_pair(scores: np.ndarray, labels: np.ndarray, rule: CostRule) -> tuple[float, float]:
    """Find the thresholds (t_low, t_high) with the lowest expected cost on these pictures.

    Each lies half-way between two scores. They are equal if a review is not worth its cost. Among
    equally cheap pairs the lowest is chosen, because it passes the fewest defects.

    Args:
        scores: float (N,).
        labels: bool (N,), True = defective; both values occur.
        rule: of costs.
    """
    values = np.unique(scores)
    beyond = np.nextafter(values[-1], np.inf)
    thresholds = np.r_[values[0], (values[:-1] + values[1:]) / 2, beyond]
    defective, good = np.sort(scores[labels]), np.sort(scores[~labels])
    passed_bad = np.searchsorted(defective, thresholds) / len(defective)
    passed_good = np.searchsorted(good, thresholds) / len(good)
    # Parts are reviewed from t_low up to t_high, so the cost is a sum of a term that depends on
    # t_low alone and one that depends on t_high alone.
    below = rule.review * rule.on_line(passed_bad, passed_good)
    of_low = rule.ratio * rule.on_line(passed_bad, 0) - below
    of_high = rule.on_line(0, 1 - passed_good) + below
    high = (np.minimum.accumulate(of_low) + of_high).argmin()
    low = of_low[: high + 1].argmin()
    return float(thresholds[low]), float(thresholds[high])


def cost_figures(
    scores: np.ndarray,
    labels: np.ndarray,
    rule: CostRule,
    *,
    t_low: float,
    t_high: float,
    seed: int = 0,
) -> CostFigures | None:
    """Choose a pair on one half of the pictures; measure it and the calibrated one on the other.

    Args:
        scores: float (N,).
        labels: bool (N,), True = defective.
        rule: of costs.
        t_low: calibrated threshold, from which on a part is not passed without review.
        t_high: calibrated threshold, from which on a part is rejected.
        seed: of the split, which keeps the shares of good and defective pictures.

    Returns:
        None unless there are two good and two defective pictures.
    """
    rng = np.random.default_rng(seed)
    chooses = np.zeros(len(labels), bool)
    for kind in (False, True):
        members = np.flatnonzero(labels == kind)
        if len(members) < 2:
            return None
        chooses[rng.permutation(members)[: len(members) // 2]] = True
    chosen = cheapest_pair(scores[chooses], labels[chooses], rule)
    others = scores[~chooses], labels[~chooses], rule
    return CostFigures(
        rule=rule,
        chosen_by=int(chooses.sum()),
        chosen=pair_cost(chosen, *others),
        calibrated=pair_cost((t_low, t_high), *others),
    )


def pair_cost(
    pair: tuple[float, float], scores: np.ndarray, labels: np.ndarray, rule: CostRule
) -> PairCost:
    """Measure errors, reviews and expected cost at (t_low, t_high); see `cheapest_pair`."""
    t_low, t_high = pair
    passed, failed = scores < t_low, scores >= t_high
    reviewed = ~passed & ~failed
    escapes = exact_rate(int((passed & labels).sum()), int(labels.sum()))
    overkills = exact_rate(int((failed & ~labels).sum()), int((~labels).sum()))
    assert escapes is not None
    assert overkills is not None
    on_line = float(rule.on_line(reviewed[labels].mean(), reviewed[~labels].mean()))
    errors = rule.ratio * rule.on_line(escapes.share, 0) + rule.on_line(0, overkills.share)
    return PairCost(
        t_low=t_low,
        t_high=t_high,
        escapes=escapes,
        overkills=overkills,
        reviewed=on_line,
        cost=float(errors) + rule.review * on_line,
    )
