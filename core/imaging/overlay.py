"""Heatmaps on a fixed colour scale: equal colours mean equal values, in every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.domain import Defect

# Perceptually even, and ordered by lightness for those who do not tell colours apart.
COLOUR_MAP = cv2.COLORMAP_INFERNO
MIN_DRAWN_SIDE_PX = 720
LINE_RGB = (255, 255, 255)
HALO_RGB = (16, 16, 16)
FONT = cv2.FONT_HERSHEY_SIMPLEX
# The lowest values leave the part as it is; from the review threshold on the heat is at its full.
CLEAR_BELOW_SHARE = 0.75


@dataclass(frozen=True)
class ColourScale:
    """From 0 to 1.5 times the FAIL threshold, the same for every picture of a detector."""

    t_low: float
    t_high: float

    @property
    def top(self) -> float:
        return 1.5 * self.t_high

    def positions(self, values: np.ndarray) -> np.ndarray:
        """Compute each value's place on the scale, uint8 (of the same shape), 0 to 255."""
        return np.clip(values / self.top * 255, 0, 255).astype(np.uint8)

    def colours(self, values: np.ndarray) -> np.ndarray:
        """Colour each value: float32 (H, W) to uint8 (H, W, 3) RGB."""
        return cv2.cvtColor(
            cv2.applyColorMap(self.positions(values), COLOUR_MAP), cv2.COLOR_BGR2RGB
        )


def render_overlay(
    pixels: np.ndarray,
    anomaly_map: np.ndarray,
    scale: ColourScale,
    defects: Sequence[Defect],
    *,
    opacity: float,
    show_contour: bool = True,
    show_numbers: bool = True,
    chosen: str | None = None,
) -> np.ndarray:
    """Draw the heatmap, the threshold contour and numbered defects over a picture.

    Args:
        pixels: uint8 (H, W, 3), RGB.
        anomaly_map: float32 (H, W).
        scale: of the detector.
        defects: to be numbered.
        opacity: of the heat where the map is at or above the review threshold, 0..1.
        show_contour: draw the line where the map crosses the review threshold.
        show_numbers: draw each defect's name beside it.
        chosen: id of a defect that a box is drawn around.

    Returns:
        uint8 (h, w, 3) RGB; small pictures are enlarged so that lines and names stay sharp.
    """
    zoom = max(1.0, MIN_DRAWN_SIDE_PX / max(pixels.shape[:2]))
    if zoom > 1:
        pixels = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        size = (pixels.shape[1], pixels.shape[0])
        anomaly_map = cv2.resize(anomaly_map, size, interpolation=cv2.INTER_LINEAR)
    rendered = _blend(pixels, anomaly_map, scale, opacity)
    thickness = max(1, round(max(pixels.shape[:2]) / 500))
    if show_contour:
        mask = (anomaly_map >= scale.t_low).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(rendered, contours, -1, HALO_RGB, 3 * thickness, cv2.LINE_AA)
        cv2.drawContours(rendered, contours, -1, LINE_RGB, thickness, cv2.LINE_AA)
    for defect in defects:
        if defect.id == chosen:
            _draw_box(rendered, defect, zoom, thickness)
    if show_numbers:
        for defect in reversed(defects):
            _draw_name(rendered, defect, zoom, thickness)
    return rendered


def render_outlined(
    part: np.ndarray,
    outlines: Sequence[Sequence[tuple[int, int]]],
    origin: tuple[int, int],
    side: int,
) -> np.ndarray:
    """Bring a part of a picture to a size and outline what lies on it.

    Args:
        part: uint8 (H, W, 3), RGB.
        outlines: closed lines, in pixels of the whole picture.
        origin: of the part, in the same pixels.
        side: length of the longer side that it gets.

    Returns:
        uint8 (h, w, 3) RGB.
    """
    zoom = side / max(part.shape[:2])
    size = tuple(max(1, round(length * zoom)) for length in part.shape[1::-1])
    drawn = cv2.resize(part, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    for line in outlines:
        outline(drawn, line, origin, zoom)
    return drawn


def render_heatmap(anomaly_map: np.ndarray, scale: ColourScale) -> np.ndarray:
    """Draw the map alone, uint8 (H, W, 3) RGB."""
    return scale.colours(anomaly_map)


def render_mask(anomaly_map: np.ndarray, scale: ColourScale) -> np.ndarray:
    """Draw white from the fail threshold on, grey from the review threshold on, else black.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    grey = np.where(anomaly_map >= scale.t_low, 128, 0)
    mask = np.where(anomaly_map >= scale.t_high, 255, grey).astype(np.uint8)
    return cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB)


def render_legend(
    scale: ColourScale,
    labels: tuple[str, str, str],
    *,
    width: int = 640,
    height: int = 72,
    dark: bool = False,
) -> np.ndarray:
    """Draw a horizontal colour bar with the thresholds marked, uint8 (h, w, 3) RGB.

    Args:
        scale: to be shown.
        labels: of the review threshold, the fail threshold and the upper end, in the letters of
            ASCII: words of other languages stand beside the picture.
        width, height: of the picture, in pixels; drawn at twice that for sharp text.
        dark: for a dark page.
    """
    width, height = 2 * width, 2 * height
    paper, ink = ((14, 17, 23), (235, 235, 235)) if dark else ((255, 255, 255), (40, 40, 40))
    legend = np.full((height, width, 3), paper, np.uint8)
    margin, bar = width // 16, height // 3
    span = width - 2 * margin
    values = np.linspace(0, scale.top, span, dtype=np.float32)[None]
    legend[4 : 4 + bar, margin : margin + span] = scale.colours(values)
    places = (0, scale.t_low, scale.t_high, scale.top)
    drawn_to = -1
    for value, text in zip(places, ("0", *labels), strict=True):
        x = margin + round(value / scale.top * span)
        (text_width, text_height), _ = cv2.getTextSize(text, FONT, height / 170, 2)
        left = min(max(0, x - text_width // 2), width - text_width)
        # Names of near thresholds would run into each other: the next one starts a line below.
        line = 2 if left <= drawn_to else 1
        baseline = 4 + bar + line * (text_height + 14)
        cv2.line(legend, (x, 4), (x, baseline - text_height - 6), ink, 2, cv2.LINE_AA)
        cv2.putText(legend, text, (left, baseline), FONT, height / 170, ink, 2, cv2.LINE_AA)
        drawn_to = left + text_width if line == 1 else drawn_to
    return legend


def _blend(
    pixels: np.ndarray, anomaly_map: np.ndarray, scale: ColourScale, opacity: float
) -> np.ndarray:
    clear = CLEAR_BELOW_SHARE * scale.t_low
    strength = np.clip((anomaly_map - clear) / (scale.t_low - clear), 0, 1) * opacity
    strength = strength[:, :, None].astype(np.float32)
    blended = pixels * (1 - strength) + scale.colours(anomaly_map) * strength
    return np.round(blended).astype(np.uint8)


def outline(
    rendered: np.ndarray,
    contour: Sequence[tuple[int, int]],
    origin: tuple[int, int],
    zoom: float,
) -> None:
    """Draw a closed line of the whole picture's pixels on an enlarged part of it.

    Args:
        rendered: uint8 (H, W, 3) RGB; drawn on.
        contour: in pixels of the whole picture.
        origin: of the part, in the same pixels.
        zoom: of the part.
    """
    line = np.round((np.array(contour) - origin + 0.5) * zoom).astype(np.int32)
    cv2.polylines(rendered, [line], True, HALO_RGB, 3, cv2.LINE_AA)
    cv2.polylines(rendered, [line], True, LINE_RGB, 1, cv2.LINE_AA)


def _draw_box(rendered: np.ndarray, defect: Defect, zoom: float, thickness: int) -> None:
    box, margin = defect.box, 4 * thickness
    first = (round(box.x * zoom) - margin, round(box.y * zoom) - margin)
    last = (
        round((box.x + box.width) * zoom) + margin,
        round((box.y + box.height) * zoom) + margin,
    )
    cv2.rectangle(rendered, first, last, HALO_RGB, 3 * thickness, cv2.LINE_AA)
    cv2.rectangle(rendered, first, last, LINE_RGB, thickness, cv2.LINE_AA)


def _draw_name(rendered: np.ndarray, defect: Defect, zoom: float, thickness: int) -> None:
    """Draw a tag at the defect's upper left corner."""
    corner = (round(defect.box.x * zoom), round(defect.box.y * zoom))
    draw_tag(rendered, defect.id, corner, thickness)


def draw_tag(rendered: np.ndarray, text: str, corner: tuple[int, int], thickness: int = 2) -> None:
    """Draw a word on a dark ground, moved inside the picture where needed.

    Args:
        rendered: uint8 (H, W, 3) RGB; drawn on.
        text: in the letters of ASCII.
        corner: its lower left one.
        thickness: of the letters' lines, in pixels.
    """
    height, width = rendered.shape[:2]
    size = max(height, width) / 1100
    (text_width, text_height), _ = cv2.getTextSize(text, FONT, size, thickness)
    pad = round(text_height * 0.45)
    tag_width, tag_height = text_width + 2 * pad, text_height + 2 * pad
    x = min(max(0, corner[0]), width - tag_width)
    y = min(max(0, corner[1] - tag_height), height - tag_height)
    opposite = (x + tag_width, y + tag_height)
    cv2.rectangle(rendered, (x, y), opposite, HALO_RGB, cv2.FILLED)
    cv2.rectangle(rendered, (x, y), opposite, LINE_RGB, max(1, thickness // 2), cv2.LINE_AA)
    origin = (x + pad, y + pad + text_height)
    cv2.putText(rendered, text, origin, FONT, size, LINE_RGB, thickness, cv2.LINE_AA)
