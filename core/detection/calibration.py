"""Thresholds with a stated false-alarm rate, from normals that the detector has never seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from pydantic import Field, field_validator

from core.detection.base import Prediction
from core.domain import FalseAlarmRate, Frozen, Judgement, Verdict
from core.domain.errors import ProductError
from core.domain.policy import MOST_MARGIN, MOST_RATE, Policy


class NormalScores(Frozen):
    """What a detector says of normal pictures; thresholds are drawn from these alone."""

    scores: tuple[float, ...] = Field(min_length=1, description="rising")
    peaks: tuple[float, ...] = Field(min_length=1, description="maxima of the maps, rising")
    cross_fitted: bool = Field(
        False, description="each scored by a detector of the others, not by the one that judges"
    )

    @field_validator("scores", "peaks")
    @classmethod
    def _rising(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        # Thresholds are read off by rank: in another order they would be other thresholds.
        if any(later < earlier for earlier, later in pairwise(values)):
            raise ValueError("the values must rise")
        return values

    @classmethod
    def of(cls, predictions: Iterable[Prediction], *, cross_fitted: bool = False) -> NormalScores:
        """Collect the scores of predictions; one map at a time is held in memory."""
        pairs = [(item.score, float(item.anomaly_map.max())) for item in predictions]
        return cls(
            scores=tuple(sorted(score for score, _ in pairs)),
            peaks=tuple(sorted(peak for _, peak in pairs)),
            cross_fitted=cross_fitted,
        )


class Calibration(Frozen):
    """Thresholds of a detector, and the normal scores that they were drawn from."""

    normals: NormalScores
    t_low: float
    t_high: float
    map_t_low: float = Field(description="t_low on the scale of the map")
    map_t_high: float = Field(description="t_high on the scale of the map")
    false_alarm: FalseAlarmRate

    def judge(self, prediction: Prediction) -> Judgement:
        """Judge one picture: PASS below t_low, FAIL from t_high on, REVIEW between."""
        score = prediction.score
        if score < self.t_low:
            verdict = Verdict.PASS
        elif score < self.t_high:
            verdict = Verdict.REVIEW
        else:
            verdict = Verdict.FAIL
        lower = int(np.searchsorted(self.normals.scores, score, side="left"))
        return Judgement(
            score=score,
            t_low=self.t_low,
            t_high=self.t_high,
            map_t_low=self.map_t_low,
            map_t_high=self.map_t_high,
            percentile=100 * lower / len(self.normals.scores),
            verdict=verdict,
            # A defect, however bad, leaves most of a part as it should be.
            is_unlike=float(np.median(prediction.anomaly_map[::4, ::4])) >= self.map_t_low,
            false_alarm=self.false_alarm,
        )


def calibrate(normals: NormalScores, policy: Policy | None = None) -> Calibration:
    """Draw thresholds from the scores of normals.

    `t_low` is the lowest order statistic whose false-alarm rate is at most the policy's with its
    confidence: above the j-th largest of n independent scores lies a Beta(j, n - j + 1) share of
    all normals, whatever their distribution (Wilks 1941). When n is too small for that (59 for
    5 % at 95 %), it is the largest score, and the rate that n does support is stated.

    `t_high` lies above `t_low` by the policy's `fail_margin` times the distance from the median
    normal to `t_low`. It carries no guarantee of its own; it can only stop fewer. With one normal
    both are equal, and nothing is left to review.

    Scores of cross-fitted normals come from other detectors than the one that judges: the rate is
    then an estimate, and labelled as one.

    Args:
        normals: of pictures that their detector has never seen.
        policy: false-alarm rate and confidence asked for; the defaults unless given.

    Example:
        >>> normals = NormalScores(scores=(1.0, 1.1, 1.4), peaks=(1.0, 1.1, 1.4))
        >>> calibrate(normals).t_low
        1.4
    """
    policy = policy or Policy()
    count = len(normals.scores)
    bounds = guaranteed_rates(count, policy.confidence)
    rank = max(1, int(np.searchsorted(bounds, policy.false_alarm_rate, side="right")))
    t_low, t_high = _pair(normals.scores, rank, policy.fail_margin)
    map_t_low, map_t_high = _pair(normals.peaks, rank, policy.fail_margin)
    return Calibration(
        normals=normals,
        t_low=t_low,
        t_high=t_high,
        map_t_low=map_t_low,
        map_t_high=map_t_high,
        false_alarm=FalseAlarmRate(
            requested=policy.false_alarm_rate,
            confidence=policy.confidence,
            held_out=count,
            guaranteed=float(bounds[rank - 1]),
            is_estimate=normals.cross_fitted,
        ),
    )


def guaranteed_rates(count: int, confidence: float) -> np.ndarray:
    """Compute the false-alarm rate that each order statistic guarantees as the lower threshold.

    Args:
        count: of held-out normals.
        confidence: with which each rate shall hold.

    Returns:
        float64 (count,), rising: of the largest score, the second largest, and so on.

    Example:
        >>> guaranteed_rates(59, 0.95)[:2].round(3).tolist()
        [0.049, 0.078]
    """
    from scipy.special import betaincinv

    ranks = np.arange(1, count + 1)
    return betaincinv(ranks, count + 1 - ranks, confidence)


def policy_of(normals: NormalScores, policy: Policy, t_low: float, t_high: float) -> Policy:
    """Find the policy that `calibrate` draws these thresholds from: its inverse.

    A `t_low` between two held-out scores means the upper one of them: both stop the same normals.

    Args:
        normals: of the detector.
        policy: whose false-alarm rate and fail margin are replaced.
        t_low: REVIEW from here on.
        t_high: FAIL from here on.

    Raises:
        ProductError: if the held-out normals cannot support such thresholds.

    Example:
        >>> normals = NormalScores(scores=(1.0, 1.1, 1.4), peaks=(1.0, 1.1, 1.4))
        >>> round(policy_of(normals, Policy(confidence=0.5), 1.4, 1.7).fail_margin, 3)
        1.0
    """
    scores = normals.scores
    if t_low > scores[-1]:
        raise ProductError(
            f"REVIEW cannot begin at {t_low:.4g}: the highest held-out normal scores "
            f"{scores[-1]:.4g}, and nothing is known of normals above it. Choose at most that, or "
            "teach with more good images."
        )
    rank = len(scores) - int(np.searchsorted(scores, t_low, side="left"))
    rate = float(guaranteed_rates(len(scores), policy.confidence)[rank - 1])
    t_low = float(scores[-rank])
    reach = t_low - float(np.median(scores))
    if t_high < t_low:
        raise ProductError(f"FAIL cannot begin at {t_high:.4g}, below REVIEW at {t_low:.4g}.")
    margin = (t_high - t_low) / reach if reach > 0 else 0.0
    if rate > MOST_RATE or margin > MOST_MARGIN or (reach <= 0 and t_high > t_low):
        raise ProductError(
            f"REVIEW from {t_low:.4g} and FAIL from {t_high:.4g} cannot be: REVIEW must lie above "
            f"the median normal ({float(np.median(scores)):.4g}) and stop at most "
            f"{MOST_RATE:.0%} of good parts, and FAIL at most {MOST_MARGIN} times as far above it."
        )
    return policy.model_copy(update={"false_alarm_rate": rate, "fail_margin": margin})


def normals_needed(rate: float, confidence: float) -> int:
    """Count the held-out normals that can guarantee a false-alarm rate at all.

    Example:
        >>> [normals_needed(rate, 0.95) for rate in (0.10, 0.05, 0.02, 0.01)]
        [29, 59, 149, 299]
    """
    return int(np.ceil(np.log(1 - confidence) / np.log(1 - rate)))


def _pair(rising: Sequence[float], rank: int, margin: float) -> tuple[float, float]:
    """The rank-th largest value, and one above it by the fail margin."""
    low = float(rising[len(rising) - rank])
    return low, low + margin * (low - float(np.median(rising)))
