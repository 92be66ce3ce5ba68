"""Anomaly map to measured defects."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from core.domain import Box, Defect, Frozen, Severity

# A defect reaches down to this share of the threshold around its core, so that its outline follows
# the mark's edge instead of its brightest part (hysteresis).
REACH = 0.9
MIN_AREA_PX = 16
ROWS = ("top", "", "bottom")
COLUMNS = ("left", "", "right")


class SeverityRule(Frozen):
    """How bad a defect is: by its peak, in units of the FAIL threshold, or by its area.

    Critical: peak at least `critical_peak` or area at least `critical_percent` of the picture.
    Major: the same with the `major_` limits. Minor: everything else.
    """

    critical_peak: float = Field(1.5, gt=0)
    critical_percent: float = Field(5.0, gt=0)
    major_peak: float = Field(1.0, gt=0)
    major_percent: float = Field(1.0, gt=0)

    def severity(self, peak: float, area_percent: float) -> Severity:
        """Severity of a peak (in units of t_high) and an area (% of the picture)."""
        if peak >= self.critical_peak or area_percent >= self.critical_percent:
            return Severity.CRITICAL
        if peak >= self.major_peak or area_percent >= self.major_percent:
            return Severity.MAJOR
        return Severity.MINOR


def find_defects(
    anomaly_map: np.ndarray,
    *,
    t_low: float,
    t_high: float,
    mm_per_px: float | None = None,
    min_area_px: int = MIN_AREA_PX,
    rule: SeverityRule | None = None,
) -> tuple[Defect, ...]:
    """Connected regions of a map that reach the threshold.

    Regions are 8-connected parts of the map above `REACH` times `t_low` that hold at least one
    pixel at or above `t_low`. Regions under the minimum area are left out, except the one that
    holds the map's maximum: whatever is not PASS has a defect, and whatever is PASS has none.

    Args:
        anomaly_map: float32 (H, W).
        t_low: lower threshold, on the map's scale.
        t_high: FAIL threshold, the unit of severity.
        mm_per_px: scale of the picture; without it areas in mm² are None.
        min_area_px: smallest region that counts, in pixels.
        rule: of severity; the defaults unless given.

    Returns:
        Defects by falling peak, named D1, D2 and so on.
    """
    if anomaly_map.max() < t_low:
        return ()
    rule = rule or SeverityRule()
    mask = (anomaly_map >= REACH * t_low).astype(np.uint8)
    count, labels, stats, centroids = cv2.connectedComponentsWithStats(mask, connectivity=8)
    strongest = labels.ravel()[anomaly_map.argmax()]
    defects = []
    for label in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[label])
        inside = labels[y : y + height, x : x + width] == label
        values = anomaly_map[y : y + height, x : x + width][inside]
        peak = float(values.max())
        if peak < t_low or (area < min_area_px and label != strongest):
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
                region=_region(centroid, anomaly_map.shape),
                area_px=area,
                area_percent=area_percent,
                area_mm2=None if mm_per_px is None else area * mm_per_px**2,
                elongation=elongation,
                orientation_deg=orientation,
                peak=peak,
                mean=float(values.mean()),
                severity=rule.severity(peak / t_high, area_percent),
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


def _region(centroid: tuple[float, float], shape: tuple[int, ...]) -> str:
    """Name of the place on a 3x3 grid over the picture."""
    height, width = shape
    row = ROWS[min(2, int(3 * centroid[1] / height))]
    column = COLUMNS[min(2, int(3 * centroid[0] / width))]
    return f"{row} {column}".strip() or "centre"
