"""Words for measured defects, to look knowledge up with."""

from __future__ import annotations

from core.domain import Defect

ELONGATED = 3.0
SMALL_PERCENT = 0.5
LARGE_PERCENT = 5.0


def describe_defect(defect: Defect) -> str:
    """What was measured, in the words of an inspector; nothing that was not.

    Example: "small elongated mark at the top left".
    """
    if defect.area_percent < SMALL_PERCENT:
        size = "small"
    elif defect.area_percent < LARGE_PERCENT:
        size = "medium-sized"
    else:
        size = "large"
    shape = "elongated line-shaped mark" if defect.elongation >= ELONGATED else "compact spot"
    return f"{size} {shape} at the {defect.region}"
