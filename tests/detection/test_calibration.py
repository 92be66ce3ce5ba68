from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from core.detection.base import Prediction
from core.detection.calibration import (
    Calibration,
    NormalScores,
    calibrate,
    guaranteed_rates,
    normals_needed,
    policy_of,
)
from core.domain import Judgement, Verdict
from core.domain.errors import ProductError
from core.domain.policy import Policy


def normals(scores: Sequence[float] | np.ndarray) -> NormalScores:
    rising = tuple(np.sort(scores).tolist())
    return NormalScores(scores=rising, peaks=rising)


def judged(calibration: Calibration, score: float) -> Judgement:
    anomaly_map = np.zeros((8, 8), np.float32)
    anomaly_map[3, 3] = score
    return calibration.judge(Prediction(anomaly_map, score))


@pytest.mark.parametrize(("rate", "enough"), [(0.10, 29), (0.05, 59), (0.02, 149), (0.01, 299)])
def test_smallest_number_of_normals_that_guarantees_a_rate(rate: float, enough: int) -> None:
    scores, policy = np.linspace(1, 2, enough), Policy(false_alarm_rate=rate)

    assert normals_needed(rate, 0.95) == enough
    assert calibrate(normals(scores), policy).false_alarm.is_met
    assert not calibrate(normals(scores[1:]), policy).false_alarm.is_met


def test_too_few_normals_are_said() -> None:
    sentence = calibrate(normals([1.0, 1.1, 1.2])).false_alarm.sentence()

    assert "At most 63.2% of good parts" in sentence
    assert "from 3 held-out" in sentence
    assert "teach with more good images" in sentence


def test_many_normals_allow_a_threshold_below_the_largest() -> None:
    calibration = calibrate(normals(np.linspace(1, 2, 200)))

    assert calibration.t_low < 2
    assert calibration.false_alarm.guaranteed <= 0.05


def test_guarantee_holds_in_repeated_trials() -> None:
    """The stated bound is exceeded in no more than 5 % of trials (plus chance)."""
    rng = np.random.default_rng(0)
    trials = 400
    exceeded = 0
    for _ in range(trials):
        calibration = calibrate(normals(rng.exponential(size=60)))
        true_rate = np.exp(-calibration.t_low)
        exceeded += true_rate > calibration.false_alarm.guaranteed

    assert exceeded / trials < 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)


def test_verdict_tiers_and_percentile() -> None:
    calibration = calibrate(normals([1.0, 2.0, 3.0, 4.0]))

    assert calibration.t_low == 4.0
    assert calibration.t_high == 4.75
    assert judged(calibration, 3.99).verdict is Verdict.PASS
    assert judged(calibration, 4.0).verdict is Verdict.REVIEW
    assert judged(calibration, 4.75).verdict is Verdict.FAIL
    assert judged(calibration, 2.5).percentile == 50
    # A normal is not above itself.
    assert judged(calibration, 3.0).percentile == 50


@pytest.mark.parametrize(("value", "is_unlike"), [(3.9, False), (4.0, True)])
def test_a_part_is_unlike_from_the_maps_threshold_on(value: float, is_unlike: bool) -> None:
    calibration = calibrate(NormalScores(scores=(0.1, 0.2, 0.3, 0.4), peaks=(1, 2, 3, 4)))

    whole_map = np.full((8, 8), value, np.float32)

    assert calibration.judge(Prediction(whole_map, 0.1)).is_unlike == is_unlike


def test_scores_and_maps_may_have_scales_of_their_own() -> None:
    maps = [np.full((4, 4), 10.0 * value, np.float32) for value in (1, 2, 3)]
    predictions = [Prediction(values, float(values.max()) / 10) for values in maps]

    calibration = calibrate(NormalScores.of(predictions))

    assert calibration.t_low == 3
    assert calibration.map_t_low == 30


def test_cross_fitted_scores_are_an_estimate() -> None:
    scores = tuple(np.linspace(1, 2, 100).tolist())

    rate = calibrate(NormalScores(scores=scores, peaks=scores, cross_fitted=True)).false_alarm

    assert not rate.is_met
    assert "estimate" in rate.sentence()
    assert "without a guarantee" in rate.sentence()


def test_a_picture_that_is_strange_all_over_is_unlike_anything_taught() -> None:
    calibration = calibrate(normals([1.0, 2.0, 3.0, 4.0]))
    strange = Prediction(np.full((8, 8), 9, np.float32), 9.0)

    assert calibration.judge(strange).is_unlike
    assert not judged(calibration, 9.0).is_unlike


@pytest.mark.parametrize("scores", ["[1, NaN]", "[NaN]", "[1, Infinity]", "[2, 1]"])
def test_scores_that_are_not_finite_or_do_not_rise_are_refused(scores: str) -> None:
    with pytest.raises(ValidationError):
        NormalScores.model_validate_json(f'{{"scores": {scores}, "peaks": [1, 2]}}')
    with pytest.raises(ValidationError):
        NormalScores.model_validate_json(f'{{"scores": [1, 2], "peaks": {scores}}}')


def test_rates_are_quantiles_of_beta() -> None:
    from scipy.stats import beta

    expected = beta.ppf(0.99, np.arange(1, 201), np.arange(200, 0, -1))

    np.testing.assert_allclose(guaranteed_rates(200, 0.99), expected, rtol=1e-9)


@pytest.mark.parametrize("count", [5, 60, 300])
def test_thresholds_that_were_chosen_are_those_that_judge(count: int) -> None:
    held_out = normals(np.random.default_rng(count).exponential(size=count))
    bounds = guaranteed_rates(count, 0.9)

    for rank in range(1, int((bounds <= 0.5).sum()) + 1):
        low = held_out.scores[-rank]
        policy = policy_of(held_out, Policy(confidence=0.9), low, low * 1.3)
        # As it is written to disk and read again.
        calibration = calibrate(held_out, Policy.model_validate_json(policy.model_dump_json()))

        assert calibration.t_low == low
        assert calibration.t_high == pytest.approx(low * 1.3)
        assert calibration.false_alarm.guaranteed == bounds[rank - 1]


def test_a_threshold_between_two_normals_stops_the_same_ones() -> None:
    held_out = normals(np.linspace(1, 2, 101))

    calibration = calibrate(held_out, policy_of(held_out, Policy(), 1.955, 2.5))

    assert calibration.t_low == 1.96
    assert sum(score >= 1.955 for score in held_out.scores) == 5


@pytest.mark.parametrize(
    ("t_low", "t_high", "said"),
    [
        (2.01, 3, "nothing is known of normals above it"),
        (1.9, 1.8, "FAIL cannot begin at 1.8, below REVIEW at 1.9"),
        (1.3, 1.9, "stop at most 50% of good parts"),
        (1.9, 100, "at most 100 times as far above"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(t_low: float, t_high: float, said: str) -> None:
    with pytest.raises(ProductError, match=said):
        policy_of(normals(np.linspace(1, 2, 101)), Policy(), t_low, t_high)
