from __future__ import annotations

import numpy as np
import pytest

from core.detection.calibration import NormalScores, calibrate
from core.detection.operating_point import day, meaning
from core.domain.policy import Line, Policy


def normals(scores: np.ndarray) -> NormalScores:
    rising = tuple(np.sort(scores).tolist())
    return NormalScores(scores=rising, peaks=rising)


def test_counts_of_normals_and_defects() -> None:
    calibration = calibrate(normals(np.linspace(1, 2, 101)), Policy(fail_margin=0.1))
    low, high = calibration.t_low, calibration.t_high
    assert (low, high) == pytest.approx((1.99, 2.039))

    said = meaning(calibration, [1.5, 1.98, low, 2.02, high, 9.0])

    assert (said.normals, said.normals_stopped, said.normals_failed.count) == (101, 2, 0)
    assert said.stopped == 2 / 102
    assert said.defects_passed is not None
    assert (said.defects, said.defects_passed.count) == (6, 2)
    assert said.defects_reviewed is not None
    assert said.defects_failed is not None
    assert (said.defects_reviewed.count, said.defects_failed.count) == (2, 2)
    assert said.guaranteed <= 0.05


def test_without_a_known_defect_nothing_is_said_of_escapes() -> None:
    said = meaning(calibrate(normals(np.linspace(1, 2, 60))), [])
    line = Line(parts_per_day=1000, defect_share=0.01, escape_cost=5, false_alarm_cost=1)

    assert said.defects_passed is None
    today = day(said, line)
    assert today.escapes is today.escape_cost is None
    assert today.false_alarms is not None


def test_the_share_to_expect_is_right_on_average() -> None:
    """Over many sets of held-out normals the stated share equals the true one in the mean."""
    rng = np.random.default_rng(1)
    stated, true = [], []
    for _ in range(3000):
        calibration = calibrate(normals(rng.exponential(size=60)), Policy(false_alarm_rate=0.2))
        stated.append(meaning(calibration, []).stopped)
        true.append(np.exp(-calibration.t_low))

    error = np.std(true) / np.sqrt(len(true))
    assert np.mean(true) == pytest.approx(np.mean(stated), abs=4 * error)


def test_a_day_of_the_line() -> None:
    said = meaning(calibrate(normals(np.linspace(1, 2, 99))), [0.5] + [3.0] * 49)
    line = Line(parts_per_day=10_000, defect_share=0.02, false_alarm_cost=2, escape_cost=50)

    today = day(said, line)

    assert said.normals_stopped == 2
    assert today.false_alarms is not None
    assert today.false_alarms.expected == pytest.approx(9800 * 2 / 100)
    assert today.false_alarms.high == pytest.approx(9800 * said.guaranteed)
    assert today.escapes is not None
    assert today.escapes.expected == pytest.approx(200 / 50)
    # Clopper and Pearson, 1 of 50: 0.05 % to 10.65 %.
    assert (today.escapes.low, today.escapes.high) == pytest.approx((0.101, 21.3), rel=0.01)
    assert today.escape_cost is not None
    assert today.escape_cost.expected == pytest.approx(200)
    assert today.false_alarm_cost is not None
    assert today.false_alarm_cost.expected == pytest.approx(392)


@pytest.mark.parametrize("line", [Line(), Line(parts_per_day=10), Line(defect_share=0.1)])
def test_a_day_of_an_unknown_line_is_unknown(line: Line) -> None:
    today = day(meaning(calibrate(normals(np.linspace(1, 2, 60))), [3.0]), line)

    assert today.false_alarms is today.escapes is today.false_alarm_cost is None
