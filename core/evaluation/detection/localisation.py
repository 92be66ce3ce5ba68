"""Measure whether found defects lie where the masks mark true ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import Field

from core.detection.defects import REACH, find_defects
from core.domain import Defect, Frozen, Judgement
from core.domain.policy import Policy
from core.statistics.intervals import Rate, exact_rate


@dataclass(frozen=True)
class Overlap:
    """Found defects compared with the true ones of one picture.

    Attributes:
        touched: for each true defect, whether a found one touches it.
        correct: for each found defect, whether it touches a true one.
        ious: intersection over union of each matched pair.
    """

    touched: tuple[bool, ...]
    correct: tuple[bool, ...]
    ious: tuple[float, ...]


class LocalisationFigures(Frozen):
    """Found defects compared with the true ones, over all pictures with known truth.

    The intervals assume independent defects. Those of one picture hardly are.
    """

    recall: Rate | None = Field(description="true defects that a found one touches")
    precision: Rate | None = Field(description="found defects that touch a true one")
    matched: int = Field(description="pairs of a found and a true defect, each used once")
    mean_iou: float | None = Field(description="of the matched pairs; None without any")


def overlap(
    anomaly_map: np.ndarray, truth: np.ndarray, judgement: Judgement, policy: Policy
) -> Overlap:
    """Compare the defects found in one picture with its mask.

    True defects are the mask's 8-connected regions. As with found defects, all regions below the
    minimum area but the largest are left out, because a stray pixel of an annotation is no defect.
    A found defect that touches one still counts as correct. Pairs are matched one to one, so as to
    maximise the sum of their IoUs.

    Args:
        anomaly_map: float32 (H, W).
        truth: bool (H, W).
        judgement: verdict and thresholds used to find the defects.
        policy: gives the minimum area.
    """
    from scipy.optimize import linear_sum_assignment

    count, regions, stats, _ = cv2.connectedComponentsWithStats(
        truth.astype(np.uint8), connectivity=8
    )
    areas = stats[:, cv2.CC_STAT_AREA]
    counted = [
        region
        for region in range(1, count)
        if areas[region] >= policy.min_area_px or areas[region] == areas[1:].max()
    ]
    shared, found_areas = [], []
    edge = REACH * min(judgement.map_t_low, float(anomaly_map.max()))
    for defect in find_defects(anomaly_map, judgement, policy):
        box = defect.box
        window = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
        inside = _inside(defect) & (anomaly_map[window] >= edge)
        shared.append(np.bincount(regions[window][inside], minlength=count))
        found_areas.append(inside.sum())
    # Rows are found defects, columns the mask's regions; column 0 is the area outside all regions.
    pixels = np.array(shared, np.int64).reshape(len(shared), count)
    both = pixels[:, counted]
    ious = both / (np.array(found_areas).reshape(-1, 1) + areas[counted] - both)
    pairs = zip(*linear_sum_assignment(-ious), strict=True)
    return Overlap(
        touched=tuple(bool(column.any()) for column in both.T),
        correct=tuple(bool(row[1:].any()) for row in pixels),
        ious=tuple(float(ious[pair]) for pair in pairs if ious[pair] > 0),
    )


def localisation_figures(overlaps: Iterable[Overlap]) -> LocalisationFigures | None:
    """Compute the figures over all pictures; None if no picture has a true defect."""
    overlaps = list(overlaps)
    touched = [flag for picture in overlaps for flag in picture.touched]
    correct = [flag for picture in overlaps for flag in picture.correct]
    ious = [iou for picture in overlaps for iou in picture.ious]
    if not touched:
        return None
    return LocalisationFigures(
        recall=exact_rate(sum(touched), len(touched)),
        precision=exact_rate(sum(correct), len(correct)),
        matched=len(ious),
        mean_iou=float(np.mean(ious)) if ious else None,
    )


def _inside(defect: Defect) -> np.ndarray:
    """Fill the defect's contour: bool, of the size of its box."""
    canvas = np.zeros((defect.box.height, defect.box.width), np.uint8)
    offset = (-defect.box.x, -defect.box.y)
    contour = np.array(defect.contour, np.int32).reshape(-1, 1, 2)
    cv2.drawContours(canvas, [contour], -1, 1, cv2.FILLED, offset=offset)
    return canvas > 0
