"""Thresholds by cost, against search by brute force and examples done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.errors import EvaluationError
from core.evaluation.detection.costs import (
    CostRule,
    cheapest_pair,
    cost_figures,
    cost_rule,
    pair_cost,
)

RNG = np.random.default_rng(0)
LABELS = np.arange(400) >= 200
SCORES = RNG.normal(size=400) + 1.5 * LABELS


def test_cost_by_hand() -> None:
    # Of 100 parts 2 are defective: 1 escapes for 30 and 1 is reviewed; of the 98 good ones, 49 are
    # failed and 24.5 reviewed. A review costs a fifth of an overkill.
    rule = CostRule(ratio=30, review=0.2, prevalence=0.02)
    scores = np.array([0, 1.5, 0, 1, 3, 4])
    labels = np.array([1, 1, 0, 0, 0, 0], bool)

    found = pair_cost((1, 2), scores, labels, rule)

    assert (found.escapes.count, found.overkills.count) == (1, 2)
    assert found.reviewed == pytest.approx((1 + 24.5) / 100)
    assert found.cost == pytest.approx((30 + 49 + 0.2 * 25.5) / 100)


@pytest.mark.parametrize("review", [0.02, 0.3, 3])
@pytest.mark.parametrize(("ratio", "prevalence"), [(1, 0.5), (100, 0.01)])
def test_no_other_pair_is_cheaper(ratio: float, prevalence: float, review: float) -> None:
    rule = CostRule(ratio=ratio, review=review, prevalence=prevalence)
    scores, labels = SCORES[::25], LABELS[::25]
    places = [*np.sort(scores), scores.max() + 1]

    chosen = cheapest_pair(scores, labels, rule)

    costs = [
        pair_cost((low, high), scores, labels, rule).cost
        for low in places
        for high in places
        if low <= high
    ]
    assert chosen[0] <= chosen[1]
    assert pair_cost(chosen, scores, labels, rule).cost == pytest.approx(min(costs))


def test_dearer_escapes_lower_the_review_threshold() -> None:
    pairs = [
        cheapest_pair(SCORES, LABELS, CostRule(ratio=ratio, prevalence=0.05))
        for ratio in (1, 10, 100, 10_000)
    ]

    lows = [low for low, _ in pairs]
    assert lows == sorted(lows, reverse=True)
    assert lows[0] > lows[-1]


def test_dearer_reviews_are_fewer_and_then_none() -> None:
    rules = [CostRule(ratio=10, review=cost, prevalence=0.1) for cost in (0.01, 0.1, 1, 20)]
    pairs = [cheapest_pair(SCORES, LABELS, rule) for rule in rules]

    reviewed = [
        pair_cost(pair, SCORES, LABELS, rule).reviewed
        for pair, rule in zip(pairs, rules, strict=True)
    ]
    assert reviewed == sorted(reviewed, reverse=True)
    assert reviewed[0] > 0.2
    assert reviewed[-1] == 0
    assert pairs[-1][0] == pairs[-1][1]


def test_kinds_that_are_apart_are_parted_half_way() -> None:
    rule = CostRule(ratio=1, prevalence=0.5)

    assert cheapest_pair(np.array([1.0, 2, 4, 5]), np.array([0, 0, 1, 1], bool), rule) == (3, 3)


def test_chosen_on_one_half_and_measured_on_the_other() -> None:
    rule = CostRule(ratio=20, prevalence=0.05)
    figures = cost_figures(SCORES, LABELS, rule, t_low=1, t_high=2)

    assert figures is not None
    assert figures.chosen_by == 200
    for at in (figures.chosen, figures.calibrated):
        assert at.escapes.out_of == at.overkills.out_of == 100
    assert (figures.calibrated.t_low, figures.calibrated.t_high) == (1, 2)
    assert figures.chosen.t_low < figures.chosen.t_high
    assert figures.chosen.cost < figures.calibrated.cost
    other = cost_figures(SCORES, LABELS, rule, t_low=1, t_high=2, seed=1)
    assert other is not None
    assert other.chosen != figures.chosen


def test_where_it_was_chosen_a_pair_looks_better_than_it_is() -> None:
    """Scores without any meaning: the choice fits noise, and only other data shows it."""
    rule = CostRule(ratio=1, review=1, prevalence=0.5)
    chosen_costs, measured_costs = [], []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=40)
        labels = np.arange(40) >= 20
        figures = cost_figures(noise, labels, rule, t_low=0, t_high=1, seed=seed)
        assert figures is not None
        measured_costs.append(figures.chosen.cost)
        chosen_costs.append(pair_cost(cheapest_pair(noise, labels, rule), noise, labels, rule).cost)

    assert np.mean(measured_costs) == pytest.approx(0.5, abs=0.05)
    assert np.mean(chosen_costs) < np.mean(measured_costs) - 0.04


def test_too_few_pictures_to_split() -> None:
    rule = CostRule(ratio=1, prevalence=0.5)

    assert cost_figures(np.arange(3.0), np.array([0, 0, 1], bool), rule, t_low=1, t_high=2) is None


@pytest.mark.parametrize(
    ("ratio", "prevalence", "review"),
    [
        (10, None, None),
        (None, 0.1, None),
        (None, None, 0.1),
        (0, 0.1, None),
        (10, 1, None),
        (10, 0.1, -1),
        (10, 0.1, np.inf),
        (np.nan, 0.1, 0),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    ratio: float | None, prevalence: float | None, review: float | None
) -> None:
    with pytest.raises(EvaluationError, match="--prevalence"):
        cost_rule(ratio, prevalence, review)


def test_a_rule_of_what_is_said() -> None:
    assert cost_rule(None, None) is None
    assert cost_rule(10, 0.1) == CostRule(ratio=10, review=0.1, prevalence=0.1)
    assert cost_rule(10, 0.1, 0) == CostRule(ratio=10, review=0, prevalence=0.1)
