"""Figures against scikit-learn and against examples that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    jaccard_score,
    roc_auc_score,
)

from core.evaluation.detection.metrics import pixel_figures, ranking_figures

LABELS = np.arange(60) >= 25


# Far from 0..1, torchmetrics alone would squash all scores into one.
@pytest.mark.parametrize(("offset", "scale"), [(0, 1), (5000, 1), (-80, 40)])
def test_ranking_as_scikit_learn_computes_it(offset: float, scale: float) -> None:
    rng = np.random.default_rng(0)
    scores = offset + scale * (rng.normal(size=60) + LABELS).round(1)
    t_low = offset + scale * 0.65

    figures = ranking_figures(scores, LABELS, t_low)

    assert figures is not None
    assert figures.auroc.value == pytest.approx(roc_auc_score(LABELS, scores))
    assert figures.aupr.value == pytest.approx(average_precision_score(LABELS, scores))
    assert figures.f1_at_t_low == pytest.approx(f1_score(LABELS, scores >= t_low))
    best = max(f1_score(LABELS, scores >= value) for value in scores)
    assert figures.f1_oracle == pytest.approx(best)
    assert f1_score(LABELS, scores >= figures.f1_oracle_threshold) == pytest.approx(best)
    for estimate in (figures.auroc, figures.aupr):
        assert estimate.low < estimate.value < estimate.high


def test_ranking_by_hand() -> None:
    # Of the four pairs three are in order; the hits come first and third.
    figures = ranking_figures(np.array([1.0, 3.0, 2.0, 4.0]), np.array([0, 0, 1, 1], bool), 2.5)

    assert figures is not None
    assert figures.auroc.value == pytest.approx(3 / 4)
    assert figures.aupr.value == pytest.approx((1 + 2 / 3) / 2)
    assert figures.f1_oracle == pytest.approx(4 / 5)
    assert figures.f1_oracle_threshold == 2
    assert figures.f1_at_t_low == pytest.approx(1 / 2)


@pytest.mark.parametrize(("score", "auroc", "aupr"), [(1.0, 1, 1), (0.0, 0.5, 35 / 60)])
def test_a_perfect_and_a_useless_detector(score: float, auroc: float, aupr: float) -> None:
    figures = ranking_figures(LABELS * score, LABELS, 0.5)

    assert figures is not None
    assert figures.auroc.value == auroc
    assert 0 < figures.auroc.high - figures.auroc.low < 0.5, "few pictures prove little"
    assert figures.auroc.low <= auroc <= figures.auroc.high
    assert figures.aupr.value == pytest.approx(aupr)


def test_one_kind_alone_cannot_be_ranked() -> None:
    scores = np.arange(4.0)

    assert ranking_figures(scores, np.ones(4, bool), 1) is None
    assert ranking_figures(scores, np.zeros(4, bool), 1) is None


def test_pixels_by_hand() -> None:
    """One region of 4 pixels lies above all of the background, one of 12 lies below it."""
    masks = np.zeros((2, 20, 20), bool)
    masks[1, 2:4, 2:4] = masks[1, 10:13, 10:14] = True
    maps = np.full((2, 20, 20), 50, np.float32)
    maps[1, 2:4, 2:4], maps[1, 10:13, 10:14] = 90, 10

    figures = pixel_figures(maps, masks, np.array([False, True]), 70)

    assert figures is not None
    assert figures.pictures == 2
    assert figures.auroc == pytest.approx(4 / 16)
    assert figures.aupro.value == pytest.approx(1 / 2)
    assert figures.dice == pytest.approx(2 * 4 / (4 + 16))
    assert figures.iou == pytest.approx(4 / 16)


def test_pixels_as_scikit_learn_computes_them() -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((12, 64, 64), bool)
    for picture in range(4, 12):
        x, y = rng.integers(0, 48, 2)
        masks[picture, y : y + 12, x : x + 8] = True
    maps = (30 * rng.random(masks.shape) + 8 * masks).astype(np.float32)

    figures = pixel_figures(maps, masks, np.arange(12) >= 4, 30)

    assert figures is not None
    truth, found = masks.ravel(), maps.ravel() >= 30
    assert figures.auroc == pytest.approx(roc_auc_score(truth, maps.ravel()), abs=1e-6)
    assert figures.dice == pytest.approx(f1_score(truth, found))
    assert figures.iou == pytest.approx(jaccard_score(truth, found))
    # All regions are alike: their mean overlap is the recall, so the area is that under the ROC.
    partial = roc_auc_score(truth, maps.ravel(), max_fpr=0.3)
    area = 0.3**2 / 2 + (2 * partial - 1) * (0.3 - 0.3**2 / 2)
    assert figures.aupro.value == pytest.approx(area / 0.3, abs=1e-4)
    assert figures.aupro.low < figures.aupro.value < figures.aupro.high


def test_pixels_without_a_defective_one() -> None:
    maps = np.zeros((2, 8, 8), np.float32)

    assert pixel_figures(maps, np.zeros((2, 8, 8), bool), np.array([False, True]), 1) is None
