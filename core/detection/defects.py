"""Defects measured on an anomaly map."""

from __future__ import annotations

import math

import cv2
import numpy as np

from core.domain import Box, ClockPlace, Defect, Judgement, Severity, Verdict
from core.domain.policy import Policy

# A defect reaches down to this share of the threshold around its core, so that its outline follows
# the mark's edge instead of its brightest part (hysteresis).
REACH = 0.9
ROWS = ("top", "", "bottom")
COLUMNS = ("left", "", "right")


def find_defects(
    anomaly_map: np.ndarray,
    judgement: Judgement,
    policy: Policy | None = None,
    *,
    mm_per_px: float | None = None,
) -> tuple[Defect, ...]:
    """Find the connected regions of a map that reach the threshold.

    Regions are 8-connected parts of the map above `REACH` times the lower threshold that hold at
    least one pixel at or above it. Regions under the minimum area are left out, except the one that
    holds the map's maximum: whatever is not PASS has a defect, and whatever is PASS has none. Where
    the score, but no place of the map, reaches its threshold, the map's maximum is the threshold,
    and the defects are minor.

    Args:
        anomaly_map: float32 (H, W).
        judgement: verdict and thresholds.
        policy: minimum area, severity rule and names of places; the defaults unless given.
        mm_per_px: scale of the picture; without it areas in mm² are None.

    Returns:
        Defects by falling peak, named D1, D2 and so on.
    """
    if judgement.verdict is Verdict.PASS:
        return ()
    policy = policy or Policy()
    threshold = min(judgement.map_t_low, float(anomaly_map.max()))
    mask = (anomaly_map >= REACH * threshold).astype(np.uint8)
    count, labels, stats, centroids = cv2.connectedComponentsWithStats(mask, connectivity=8)
    strongest = labels.ravel()[anomaly_map.argmax()]
    defects = []
    for label in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[label])
        inside = labels[y : y + height, x : x + width] == label
        values = anomaly_map[y : y + height, x : x + width][inside]
        peak = float(values.max())
        if peak < threshold or (area < policy.min_area_px and label != strongest):
            continue
        contour, elongation, orientation = _outline(inside, x, y)
        centroid = (float(centroids[label][0]), float(centroids[label][1]))
        area_percent = 100 * area / anomaly_map.size
        defects.append(
            Defect(
                id="D",
                box=Box(x=x, y=y, width=width, height=height),
                contour=contour,
                centroid=centroid,
                region=REGION_NAMES[policy.location](centroid, anomaly_map.shape),
                area_px=area,
                area_percent=area_percent,
                area_mm2=None if mm_per_px is None else area * mm_per_px**2,
                elongation=elongation,
                orientation_deg=orientation,
                peak=peak,
                mean=float(values.mean()),
                # However large: it shows only since the score alone has stopped the part.
                severity=Severity.MINOR
                if peak < judgement.map_t_low
                else policy.severity.severity(peak / judgement.map_t_high, area_percent),
            )
        )
    defects.sort(key=lambda defect: -defect.peak)
    return tuple(
        defect.model_copy(update={"id": f"D{number}"})
        for number, defect in enumerate(defects, start=1)
    )


def _outline(
    inside: np.ndarray, x: int, y: int
) -> tuple[tuple[tuple[int, int], ...], float, float]:
    """Outer contour in the picture's coordinates, elongation, and direction of the long axis.

    The direction is that of the smallest rectangle around the region, in degrees from the
    horizontal, turning from x towards y (clockwise on the screen).
    """
    contours, _ = cv2.findContours(
        inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y)
    )
    points = contours[0].reshape(-1, 2)
    _, (first, second), angle = cv2.minAreaRect(points)
    # The rectangle runs through the outer pixels' centres: a pixel more each way is its extent.
    first, second = first + 1, second + 1
    along = angle if first >= second else angle + 90
    elongation = max(first, second) / min(first, second)
    return tuple((int(px), int(py)) for px, py in points), elongation, along % 180


def _grid_place(centroid: tuple[float, float], shape: tuple[int, ...]) -> str:
    """Name of the place on a 3x3 grid over the picture."""
    height, width = shape
    row = ROWS[min(2, int(3 * centroid[1] / height))]
    column = COLUMNS[min(2, int(3 * centroid[0] / width))]
    return f"{row} {column}".strip() or "centre"


def _clock_place(centroid: tuple[float, float], shape: tuple[int, ...]) -> str:
    """Hour of the place as on a clock's face, and whether it lies at the rim.

    The face is the largest ellipse in the picture; a sixth of its radius around the middle is the
    centre, and the outer third is the rim.
    """
    height, width = shape
    across = 2 * centroid[0] / width - 1
    down = 2 * centroid[1] / height - 1
    radius = math.hypot(across, down)
    if radius < 1 / 6:
        return "centre"
    hour = round(math.degrees(math.atan2(across, -down)) / 30) % 12 or 12
    return ClockPlace(hour, is_at_rim=radius > 2 / 3).name


REGION_NAMES = {"grid": _grid_place, "clock": _clock_place}
