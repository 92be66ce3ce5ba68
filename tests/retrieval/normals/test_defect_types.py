from __future__ import annotations

import numpy as np
import pytest

from core.retrieval.normals.defect_types import comparable_types, rank_types, text_similarities
from core.retrieval.normals.type_calibration import (
    TypeCalibration,
    calibrate_types,
    expected_calibration_error,
)
from tests.records import examples

TEXTS = {"crack": 0.3, "hole": 0.5, "stain": 0.1}
CALIBRATION = TypeCalibration(0.1, frozenset({"crack", "hole"}), 40, 0.2, 0.05)


def order(texts: dict[str, float]) -> list[str]:
    return [guess.defect_type for guess in rank_types("D1", texts, {})]


def test_words_rank_where_nothing_is_labelled() -> None:
    assert order(TEXTS) == ["hole", "crack", "stain"]


def test_labelled_types_go_first_and_the_others_follow_by_words() -> None:
    guesses = rank_types("D2", TEXTS, {"stain": 0.6, "crack": 0.8})

    assert [guess.defect_type for guess in guesses] == ["crack", "stain", "hole"]
    assert [guess.rank for guess in guesses] == [1, 2, 3]
    assert (guesses[2].text_similarity, guesses[2].example_similarity) == (0.5, None)
    assert {guess.probability for guess in guesses} == {None}


def test_equal_likeness_has_one_order() -> None:
    assert order({"b": 0.5, "a": 0.5, "c": 0.5}) == ["a", "b", "c"]


def test_a_probability_needs_every_ranked_type_in_the_calibration() -> None:
    likeness = {"crack": 0.8, "hole": 0.7}
    calibrated = rank_types("D1", {"crack": 0.1, "hole": 0.2}, likeness, CALIBRATION)
    with_an_unlabelled_type = rank_types("D1", TEXTS, likeness, CALIBRATION)

    wanted = 1 / (1 + np.exp(-1))
    assert [g.probability for g in calibrated] == pytest.approx([wanted, 1 - wanted])
    assert "40 labelled defects" in calibrated[0].calibration
    assert {guess.probability for guess in with_an_unlabelled_type} == {None}
    assert {guess.calibration for guess in with_an_unlabelled_type} == {""}


def test_one_labelled_type_or_too_few_pictures_are_not_compared() -> None:
    assert comparable_types({"crack": 0.9}, {"crack": 50}) == {}
    assert comparable_types({"crack": 0.9, "hole": 0.8}, {"crack": 50, "hole": 2}) == {}
    assert comparable_types({"crack": 0.9, "hole": 0.8}, {"crack": 3, "hole": 3}) != {}


def test_words_of_other_products_say_nothing() -> None:
    own = examples.snippet()
    nearer = own.model_copy(update={"similarity": 0.9})
    document = own.model_copy(update={"defect_type": ""})
    foreign = own.model_copy(update={"defect_type": "hole", "matched_by": "any"})

    assert text_similarities([own, nearer, document, foreign]) == {"crack": 0.9}


def scattered(noise: float) -> tuple[list[dict[str, float]], list[str], list[str]]:
    """Similarities of 200 defects to their own type and to another, with noise."""
    rng = np.random.default_rng(1)
    truth = ["crack" if n % 2 else "hole" for n in range(200)]
    likeness = [
        {name: (name == kind) * 0.1 + rng.normal(0, noise) for name in ("crack", "hole")}
        for kind in truth
    ]
    return likeness, truth, [f"{n}" for n in range(200)]


def test_probabilities_agree_with_how_often_they_are_right() -> None:
    calibration = calibrate_types(*scattered(0.1), among=frozenset({"crack", "hole"}))

    assert calibration is not None
    # Two normal distributions 0.1 apart on either side of a difference of noise sqrt(2) * 0.1: the
    # log odds are the difference over 0.1.
    assert calibration.temperature == pytest.approx(0.1, rel=0.4)
    assert calibration.expected_error < 0.1
    assert 0 < calibration.brier < 0.5


def test_likeness_that_says_nothing_gives_no_probability() -> None:
    likeness, truth, sources = scattered(0.1)

    assert calibrate_types(likeness, truth[::-1], sources, frozenset({"crack", "hole"})) is None


def test_pictures_are_counted_and_not_their_defects() -> None:
    likeness, truth, sources = scattered(0.01)
    few = [f"{int(source) % 16}" for source in sources]

    assert calibrate_types(likeness, truth, sources, frozenset({"crack", "hole"})) is not None
    assert calibrate_types(likeness, truth, few, frozenset({"crack", "hole"})) is None


def test_expected_calibration_error() -> None:
    confidences = np.full(100, 0.8)

    assert expected_calibration_error(confidences, np.arange(100) % 5 > 0) == pytest.approx(0)
    assert expected_calibration_error(confidences, np.ones(100, bool)) == pytest.approx(0.2)
