"""What the errors at a threshold cost, and the threshold that would cost the least.

Such a threshold is chosen by labels of defective pictures, which a calibrated one never sees. On
the pictures that it was chosen by it looks better than it is: it is chosen on one half of them and
measured on the other.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.errors import EvaluationError
from core.evaluation.estimates import Rate, exact_rate


class CostRule(Frozen):
    """What an error costs, and how often there is a defect to miss."""

    ratio: float = Field(gt=0, description="cost of an escape, in overkills")
    prevalence: float = Field(gt=0, lt=1, description="share of defective parts on the line")

    def cost(self, escapes: np.ndarray | float, overkills: np.ndarray | float) -> np.ndarray:
        """Expected cost of a part, in overkills, from the share of either error in its kind."""
        wrong_pass = self.prevalence * np.asarray(escapes)
        return self.ratio * wrong_pass + (1 - self.prevalence) * np.asarray(overkills)


class ThresholdCost(Frozen):
    """Errors at one threshold, were every part at or above it rejected."""

    threshold: float
    escapes: Rate
    overkills: Rate
    cost: float = Field(description="expected of a part, in overkills")


class CostFigures(Frozen):
    """The cheapest threshold of one half of the pictures and the calibrated ones on the other."""

    rule: CostRule
    chosen_by: int = Field(description="pictures that the cheapest threshold was chosen by")
    cheapest: ThresholdCost
    at_t_low: ThresholdCost
    at_t_high: ThresholdCost


def cost_rule(ratio: float | None, prevalence: float | None) -> CostRule | None:
    """Rule of what the command line says; None when it says nothing.

    Raises:
        EvaluationError: if only one of both is given, or a number is out of range.
    """
    if ratio is None and prevalence is None:
        return None
    if ratio is None or prevalence is None:
        raise EvaluationError(
            "Costs need both --cost-ratio (of an escape to an overkill) and --prevalence (share of "
            "defective parts on the line). Give both, or neither."
        )
    if not ratio > 0 or not 0 < prevalence < 1:
        raise EvaluationError(
            "--cost-ratio must be above 0 and --prevalence between 0 and 1, "
            f"but they are {ratio:g} and {prevalence:g}."
        )
    return CostRule(ratio=ratio, prevalence=prevalence)


def cheapest_threshold(scores: np.ndarray, labels: np.ndarray, rule: CostRule) -> float:
    """Threshold with the least expected cost on these very pictures.

    It lies half way between two scores; of equally cheap ones it is the lowest, which lets the
    fewest defects pass.

    Args:
        scores: float (N,).
        labels: bool (N,), True = defective; both kinds are there.
        rule: of costs.
    """
    values = np.unique(scores)
    beyond = np.nextafter(values[-1], np.inf)
    thresholds = np.r_[values[0], (values[:-1] + values[1:]) / 2, beyond]
    defective, good = np.sort(scores[labels]), np.sort(scores[~labels])
    escapes = np.searchsorted(defective, thresholds) / len(defective)
    overkills = 1 - np.searchsorted(good, thresholds) / len(good)
    return float(thresholds[rule.cost(escapes, overkills).argmin()])


def cost_figures(
    scores: np.ndarray,
    labels: np.ndarray,
    rule: CostRule,
    *,
    t_low: float,
    t_high: float,
    seed: int = 0,
) -> CostFigures | None:
    """Choose a threshold on one half of the pictures, measure it and others on the other half.

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
    cheapest = cheapest_threshold(scores[chooses], labels[chooses], rule)
    others = scores[~chooses], labels[~chooses], rule
    return CostFigures(
        rule=rule,
        chosen_by=int(chooses.sum()),
        cheapest=_errors_at(cheapest, *others),
        at_t_low=_errors_at(t_low, *others),
        at_t_high=_errors_at(t_high, *others),
    )


def _errors_at(
    threshold: float, scores: np.ndarray, labels: np.ndarray, rule: CostRule
) -> ThresholdCost:
    rejected = scores >= threshold
    escapes = exact_rate(int((~rejected & labels).sum()), int(labels.sum()))
    overkills = exact_rate(int((rejected & ~labels).sum()), int((~labels).sum()))
    assert escapes is not None
    assert overkills is not None
    cost = float(rule.cost(escapes.share, overkills.share))
    return ThresholdCost(threshold=threshold, escapes=escapes, overkills=overkills, cost=cost)
