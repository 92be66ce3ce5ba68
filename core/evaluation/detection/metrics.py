"""Measure a detector's scores and maps with the metrics of anomalib and torchmetrics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.evaluation.detection.estimates import (
    FPR_LIMIT,
    Estimate,
    percentile_interval,
    resampled_areas,
    resampled_overlap,
)

FIELDS = ("values", "truth")


class RankingFigures(Frozen):
    """How well the scores rank defective pictures above good ones, at any threshold."""

    auroc: Estimate = Field(description="area under the ROC curve")
    aupr: Estimate = Field(description="area under the precision-recall curve: average precision")
    f1_oracle: float = Field(description="best F1: its threshold was chosen on these very labels")
    f1_oracle_threshold: float
    f1_at_t_low: float = Field(description="F1 at the calibrated threshold: all but PASS stopped")


class PixelFigures(Frozen):
    """How well the maps cover the masks."""

    pictures: int = Field(description="number of pictures used")
    auroc: float
    aupro: Estimate = Field(description="area under per-region overlap, up to an FPR of 0.3")
    dice: float = Field(description="of all pixels at or above map_t_low, of all pictures together")
    iou: float = Field(description="as dice")


def ranking_figures(
    scores: np.ndarray, labels: np.ndarray, t_low: float, *, seed: int = 0
) -> RankingFigures | None:
    """Measure the ranking of the pictures' scores.

    Args:
        scores: float (N,).
        labels: bool (N,), True = defective.
        t_low: threshold from which a picture is stopped.
        seed: of the bootstrap.

    Returns:
        None unless there are good and defective pictures.
    """
    import torch
    from anomalib.metrics import F1Max
    from torchmetrics.functional.classification import (
        binary_auroc,
        binary_average_precision,
        binary_f1_score,
    )

    if labels.all() or not labels.any():
        return None
    values, (ranked, truth) = np.unique(scores), _ranked(scores, labels)
    auroc, precision = resampled_areas(scores, labels, seed=seed)
    pairs = int(min(labels.sum(), (~labels).sum()))
    best = F1Max(fields=FIELDS)
    f1_oracle = _measured(best, ranked, truth)
    return RankingFigures(
        auroc=percentile_interval(float(binary_auroc(ranked, truth)), auroc, pairs),
        aupr=percentile_interval(float(binary_average_precision(ranked, truth)), precision, pairs),
        f1_oracle=f1_oracle,
        f1_oracle_threshold=float(values[round(float(best.threshold) * len(values))]),
        f1_at_t_low=float(binary_f1_score(torch.from_numpy(scores >= t_low).long(), truth)),
    )


def image_auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Compute the area under the ROC curve of float (N,) scores; bool (N,) labels hold both."""
    from torchmetrics.functional.classification import binary_auroc

    return float(binary_auroc(*_ranked(scores, labels)))


def pixel_figures(
    maps: np.ndarray, masks: np.ndarray, labels: np.ndarray, map_t_low: float, *, seed: int = 0
) -> PixelFigures | None:
    """Measure the maps' pixels, over all pictures together.

    Args:
        maps: float32 (N, H, W).
        masks: bool (N, H, W).
        labels: bool (N,), True = defective.
        map_t_low: threshold from which a pixel counts as defective.
        seed: of the bootstrap.

    Returns:
        None if no pixel is defective, or all are.
    """
    import torch
    from anomalib.metrics import AUPRO
    from torchmetrics.functional.classification import (
        binary_auroc,
        binary_f1_score,
        binary_jaccard_index,
    )

    if masks.all() or not masks.any():
        return None
    truth, found = torch.from_numpy(masks), torch.from_numpy(maps >= map_t_low)
    # Scale to 0..1, as `_ranked` does for scores. A linear scale suffices and needs no sorting.
    low, high = maps.min(), maps.max()
    values = torch.from_numpy((maps - low) / max(high - low, np.finfo(np.float32).tiny))
    aupro = _measured(AUPRO(fields=FIELDS, fpr_limit=FPR_LIMIT), values, truth)
    overlap = resampled_overlap(maps, masks, labels, seed=seed)
    return PixelFigures(
        pictures=len(maps),
        # The arguments are valid by construction; checking them would sort all pixels again.
        auroc=float(binary_auroc(values.ravel(), truth.ravel(), validate_args=False)),
        aupro=percentile_interval(aupro, overlap[np.isfinite(overlap)], int(labels.sum())),
        dice=float(binary_f1_score(found, truth, validate_args=False)),
        iou=float(binary_jaccard_index(found, truth, validate_args=False)),
    )


def _ranked(scores: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
    """Convert scores and labels to tensors for torchmetrics.

    torchmetrics takes values outside 0..1 for logits and squashes them, which makes high scores
    equal. Ranks keep the order, which is all that the figures depend on.
    """
    import torch

    values, ranks = np.unique(scores, return_inverse=True)
    return torch.from_numpy(ranks / len(values)), torch.from_numpy(labels).long()


def _measured(metric: Any, values: Any, truth: Any) -> float:  # noqa: ANN401 - anomalib's, torch's
    """Compute an anomalib metric of plain tensors, passed as a batch with `FIELDS`."""
    metric.update(SimpleNamespace(values=values, truth=truth))
    return float(metric.compute())
