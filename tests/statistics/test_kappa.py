"""Kappa: its value against scikit-learn's, its interval against a bootstrap and by simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import multinomial
from sklearn.metrics import cohen_kappa_score

from core.statistics.kappa import cohen_kappa


def test_kappa_is_scikit_learns_and_its_interval_that_of_a_bootstrap() -> None:
    table = np.array([[180, 9], [14, 60]])
    answers = [(i, j) for i in (0, 1) for j in (0, 1) for _ in range(table[i, j])]
    machine, person = np.array(answers).T
    draws = np.random.default_rng(0).multinomial(table.sum(), table.ravel() / table.sum(), 20_000)
    share = draws / table.sum()
    first, second = share[:, 0] + share[:, 1], share[:, 0] + share[:, 2]
    by_chance = first * second + (1 - first) * (1 - second)
    resampled = (share[:, 0] + share[:, 3] - by_chance) / (1 - by_chance)

    found = cohen_kappa(table)

    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(machine, person))
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)


@pytest.mark.parametrize(
    "table",
    [
        [[0, 0], [0, 0]],
        [[7, 0], [0, 0]],
        [[0, 0], [1, 3]],
        [[0, 0], [50, 150]],
        [[5, 0], [9, 0]],
    ],
)
def test_a_judge_who_gave_one_answer_is_not_known_to_agree(table: list[list[int]]) -> None:
    assert cohen_kappa(np.array(table)) is None


@pytest.mark.parametrize(
    ("table", "least", "most"),
    [
        ([[1, 0], [0, 1]], -0.4, -0.2),
        ([[7, 0], [0, 3]], 0.3, 0.5),
        ([[11, 0], [0, 3]], 0.4, 0.6),
        ([[700, 0], [0, 300]], 0.97, 0.999),
    ],
)
def test_full_agreement_is_as_sure_as_its_parts_are_many(
    table: list[list[int]], least: float, most: float
) -> None:
    found = cohen_kappa(np.array(table))

    assert found is not None
    assert (found.value, found.high) == (1, 1)
    assert least < found.low < most


def test_judges_who_never_agree_have_an_interval_of_some_width() -> None:
    found = cohen_kappa(np.array([[0, 5], [5, 0]]))

    assert found is not None
    assert (found.value, found.low) == (-1, -1)
    assert -0.9 < found.high < 0


def test_the_interval_holds_kappa_in_about_95_of_100_cases() -> None:
    shares = both, first, second, neither = 0.6, 0.1, 0.05, 0.25
    a, b = both + first, both + second
    by_chance = a * b + (1 - a) * (1 - b)
    true = (both + neither - by_chance) / (1 - by_chance)
    held = known = 0.0
    # Every table of eight parts, with its chance.
    for table in product(range(9), repeat=4):
        if sum(table) == 8 and (found := cohen_kappa(np.array(table).reshape(2, 2))) is not None:
            chance = multinomial.pmf(table, 8, shares)
            known += chance
            held += chance * (found.low <= true <= found.high)

    assert known > 0.8
    assert 0.93 < held / known < 0.99
