"""What the errors at a pair of thresholds cost, and the pair that would cost the least.

Such a pair is chosen by labels of defective pictures, which a calibrated one never sees. On the
pictures that it was chosen by it looks better than it is: it is chosen on one half of them and
measured on the other.
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
        """Share of all parts, from the shares of either kind."""
        good = (1 - self.prevalence) * np.asarray(of_good)
        return self.prevalence * np.asarray(of_defective) + good


class PairCost(Frozen):
    """Errors and reviews at a pair of thresholds: PASS below `t_low`, FAIL from `t_high` on."""

    t_low: float
    t_high: float
    escapes: Rate = Field(description="defective pictures passed")
    overkills: Rate = Field(description="good pictures failed")
    reviewed: float = Field(description="share of all parts, at the rule's prevalence")
    cost: float = Field(description="expected of a part, in overkills")


class CostFigures(Frozen):
    """The cheapest pair of one half of the pictures, and the calibrated one, on the other half."""

    rule: CostRule
    chosen_by: int = Field(description="pictures that the first pair was chosen by")
    chosen: PairCost
    calibrated: PairCost


def cost_rule(
    ratio: float | None, prevalence: float | None, review: float | None = None
) -> CostRule | None:
    """Rule of what the command line says; None when it says nothing.

    Raises:
        EvaluationError: if only a part of it is given, or a number is out of range.
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
    """Thresholds (t_low, t_high) with the least expected cost on these very pictures.

    Each lies half way between two scores; they are equal where a review is not worth its cost. Of
    equally cheap pairs it is the lowest one, which lets the fewest defects pass.

    Args:
        scores: float (N,).
        labels: bool (N,), True = defective; both kinds are there.
        rule: of costs.
    """
    values = np.unique(scores)
    beyond = np.nextafter(values[-1], np.inf)
    thresholds = np.r_[values[0], (values[:-1] + values[1:]) / 2, beyond]
    defective, good = np.sort(scores[labels]), np.sort(scores[~labels])
    passed_bad = np.searchsorted(defective, thresholds) / len(defective)
    passed_good = np.searchsorted(good, thresholds) / len(good)
    # Reviewed are those below t_high but for those below t_low, so the cost is a sum of one part
    # that depends on t_low alone and one that depends on t_high alone.
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
    """Choose a pair on one half of the pictures, measure it and the calibrated one on the other.

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
    """Errors, reviews and expected cost at (t_low, t_high); arguments as of `cheapest_pair`."""
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
