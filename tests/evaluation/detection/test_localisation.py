"""Found against true defects, in maps drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.detection.base import Prediction
from core.detection.calibration import NormalScores, calibrate
from core.domain.policy import Policy
from core.evaluation.detection.localisation import Overlap, localisation_figures, overlap

SIDE = 100
# Review from 2 on.
CALIBRATION = calibrate(NormalScores(scores=(1, 1, 2), peaks=(1, 1, 2)))


def compare(found: list[tuple[slice, slice]], true: list[tuple[slice, slice]]) -> Overlap:
    """Overlap of rectangles that a map marks with those that a mask does."""
    anomaly_map, truth = np.ones((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), bool)
    for place in found:
        anomaly_map[place] = 4
    for place in true:
        truth[place] = True
    judgement = CALIBRATION.judge(Prediction(anomaly_map, float(anomaly_map.max())))
    return overlap(anomaly_map, truth, judgement, Policy())


def test_two_found_one_of_them_right_and_one_missed() -> None:
    result = compare(
        found=[np.s_[10:20, 10:20], np.s_[60:70, 60:70]],
        true=[np.s_[10:20, 15:25], np.s_[80:90, 10:20]],
    )

    assert sorted(result.touched) == [False, True]
    assert sorted(result.correct) == [False, True]
    assert result.ious == (pytest.approx(50 / 150),)


def test_a_found_defect_over_two_true_ones_is_paired_with_the_better() -> None:
    result = compare(found=[np.s_[0:10, 0:50]], true=[np.s_[0:10, 0:30], np.s_[0:10, 40:60]])

    assert result.touched == (True, True)
    assert result.correct == (True,)
    assert result.ious == (pytest.approx(300 / 500),)


def test_two_found_parts_of_one_true_defect_are_both_right_and_paired_once() -> None:
    result = compare(found=[np.s_[0:10, 0:20], np.s_[0:10, 30:40]], true=[np.s_[0:10, 0:40]])

    assert result.touched == (True,)
    assert result.correct == (True, True)
    assert result.ious == (pytest.approx(200 / 400),)


def test_a_ring_has_the_area_of_its_pixels() -> None:
    ring, truth = np.ones((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), bool)
    ring[20:60, 20:60], ring[25:55, 25:55] = 4, 1
    truth[20:60, 20:60], truth[25:55, 25:55] = True, False
    judgement = CALIBRATION.judge(Prediction(ring, 4))

    assert overlap(ring, truth, judgement, Policy()).ious == (1,)


def test_stray_pixels_of_a_mask_are_no_defect_unless_there_is_nothing_else() -> None:
    speck = np.s_[90:91, 90:91]

    assert compare(found=[], true=[np.s_[0:10, 0:10], speck]).touched == (False,)
    assert compare(found=[], true=[speck]).touched == (False,)
    assert compare(found=[np.s_[85:95, 85:95]], true=[np.s_[0:10, 0:10], speck]).correct == (True,)


def test_figures_of_several_pictures() -> None:
    figures = localisation_figures(
        [
            compare(found=[np.s_[0:10, 0:10]], true=[np.s_[0:10, 0:10]]),
            compare(found=[np.s_[0:10, 0:10]], true=[np.s_[0:10, 0:20]]),
            compare(found=[], true=[np.s_[0:10, 0:10]]),
            compare(found=[np.s_[0:10, 0:10]], true=[]),
        ]
    )

    assert figures is not None
    assert figures.recall is not None
    assert figures.precision is not None
    assert (figures.recall.count, figures.recall.out_of) == (2, 3)
    assert (figures.precision.count, figures.precision.out_of) == (2, 3)
    assert figures.matched == 2
    assert figures.mean_iou == pytest.approx(0.75)


def test_nothing_found_and_nothing_to_find() -> None:
    figures = localisation_figures([compare(found=[], true=[np.s_[0:10, 0:10]])])

    assert figures is not None
    assert figures.precision is None
    assert figures.mean_iou is None
    assert localisation_figures([compare(found=[np.s_[0:9, 0:9]], true=[])]) is None
