"""How a defect looks beside its surroundings, measured from the picture's pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import Defect

# Lightness and colour are CIELAB's: white is 100 lighter than black, and a difference of about 2
# can just be seen. This is clearly seen on a noisy picture.
SEEN = 8.0
# Share of the pixels that make a part's darkest and its brightest: a region of the map is wider
# than the mark in it.
EXTREME = 0.1
# Larger crops are measured at this size, so that the time does not grow with the picture.
MEASURED_SIDE = 192
NARROWEST_RING = 4
WIDEST_RING = 40
SMALLEST_MARK_PX = 6


@dataclass(frozen=True)
class Look:
    """A defect's contrast with what lies around it.

    Attributes:
        darker: how much darker its darkest part is than the darkest around, in CIELAB lightness.
        brighter: how much brighter its brightest part is than the brightest around.
        colour: distance of its most coloured part from the colour around, in CIELAB.
        edge_px: pixels within which its strongest edge crosses the contrast; None without contrast.
        mark_elongation: long side over short side of the largest part that stands out from the
            surroundings; None when none does.
    """

    darker: float
    brighter: float
    colour: float
    edge_px: float | None
    mark_elongation: float | None


@dataclass(frozen=True)
class _Crop:
    """A defect and what lies around it.

    Attributes:
        lab: CIELAB, float32 (h, w, 3).
        inside: bool (h, w), the defect.
        ring: bool (h, w), what lies around it.
        scale: pixels of the picture in one of the crop.
    """

    lab: np.ndarray
    inside: np.ndarray
    ring: np.ndarray
    scale: float


def measure_look(pixels: np.ndarray, defect: Defect) -> Look:
    """Compare the pixels in a defect with a ring around it.

    Args:
        pixels: uint8 (H, W, 3), RGB, of the inspected picture.
        defect: found on it.
    """
    crop = _cropped(pixels, defect)
    if not crop.ring.any() or not crop.inside.any():
        return Look(0.0, 0.0, 0.0, None, None)  # it fills the picture: nothing lies around it
    lightness = np.ascontiguousarray(crop.lab[..., 0])
    low, high = np.quantile(lightness[crop.inside], [EXTREME, 1 - EXTREME])
    ring_low, ring_high = np.quantile(lightness[crop.ring], [EXTREME, 1 - EXTREME])
    away = _away_in_colour(crop)
    usual = float(np.quantile(away[crop.ring], 1 - EXTREME))
    darker, brighter = max(0.0, float(ring_low - low)), max(0.0, float(high - ring_high))
    stands_out = (lightness < ring_low - SEEN / 2) | (lightness > ring_high + SEEN / 2)
    stands_out |= away > usual + SEEN / 2
    return Look(
        darker=darker,
        brighter=brighter,
        colour=max(0.0, float(np.quantile(away[crop.inside], 1 - EXTREME)) - usual),
        edge_px=_edge_width(lightness, crop, max(darker, brighter)),
        mark_elongation=_elongation(stands_out & crop.inside),
    )


def _cropped(pixels: np.ndarray, defect: Defect) -> _Crop:
    box = defect.box
    width = float(np.clip(np.sqrt(defect.area_px) / 2, NARROWEST_RING, WIDEST_RING))
    reach = int(width) + 2
    top, left = max(0, box.y - reach), max(0, box.x - reach)
    crop = pixels[top : box.y + box.height + reach, left : box.x + box.width + reach]
    outline = np.array(defect.contour, np.int32) - (left, top)
    mask = np.zeros(crop.shape[:2], np.uint8)
    cv2.drawContours(mask, [outline], -1, color=1, thickness=cv2.FILLED)
    scale = max(1.0, max(mask.shape) / MEASURED_SIDE)
    if scale > 1:
        size = (max(1, round(mask.shape[1] / scale)), max(1, round(mask.shape[0] / scale)))
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    distance = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3) * scale
    # The mark's own blurred edge is no surroundings.
    ring = (distance > width / 4) & (distance <= width)
    return _Crop(
        cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), mask > 0, ring, scale
    )


def _away_in_colour(crop: _Crop) -> np.ndarray:
    """Distance of each pixel's colour from the ring's median, lightness apart: float32 (h, w)."""
    colours = crop.lab[..., 1:]
    return np.linalg.norm(colours - np.median(colours[crop.ring], axis=0), axis=-1)


def _edge_width(lightness: np.ndarray, crop: _Crop, contrast: float) -> float | None:
    """Pixels of the picture that the steepest slope of the defect needs for the contrast."""
    if contrast < SEEN:
        return None
    # Scharr's kernel sums to 32: divided by it, a slope is lightness a pixel.
    across, down = (cv2.Scharr(lightness, cv2.CV_32F, *way) / 32 for way in ((1, 0), (0, 1)))
    slopes = np.hypot(across, down)[crop.inside]
    return float(crop.scale * contrast / max(float(np.quantile(slopes, 0.98)), 1e-6))


def _elongation(marked: np.ndarray) -> float | None:
    """Of the largest connected part, long side over short side of the smallest box around it."""
    outlines, _ = cv2.findContours(
        marked.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    if not outlines:
        return None
    largest = max(outlines, key=len)
    if len(largest) < SMALLEST_MARK_PX:
        return None
    # The box runs through the outer pixels' centres: a pixel more each way is its extent.
    _, (first, second), _ = cv2.minAreaRect(largest)
    return (max(first, second) + 1) / (min(first, second) + 1)
