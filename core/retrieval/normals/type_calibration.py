"""What a likeness to labelled defects is worth as a probability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Fewer pictures of a type say too little of how often its likeness misleads.
FEWEST_PICTURES = 10
FOLDS = 5
TEMPERATURES = np.geomspace(0.003, 1, 60)
BINS = 5
LARGEST_ERROR = 0.1


@dataclass(frozen=True)
class TypeCalibration:
    """A temperature, and how well its probabilities agreed with labels that it had not seen.

    Attributes:
        temperature: similarities are divided by it before the softmax.
        defect_types: that the probabilities are shared among.
        count: labelled defects that it comes from.
        brier: mean squared error of the probabilities, summed over the types: 0 is perfect.
        expected_error: expected calibration error of the first-ranked type, 0..1.
    """

    temperature: float
    defect_types: frozenset[str]
    count: int
    brier: float
    expected_error: float

    def probabilities(self, similarities: Mapping[str, float]) -> dict[str, float]:
        """Probability of each type; they add up to 1."""
        names = sorted(similarities)
        values = _softmax(np.array([[similarities[name] for name in names]]), self.temperature)[0]
        return dict(zip(names, values.tolist(), strict=True))

    def sentence(self) -> str:
        """What the probabilities stand on."""
        return (
            f"Calibrated on {self.count} labelled defects, each left out in turn: Brier score "
            f"{self.brier:.2f}, expected calibration error {self.expected_error:.1%}."
        )


def calibrate_types(
    left_out: Sequence[Mapping[str, float]],
    defect_types: Sequence[str],
    sources: Sequence[str],
    among: frozenset[str],
) -> TypeCalibration | None:
    """Temperature scaling (Guo et al. 2017) of similarities to labelled defects.

    The temperature is that of the least log loss over all defects. Its errors are measured in five
    folds of pictures, each with a temperature of the other four.

    Args:
        left_out: of each labelled defect, its similarity to each type on other pictures.
        defect_types: the labels, in the same order.
        sources: the pictures that the defects are on.
        among: all types that are ranked.

    Returns:
        None unless there are two types or more, ten pictures of each, and the probabilities both
        beat the types' shares (Brier score) and err by 10 % at most (expected calibration error).
    """
    names = sorted(among)
    counts = Counter(kind for kind, _ in set(zip(defect_types, sources, strict=True)))
    if len(names) < 2 or min(counts[name] for name in names) < FEWEST_PICTURES:
        return None
    scores = np.array([_row(similarities, names) for similarities in left_out])
    truth = np.array([names.index(kind) for kind in defect_types])
    unseen = _unseen_probabilities(scores, truth, _folds(sources))
    one_hot = np.eye(len(names))[truth]
    brier = float(((unseen - one_hot) ** 2).sum(axis=1).mean())
    by_share = float(((one_hot.mean(axis=0) - one_hot) ** 2).sum(axis=1).mean())
    error = expected_calibration_error(unseen.max(axis=1), unseen.argmax(axis=1) == truth)
    if brier >= by_share or error > LARGEST_ERROR:
        return None
    return TypeCalibration(_temperature(scores, truth), among, len(truth), brier, error)


def expected_calibration_error(confidences: np.ndarray, is_right: np.ndarray) -> float:
    """Mean distance of confidence from the share that is right, over bins of equal number.

    Args:
        confidences: float (n,), 0..1.
        is_right: bool (n,).
    """
    order = np.argsort(confidences)
    parts = np.array_split(order, min(BINS, len(order)))
    gaps = [len(part) * abs(confidences[part].mean() - is_right[part].mean()) for part in parts]
    return float(sum(gaps) / len(order))


def _row(similarities: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """Similarity of each type; one that has no crop left looks no more alike than the least."""
    least = min(similarities.values(), default=0.0)
    return [similarities.get(name, least) for name in names]


def _folds(sources: Sequence[str]) -> np.ndarray:
    """Number of each defect's fold, the same for all defects of a picture: int (n,)."""
    pictures = sorted(set(sources))
    order = np.random.default_rng(0).permutation(len(pictures))
    fold_of = {pictures[place]: number % FOLDS for number, place in enumerate(order)}
    return np.array([fold_of[source] for source in sources])


def _unseen_probabilities(scores: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Each fold's probabilities by the temperature of the others: float (n, types)."""
    unseen = np.empty_like(scores)
    for fold in range(FOLDS):
        own = folds == fold
        unseen[own] = _softmax(scores[own], _temperature(scores[~own], truth[~own]))
    return unseen


def _temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    losses = [
        -np.log(_softmax(scores, temperature)[np.arange(len(truth)), truth] + 1e-12).mean()
        for temperature in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _softmax(scores: np.ndarray, temperature: float) -> np.ndarray:
    shifted = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return shifted / shifted.sum(axis=1, keepdims=True)
