"""Estimate the uncertainty of areas under curves by bootstrap."""

from __future__ import annotations

import numpy as np

from core.domain import Frozen
from core.statistics.intervals import CONFIDENCE, exact_interval

RESAMPLES = 1000
FPR_LIMIT = 0.3
# False-positive rates, over all pictures, at which the per-region overlap curve is sampled for the
# bootstrap. The rates of a resample differ, so the grid extends well beyond the limit.
GRID = 0.7 * np.linspace(0, 1, 256) ** 2
READ_PIXELS = 2_000_000
SAME = 1e-6  # torchmetrics computes in single precision


class Estimate(Frozen):
    """A figure with a 95 % interval: a bootstrap's, or an exact one where all resamples agree.

    If good and defective pictures are perfectly separated, so are they in every resample, however
    few they are. What is known then is that as many independent cases all came out the same.
    """

    value: float
    low: float
    high: float


def percentile_interval(value: float, resampled: np.ndarray, cases: int | None = None) -> Estimate:
    """Combine a figure with the middle 95 % of its resampled values.

    Args:
        value: of all cases.
        resampled: float64 (B,).
        cases: number of independent cases. Of an area under a curve: the smaller number of good and
            of defective pictures, for so many pairs share no picture, and the area is the chance
            that a pair is in the right order. None: the figure is no share, and has no exact one.
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    if cases is not None and high - low < SAME:
        low, high = exact_interval(min(1.0, value) * cases, cases)
    # torchmetrics computes in single precision: an exact 1 may come out as 0.99999994.
    return Estimate(value=round(value, 6), low=round(float(low), 6), high=round(float(high), 6))


def resampled_areas(
    scores: np.ndarray, labels: np.ndarray, *, seed: int, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUROC and average precision of resampled pictures.

    Good and defective pictures are drawn with replacement, each within their own class. A resample
    is represented by a weight for each picture, so the scores need sorting only once.

    Args:
        scores: float (N,).
        labels: bool (N,), True = defective; both kinds are there.
        seed: of the resampling.
        resamples: number of resamples.

    Returns:
        Two float64 (resamples,).
    """
    weights = _weights(labels, seed, resamples)
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    hits = np.add.reduceat((weights * labels)[:, order], starts, axis=1)
    misses = np.add.reduceat((weights * ~labels)[:, order], starts, axis=1)
    hits_so_far, misses_so_far = hits.cumsum(axis=1), misses.cumsum(axis=1)
    defective, good = labels.sum(), (~labels).sum()
    # Pairs of equal scores count as half in the right order.
    auroc = (misses * (hits_so_far - hits / 2)).sum(axis=1) / (defective * good)
    stopped = np.maximum(hits_so_far + misses_so_far, 1)
    precision = (hits * hits_so_far / stopped).sum(axis=1) / defective
    return auroc, precision


def resampled_overlap(
    maps: np.ndarray,
    masks: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> np.ndarray:
    """Compute the area under the per-region overlap curve of resampled pictures.

    Each picture's curve is sampled once, at common thresholds; a resample is a weighted sum.

    Args:
        maps: float32 (N, H, W).
        masks: bool (N, H, W); at least one pixel is True.
        labels: bool (N,), True = defective.
        seed: of the resampling.
        resamples: number of resamples.

    Returns:
        float64 (resamples,); NaN where no region was drawn.
    """
    background = maps[~masks]
    # A curve starts at the overlap reached before the first false-positive pixel.
    above_all = np.nextafter(background.max(), np.float32(np.inf))
    some = background[:: 1 + len(background) // READ_PIXELS]
    thresholds = np.r_[above_all, np.quantile(some, 1 - GRID)].astype(np.float32)
    curves = [_curve(*pair, thresholds) for pair in zip(maps, masks, strict=True)]
    false_pixels, overlaps, pixels, regions = (np.array(part) for part in zip(*curves, strict=True))
    weights = _weights(labels, seed, resamples)
    rates = (weights @ false_pixels) / (weights @ pixels)[:, None]
    with np.errstate(invalid="ignore"):
        overlap = (weights @ overlaps) / (weights @ regions)[:, None]
    fine = np.linspace(0, FPR_LIMIT, 300)
    read = [np.interp(fine, x, y) for x, y in zip(rates, overlap, strict=True)]
    return np.trapezoid(np.array(read), fine, axis=1) / FPR_LIMIT


def _weights(labels: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """Draw how often each picture occurs in each resample: float64 (resamples, N)."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((resamples, len(labels)))
    for kind in (False, True):
        members = np.flatnonzero(labels == kind)
        if len(members):
            equal = np.full(len(members), 1 / len(members))
            weights[:, members] = rng.multinomial(len(members), equal, size=resamples)
    return weights


def _curve(
    anomaly_map: np.ndarray, mask: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Count false pixels and sum the regions' overlaps at each threshold; count both totals."""
    import cv2

    count, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)

    def reaching(values: np.ndarray) -> np.ndarray:
        return len(values) - np.searchsorted(np.sort(values), thresholds)

    overlaps = np.zeros(len(thresholds))
    for region in range(1, count):
        values = anomaly_map[regions == region]
        overlaps += reaching(values) / len(values)
    background = anomaly_map[~mask]
    return reaching(background), overlaps, len(background), count - 1
