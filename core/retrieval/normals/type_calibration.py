"""Turn similarities to labelled defects into calibrated probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# With fewer pictures of a type, its error rate cannot be estimated.
MIN_PICTURES = 10
FOLDS = 5
TEMPERATURES = np.geomspace(0.003, 1, 60)
CALIBRATION_BINS = 5
MAX_EXPECTED_ERROR = 0.1


@dataclass(frozen=True)
class TypeCalibration:
    """A softmax temperature, and how well its probabilities agreed with held-out labels.

    Attributes:
        temperature: divisor of the similarities before the softmax.
        defect_types: types among which the probabilities are distributed.
        count: number of labelled defects used.
        brier: mean squared error of the probabilities, summed over the types: 0 is perfect.
        expected_error: expected calibration error of the first-ranked type, 0..1.
    """

    temperature: float
    defect_types: frozenset[str]
    count: int
    brier: float
    expected_error: float

    def probabilities(self, similarities: Mapping[str, float]) -> dict[str, float]:
        """Convert similarities to the probability of each type; they sum to 1."""
        names = sorted(similarities)
        values = _softmax(np.array([[similarities[name] for name in names]]), self.temperature)[0]
        return dict(zip(names, values.tolist(), strict=True))

    def sentence(self) -> str:
        """Describe in a sentence how the probabilities were calibrated."""
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
    """Fit a softmax temperature (Guo et al. 2017) to similarities to labelled defects.

    The temperature minimises the log loss over all defects. Its errors are measured by five-fold
    cross-validation over pictures: each fold is scored with the temperature of the other four.

    Args:
        left_out: for each labelled defect, its similarity to each type on other pictures.
        defect_types: labels of the defects, in the same order.
        sources: hashes of the defects' pictures, in the same order.
        among: all types that are ranked.

    Returns:
        None unless there are at least two types with ten pictures each, the probabilities have a
        lower Brier score than the types' shares, and the expected calibration error is at most
        10 %.
    """
    names = sorted(among)
    counts = Counter(kind for kind, _ in set(zip(defect_types, sources, strict=True)))
    if len(names) < 2 or min(counts[name] for name in names) < MIN_PICTURES:
        return None
    scores = np.array([_row(similarities, names) for similarities in left_out])
    truth = np.array([names.index(kind) for kind in defect_types])
    unseen = _unseen_probabilities(scores, truth, _folds(sources))
    one_hot = np.eye(len(names))[truth]
    brier = float(((unseen - one_hot) ** 2).sum(axis=1).mean())
    by_share = float(((one_hot.mean(axis=0) - one_hot) ** 2).sum(axis=1).mean())
    error = expected_calibration_error(unseen.max(axis=1), unseen.argmax(axis=1) == truth)
    if brier >= by_share or error > MAX_EXPECTED_ERROR:
        return None
    return TypeCalibration(_temperature(scores, truth), among, len(truth), brier, error)


def expected_calibration_error(confidences: np.ndarray, is_right: np.ndarray) -> float:
    """Compute the expected calibration error over bins of equal count.

    Args:
        confidences: float (n,), 0..1, of the first-ranked types.
        is_right: bool (n,), whether the first-ranked type is correct.
    """
    order = np.argsort(confidences)
    parts = np.array_split(order, min(CALIBRATION_BINS, len(order)))
    gaps = [len(part) * abs(confidences[part].mean() - is_right[part].mean()) for part in parts]
    return float(sum(gaps) / len(order))


def _row(similarities: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """List the similarity of each type; a type without crops gets the lowest of the others."""
    least = min(similarities.values(), default=0.0)
    return [similarities.get(name, least) for name in names]


def _folds(sources: Sequence[str]) -> np.ndarray:
    """Assign each defect a fold, the same for all defects of a picture: int (n,)."""
    pictures = sorted(set(sources))
    order = np.random.default_rng(0).permutation(len(pictures))
    fold_of = {pictures[place]: number % FOLDS for number, place in enumerate(order)}
    return np.array([fold_of[source] for source in sources])


def _unseen_probabilities(scores: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Compute each fold's probabilities with the temperature of the others: float (n, types)."""
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
