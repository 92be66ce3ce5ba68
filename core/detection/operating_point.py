"""The operating point: what thresholds mean for good parts, defects and a day of the line.

Pure functions. How a false-alarm rate becomes a threshold stands in `core.detection.calibration`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.detection.calibration import Calibration
from core.domain import Frozen
from core.domain.policy import Line
from core.statistics.intervals import Rate, exact_rate


class Meaning(Frozen):
    """What becomes of good parts and of known defects."""

    stopped: float = Field(description="share of good parts to expect at or above t_low")
    guaranteed: float = Field(description="share of good parts stopped at most, or the estimate")
    confidence: float = Field(description="with which that holds")
    is_estimate: bool = Field(description="from cross-fitted normals: nothing is guaranteed")
    normals: int = Field(description="held-out ones")
    normals_stopped: int = Field(description="of them, at or above t_low")
    normals_failed: Rate = Field(description="of them, at or above t_high")
    defects: int
    defects_passed: Rate | None = Field(description="below t_low; None: no defect is known")
    defects_reviewed: Rate | None
    defects_failed: Rate | None


class Span(Frozen):
    """A figure to expect, and between what it lies."""

    expected: float
    low: float
    high: float

    def times(self, factor: float) -> Span:
        """Convert to another unit."""
        return Span(expected=self.expected * factor, low=self.low * factor, high=self.high * factor)


class Day(Frozen):
    """What a day of the line brings; None: a figure of the line, or every defect, is missing."""

    false_alarms: Span | None = Field(description="good parts that are stopped")
    escapes: Span | None = Field(description="bad parts that pass, as if they were like the known")
    false_alarm_cost: Span | None
    escape_cost: Span | None


def meaning(calibration: Calibration, defect_scores: Sequence[float]) -> Meaning:
    """Estimate what a calibration's thresholds do to good parts and known defects.

    Above the j-th largest of n held-out normals lies a Beta(j, n - j + 1) share of all normals:
    its mean, j / (n + 1), is what to expect, and the calibration's bound what is guaranteed.

    Args:
        calibration: with the thresholds in question.
        defect_scores: of known defects, by the same detector. They set nothing; but thresholds
            that a person chose by them pass fewer of them than of those to come.

    Example:
        >>> normals = NormalScores(scores=(1.0, 1.1, 1.4), peaks=(1.0, 1.1, 1.4))
        >>> meaning(calibrate(normals), [1.2, 3.0]).defects_passed.count
        1
    """
    scores = calibration.normals.scores
    stopped = sum(score >= calibration.t_low for score in scores)
    failed = sum(score >= calibration.t_high for score in scores)
    normals_failed = exact_rate(failed, len(scores))
    assert normals_failed is not None  # a calibration has at least one normal
    n = len(defect_scores)
    passed = sum(score < calibration.t_low for score in defect_scores)
    failing = sum(score >= calibration.t_high for score in defect_scores)
    return Meaning(
        stopped=stopped / (len(scores) + 1),
        guaranteed=calibration.false_alarm.guaranteed,
        confidence=calibration.false_alarm.confidence,
        is_estimate=calibration.false_alarm.is_estimate,
        normals=len(scores),
        normals_stopped=stopped,
        normals_failed=normals_failed,
        defects=n,
        defects_passed=exact_rate(passed, n),
        defects_reviewed=exact_rate(n - passed - failing, n),
        defects_failed=exact_rate(failing, n),
    )


def day(meaning: Meaning, line: Line) -> Day:
    """Estimate what the thresholds bring a line in a day.

    The upper end of the false alarms is the guaranteed one; that of the escapes is the exact 95 %
    bound, for defects that are a random sample of those that the line makes.
    """
    false_alarms = escapes = None
    if line.parts_per_day is not None and line.defect_share is not None:
        good = line.parts_per_day * (1 - line.defect_share)
        shares = Span(expected=meaning.stopped, low=0, high=meaning.guaranteed)
        false_alarms = shares.times(good)
        if meaning.defects_passed is not None:
            passed = meaning.defects_passed
            shares = Span(expected=passed.share, low=passed.low, high=passed.high)
            escapes = shares.times(line.parts_per_day * line.defect_share)
    return Day(
        false_alarms=false_alarms,
        escapes=escapes,
        false_alarm_cost=_cost(false_alarms, line.false_alarm_cost),
        escape_cost=_cost(escapes, line.escape_cost),
    )


def _cost(parts: Span | None, each: float | None) -> Span | None:
    return None if parts is None or each is None else parts.times(each)
