"""Describe measured defects in words, to search the knowledge with."""

from __future__ import annotations

from core.domain import Defect
from core.imaging.appearance import SEEN, Look

ELONGATED = 3.0
SMALL_PERCENT = 0.5
LARGE_PERCENT = 5.0
# An edge is sharp if its contrast changes within SHARP_PX, and diffuse from DIFFUSE_PX on.
SHARP_PX = 3.0
DIFFUSE_PX = 8.0


def describe_defect(defect: Defect, look: Look | None = None) -> str:
    """Describe what was measured, and nothing else, in an inspector's words.

    Args:
        defect: gives shape, size and place.
        look: measured from the pixels by `core.imaging.appearance.measure_look`.

    Example: "small dark line with a sharp edge at the top left".
    """
    elongation = defect.elongation
    if look is not None and look.mark_elongation is not None:
        elongation = look.mark_elongation
    shape = "line" if elongation >= ELONGATED else "spot"
    if shape == "spot" and defect.area_percent >= LARGE_PERCENT:
        shape = "area"
    words = [_size(defect), *_tones(look), shape, *_edge(look), f"at the {defect.region}"]
    return " ".join(words)


def _size(defect: Defect) -> str:
    if defect.area_percent < SMALL_PERCENT:
        return "small"
    return "medium-sized" if defect.area_percent < LARGE_PERCENT else "large"


def _tones(look: Look | None) -> list[str]:
    if look is None:
        return []
    tones = [("dark", look.darker), ("bright", look.brighter), ("discoloured", look.colour)]
    visible = [name for name, contrast in tones if contrast >= SEEN]
    return [" and ".join(visible)] if visible else []


def _edge(look: Look | None) -> list[str]:
    if look is None or look.edge_px is None:
        return []
    if look.edge_px <= SHARP_PX:
        return ["with a sharp edge"]
    return ["with a soft diffuse edge"] if look.edge_px >= DIFFUSE_PX else []
