"""Intervals against slow but plain bootstraps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.evaluation.detection.estimates import (
    percentile_interval,
    resampled_areas,
    resampled_overlap,
)


def scored(good: int, defective: int) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping scores with many ties."""
    rng = np.random.default_rng(3)
    scores = np.r_[rng.normal(0, 1, good), rng.normal(1.2, 1, defective)].round(1)
    return scores, np.arange(good + defective) >= good


def test_resampled_areas_spread_as_a_plain_bootstrap_does() -> None:
    scores, labels = scored(30, 50)
    fast = resampled_areas(scores, labels, seed=0, resamples=2000)

    rng = np.random.default_rng(1)
    plain = []
    for _ in range(600):
        drawn = np.r_[rng.integers(0, 30, 30), rng.integers(30, 80, 50)]
        pair = labels[drawn], scores[drawn]
        plain.append((roc_auc_score(*pair), average_precision_score(*pair)))
    for values, oracle in zip(fast, np.array(plain).T, strict=True):
        assert values.mean() == pytest.approx(oracle.mean(), abs=0.005)
        assert values.std() == pytest.approx(oracle.std(), rel=0.12)


def test_bootstrap_interval_holds_the_value_and_shrinks() -> None:
    widths = []
    for good, defective in ((20, 30), (200, 300), (2000, 3000)):
        scores, labels = scored(good, defective)
        auroc, _ = resampled_areas(scores, labels, seed=0)
        value = float(roc_auc_score(labels, scores))
        estimate = percentile_interval(value, auroc, good)
        assert estimate.low < value < estimate.high
        widths.append(estimate.high - estimate.low)

    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(10 * widths[2], rel=0.4)


def test_perfect_separation_of_few_pictures_is_no_certainty() -> None:
    labels = np.arange(25) >= 20
    auroc, precision = resampled_areas(labels.astype(float), labels, seed=0)

    for resampled in (auroc, precision):
        found = percentile_interval(0.99999994, resampled, 5)
        # Five pairs in the right order: a chance of 2.5 % if each is with this one.
        assert (found.value, found.high) == (1, pytest.approx(1, abs=1e-5))
        assert found.low == pytest.approx(0.025 ** (1 / 5), abs=1e-5)
    never = percentile_interval(0, np.zeros(100), 5)
    assert (never.low, never.high) == (0, pytest.approx(1 - 0.025 ** (1 / 5), abs=1e-5))


def test_a_seed_gives_the_same_resamples_and_another_gives_others() -> None:
    scores, labels = scored(10, 10)
    first, again, other = (resampled_areas(scores, labels, seed=seed)[0] for seed in (0, 0, 1))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_resampled_overlap_of_pictures_that_are_half_found() -> None:
    """Of two equal pictures' regions one is found at no false pixel, the other only after all."""
    masks = np.zeros((4, 32, 32), bool)
    masks[2:, 4:8, 4:8] = True
    maps = np.random.default_rng(0).random((4, 32, 32)).astype(np.float32)
    maps[2][masks[2]], maps[3][masks[3]] = 2, -1

    drawn = resampled_overlap(maps, masks, np.arange(4) >= 2, seed=0)

    # A resample draws the found picture never, once or twice.
    assert sorted(set(drawn.round(3))) == [0, 0.5, 1]
    assert drawn.mean() == pytest.approx(0.5, abs=0.05)
