"""Drift of scores, against SciPy and against the spread that chance gives."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import ks_2samp

from core.statistics.counts import ScoreWeek
from core.statistics.drift import DriftState, drift

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

    (found,) = drift([0.1, 0.2, 0.3, 1.0, 5.0], 1.0, [week(scores)])

    assert (found.normals, found.ks) == (3, 0)
    assert found.psi is None, "too few"
    assert found.state is DriftState.UNKNOWN
    assert drift([5.0], 1.0, [week(scores)]) == ()


def test_index_is_as_counted_by_hand() -> None:
    """Two of twenty normals lie in each tenth, and all twenty parts in the first."""
    (found,) = drift(list(range(20)), 100, [week(np.full(20, -1.0))])

    before, first, others = 2.5 / 25, 20.5 / 25, 0.5 / 25
    by_hand = (first - before) * np.log(first / before)
    by_hand += 9 * (others - before) * np.log(others / before)
    assert found.psi == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("psi", "chance", "state"),
    [
        (0.3, 0.01, DriftState.DRIFTED),
        (0.3, 0.2, DriftState.POSSIBLE),
        (0.2, 0.01, DriftState.NONE),
        (0.25, 0.01, DriftState.NONE),
    ],
)
def test_a_drift_is_large_and_no_chance(psi: float, chance: float, state: DriftState) -> None:
    (found,) = drift(list(range(20)), 100, [week(np.arange(20.0))])

    like = found.model_copy(update={"psi": psi, "psi_by_chance": 0.1, "ks_p": chance})

    assert like.state is state
    assert like.has_drifted == (state is DriftState.DRIFTED)


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
