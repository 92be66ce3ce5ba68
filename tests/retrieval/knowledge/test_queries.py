"""What was measured of a defect, in words."""

from __future__ import annotations

from core.domain import Box, Defect, Severity
from core.retrieval.knowledge.queries import describe_defect


def defect(x: int, y: int, width: int, height: int, area_percent: float = 1.0) -> Defect:
    """A rectangular region of the map, as the detector would find it around a mark."""
    right, bottom = x + width - 1, y + height - 1
    return Defect(
        id="D1",
        box=Box(x=x, y=y, width=width, height=height),
        contour=((x, y), (right, y), (right, bottom), (x, bottom)),
        centroid=(x + width / 2, y + height / 2),
        region="centre",
        area_px=width * height,
        area_percent=area_percent,
        area_mm2=None,
        elongation=max(width, height) / min(width, height),
        orientation_deg=0,
        peak=2,
        mean=1,
        severity=Severity.MAJOR,
    )


def test_shape_size_and_place_are_said() -> None:
    assert describe_defect(defect(0, 0, 90, 10)) == "medium-sized line at the centre"
    assert describe_defect(defect(0, 0, 90, 80, area_percent=18)) == "large area at the centre"
    assert describe_defect(defect(0, 0, 9, 9, area_percent=0.2)) == "small spot at the centre"
