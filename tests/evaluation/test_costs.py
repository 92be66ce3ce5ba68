"""Thresholds by cost, against search by brute force and examples done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import EvaluationError
from core.evaluation.costs import CostRule, cheapest_threshold, cost_figures, cost_rule

RNG = np.random.default_rng(0)
LABELS = np.arange(400) >= 200
SCORES = RNG.normal(size=400) + 1.5 * LABELS


def test_cost_by_hand() -> None:
    # Of 100 parts 2 are defective: one of them escapes for 30; 49 of 98 good ones are rejected.
    rule = CostRule(ratio=30, prevalence=0.02)

    assert float(rule.cost(0.5, 0.5)) == pytest.approx((30 + 49) / 100)


@pytest.mark.parametrize(("ratio", "prevalence"), [(1, 0.5), (100, 0.01), (5, 0.001), (1e4, 0.5)])
def test_no_other_threshold_is_cheaper(ratio: float, prevalence: float) -> None:
    rule = CostRule(ratio=ratio, prevalence=prevalence)

    def cost(threshold: float) -> float:
        stopped = threshold <= SCORES
        return float(rule.cost((~stopped)[LABELS].mean(), stopped[~LABELS].mean()))

    chosen = cost(cheapest_threshold(SCORES, LABELS, rule))
    assert chosen == pytest.approx(min(map(cost, [*SCORES, SCORES.max() + 1])))


def test_dearer_escapes_lower_the_threshold() -> None:
    thresholds = [
        cheapest_threshold(SCORES, LABELS, CostRule(ratio=ratio, prevalence=0.05))
        for ratio in (1, 10, 100, 10_000)
    ]

    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]


def test_kinds_that_are_apart_are_parted_half_way() -> None:
    rule = CostRule(ratio=1, prevalence=0.5)

    assert cheapest_threshold(np.array([1.0, 2, 4, 5]), np.array([0, 0, 1, 1], bool), rule) == 3


def test_chosen_on_one_half_and_measured_on_the_other() -> None:
    rule = CostRule(ratio=20, prevalence=0.05)
    figures = cost_figures(SCORES, LABELS, rule, t_low=1, t_high=2)

    assert figures is not None
    assert figures.chosen_by == 200
    for at in (figures.cheapest, figures.at_t_low, figures.at_t_high):
        assert at.escapes.out_of == at.overkills.out_of == 100
        assert at.cost == pytest.approx(float(rule.cost(at.escapes.share, at.overkills.share)))
    assert figures.at_t_low.escapes.count < figures.at_t_high.escapes.count
    assert figures.at_t_low.overkills.count > figures.at_t_high.overkills.count
    other = cost_figures(SCORES, LABELS, rule, t_low=1, t_high=2, seed=1)
    assert other is not None
    assert other.cheapest != figures.cheapest


def test_where_it_was_chosen_a_threshold_looks_better_than_it_is() -> None:
    """Scores without any meaning: the choice fits noise, and only other data shows it."""
    rule = CostRule(ratio=1, prevalence=0.5)
    chosen_costs, measured_costs = [], []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=40)
        labels = np.arange(40) >= 20
        figures = cost_figures(noise, labels, rule, t_low=0, t_high=1, seed=seed)
        assert figures is not None
        measured_costs.append(figures.cheapest.cost)
        stopped = noise >= cheapest_threshold(noise, labels, rule)
        chosen_costs.append(float(rule.cost((~stopped)[labels].mean(), stopped[~labels].mean())))

    assert np.mean(measured_costs) == pytest.approx(0.5, abs=0.05)
    assert np.mean(chosen_costs) < np.mean(measured_costs) - 0.04


def test_too_few_pictures_to_split() -> None:
    rule = CostRule(ratio=1, prevalence=0.5)

    assert cost_figures(np.arange(3.0), np.array([0, 0, 1], bool), rule, t_low=1, t_high=2) is None


@pytest.mark.parametrize(("ratio", "prevalence"), [(10, None), (None, 0.1), (0, 0.1), (10, 1)])
def test_a_rule_that_makes_no_sense_is_refused(
    ratio: float | None, prevalence: float | None
) -> None:
    with pytest.raises(EvaluationError, match="--prevalence"):
        cost_rule(ratio, prevalence)
    assert cost_rule(None, None) is None
