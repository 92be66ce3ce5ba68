"""Describe measured defects in words, to search the knowledge with."""

from __future__ import annotations

from core.domain import Defect

ELONGATED = 3.0
SMALL_PERCENT = 0.5
LARGE_PERCENT = 5.0


def describe_defect(defect: Defect) -> str:
    """Name a defect's measured size, shape and place in the words of an inspector.

    Example: "small line at the top left".
    """
    shape = "line" if defect.elongation >= ELONGATED else "spot"
    if shape == "spot" and defect.area_percent >= LARGE_PERCENT:
        shape = "area"
    return f"{_size(defect)} {shape} at the {defect.region}"


def _size(defect: Defect) -> str:
    if defect.area_percent < SMALL_PERCENT:
        return "small"
    return "medium-sized" if defect.area_percent < LARGE_PERCENT else "large"
