"""Drift of scores, against SciPy and against the spread that chance gives."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import ks_2samp

from core.statistics.counts import ScoreWeek
from core.statistics.drift import drift

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def week(scores: np.ndarray) -> ScoreWeek:
    return ScoreWeek(MONDAY, scores)


def test_shifted_scores_have_drifted_and_equal_ones_have_not() -> None:
    rng = np.random.default_rng(0)
    normals = rng.normal(0.6, 0.1, 200).tolist()

    same, shifted = drift(
        normals, 1.0, [week(rng.normal(0.6, 0.1, 500)), week(rng.normal(0.75, 0.1, 500))]
    )

    assert not same.has_drifted
    assert shifted.has_drifted
    assert shifted.median > shifted.median_of_normals
    assert shifted.psi is not None
    assert shifted.psi > 1


def test_normals_that_would_be_stopped_are_left_out() -> None:
    scores = np.array([0.1, 0.2, 0.3])

    (found,) = drift([0.1, 0.2, 0.3, 5.0], 1.0, [week(scores)])

    assert (found.normals, found.ks) == (3, 0)
    assert found.psi is None, "too few"
    assert not found.has_drifted
    assert drift([5.0], 1.0, [week(scores)]) == ()


def test_distance_and_chance_are_scipys() -> None:
    rng = np.random.default_rng(1)
    normals, scores = rng.normal(size=60), rng.normal(0.2, 1, 400)

    (found,) = drift(normals.tolist(), 10, [week(scores)])

    expected = ks_2samp(normals, scores)
    assert found.ks == pytest.approx(expected.statistic)
    assert found.ks_p == pytest.approx(expected.pvalue, abs=0.02)


def test_index_of_weeks_without_drift_stays_within_what_chance_reaches() -> None:
    rng = np.random.default_rng(2)
    beyond = 0
    for _ in range(400):
        (found,) = drift(rng.normal(size=100).tolist(), 10, [week(rng.normal(size=1000))])
        assert found.psi is not None
        assert found.psi_by_chance is not None
        beyond += found.psi > found.psi_by_chance

    # 5 of 100 are expected; the half part in every bin and estimated tenths move it a little.
    assert 4 <= beyond <= 40
