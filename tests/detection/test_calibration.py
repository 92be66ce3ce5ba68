from __future__ import annotations

import numpy as np
import pytest

from core.detection.calibration import calibrate
from core.domain import Verdict


@pytest.mark.parametrize(("rate", "enough"), [(0.10, 29), (0.05, 59), (0.02, 149), (0.01, 299)])
def test_smallest_number_of_normals_that_guarantees_a_rate(rate: float, enough: int) -> None:
    scores = np.linspace(1, 2, enough)

    assert calibrate(scores, rate=rate).false_alarm.is_met
    assert not calibrate(scores[1:], rate=rate).false_alarm.is_met


def test_too_few_normals_are_said() -> None:
    sentence = calibrate([1.0, 1.1, 1.2]).false_alarm.sentence()

    assert "At most 63.2% of good parts" in sentence
    assert "from 3 held-out" in sentence
    assert "teach with more good images" in sentence


def test_many_normals_allow_a_threshold_below_the_largest() -> None:
    calibration = calibrate(np.linspace(1, 2, 200))

    assert calibration.t_low < 2
    assert calibration.false_alarm.guaranteed <= 0.05


def test_guarantee_holds_in_repeated_trials() -> None:
    """The stated bound is exceeded in no more than 5 % of trials (plus chance)."""
    rng = np.random.default_rng(0)
    trials = 400
    exceeded = 0
    for _ in range(trials):
        calibration = calibrate(rng.exponential(size=60))
        true_rate = np.exp(-calibration.t_low)
        exceeded += true_rate > calibration.false_alarm.guaranteed

    assert exceeded / trials < 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)


def test_verdict_tiers_and_percentile() -> None:
    calibration = calibrate([1.0, 2.0, 3.0, 4.0])

    assert calibration.t_low == 4.0
    assert calibration.t_high == 4.75
    assert calibration.judge(3.99).verdict is Verdict.PASS
    assert calibration.judge(4.0).verdict is Verdict.REVIEW
    assert calibration.judge(4.75).verdict is Verdict.FAIL
    assert calibration.judge(2.5).percentile == 50
