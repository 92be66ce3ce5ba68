"""Thresholds with a stated false-alarm rate, from normals that the detector has never seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from core.domain import FalseAlarmRate, Frozen, Judgement, Verdict

DEFAULT_RATE = 0.05
DEFAULT_CONFIDENCE = 0.95
FAIL_MARGIN = 0.5


class Calibration(Frozen):
    """Held-out normal scores and the thresholds drawn from them.

    Example:
        >>> calibrate([1.0, 1.2, 1.1, 1.4]).judge(1.3).verdict.value
        'PASS'
    """

    scores: tuple[float, ...] = Field(min_length=1, description="of held-out normals, rising")
    t_low: float = Field(gt=0)
    t_high: float = Field(gt=0)
    false_alarm: FalseAlarmRate

    def judge(self, score: float) -> Judgement:
        """Verdict of one score: PASS below t_low, FAIL from t_high on, REVIEW between."""
        if score < self.t_low:
            verdict = Verdict.PASS
        elif score < self.t_high:
            verdict = Verdict.REVIEW
        else:
            verdict = Verdict.FAIL
        lower = int(np.searchsorted(self.scores, score, side="left"))
        return Judgement(
            score=score,
            t_low=self.t_low,
            t_high=self.t_high,
            percentile=100 * lower / len(self.scores),
            verdict=verdict,
            false_alarm=self.false_alarm,
        )


def calibrate(
    scores: Sequence[float] | np.ndarray,
    *,
    rate: float = DEFAULT_RATE,
    confidence: float = DEFAULT_CONFIDENCE,
) -> Calibration:
    """Thresholds from the scores of held-out normals.

    `t_low` is the lowest order statistic whose false-alarm rate is at most `rate` with the given
    confidence: above the j-th largest of n independent scores lies a Beta(j, n - j + 1) share of
    all normals, whatever their distribution (Wilks 1941). When n is too small for that (59 for
    5 % at 95 %), it is the largest score, and the rate that n does support is stated.

    `t_high` lies above `t_low` by `FAIL_MARGIN` times the distance from the median normal to
    `t_low`. It carries no guarantee of its own; it can only stop fewer. With one held-out normal
    both are equal, and nothing is left to review.

    Args:
        scores: at least one, of normals that the detector has never seen.
        rate: false-alarm rate asked for.
        confidence: with which it shall hold.
    """
    from scipy.stats import beta

    ordered = np.sort(np.asarray(scores, np.float64))
    count = len(ordered)
    bounds = beta.ppf(confidence, np.arange(1, count + 1), np.arange(count, 0, -1))
    rank = max(1, int(np.searchsorted(bounds, rate, side="right")))
    t_low = float(ordered[count - rank])
    t_high = t_low + FAIL_MARGIN * (t_low - float(np.median(ordered)))
    return Calibration(
        scores=tuple(ordered.tolist()),
        t_low=t_low,
        t_high=t_high,
        false_alarm=FalseAlarmRate(
            requested=rate,
            confidence=confidence,
            held_out=count,
            guaranteed=float(bounds[rank - 1]),
        ),
    )
