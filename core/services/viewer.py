"""Render the views of an inspection's picture: looks, places and zoom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np

from core.domain import Box, Comparison, Defect, Inspection
from core.domain.errors import RecordsError
from core.imaging.encoding import encode_gif, encode_jpeg
from core.imaging.overlay import draw_tag, outline, render_heatmap, render_mask, render_overlay
from core.retrieval.normals.comparisons import align, crop_around, same_place
from core.services.decoded_pictures import DecodedPictures
from core.services.inspection_images import colour_scale
from core.services.station import Station

# Screens show no more, so browsers should not load more.
MAX_SIDE_PX = 1400
BLINK_SIDE_PX = 900
# Two pictures alternate about once a second: slow enough to be calm.
BLINK_S = 0.9
MAX_ZOOM = 16.0
GAP = 6
REGION_CENTRES = {
    f"{row} {column}".strip() or "centre": (x, y)
    for row, y in (("top", 1 / 6), ("", 1 / 2), ("bottom", 5 / 6))
    for column, x in (("left", 1 / 6), ("", 1 / 2), ("right", 5 / 6))
}


class Look(StrEnum):
    """How the picture is shown."""

    OVERLAY = "overlay"
    ORIGINAL = "original"
    HEATMAP = "heatmap"
    MASK = "mask"
    SPLIT = "split"
    BLINK = "blink"


@dataclass(frozen=True)
class View:
    """One view of an inspected picture.

    Attributes:
        look: how the picture is shown.
        place: id of a defect or name of a region to zoom to; empty: the whole picture.
        zoom: magnification relative to the whole picture, 1..16.
        opacity: of the heatmap, 0..1.
        contour: draw the line where the map crosses the review threshold.
        numbers: draw each defect's name beside it.
    """

    look: Look = Look.OVERLAY
    place: str = ""
    zoom: float = 1
    opacity: float = 0.6
    contour: bool = True
    numbers: bool = True


@dataclass(frozen=True)
class _Seen:
    """The part of an inspection that a view shows, scaled to the screen."""

    pixels: np.ndarray
    anomaly_map: np.ndarray
    defects: tuple[Defect, ...]


def fitting_zoom(inspection: Inspection, place: str) -> float:
    """Choose the zoom at which a place fills the viewer well.

    Args:
        inspection: the inspection with the defects.
        place: id of a defect, name of a region, or empty.
    """
    if place in REGION_CENTRES:
        return 3.0
    box = _box_of(inspection, place)
    if box is None:
        return 1.0
    width, height = inspection.image.width, inspection.image.height
    side = crop_around(box, width, height).width
    return round(min(MAX_ZOOM, max(1.0, max(width, height) / side)), 1)


def window_of(inspection: Inspection, view: View) -> Box:
    """Compute the part of the picture that a view shows, in picture pixels."""
    width, height = inspection.image.width, inspection.image.height
    zoom = min(MAX_ZOOM, max(1.0, view.zoom))
    seen_width, seen_height = max(8, round(width / zoom)), max(8, round(height / zoom))
    seen_width, seen_height = min(width, seen_width), min(height, seen_height)
    box = _box_of(inspection, view.place)
    if box is None:
        share_x, share_y = REGION_CENTRES.get(view.place, (0.5, 0.5))
        x, y = share_x * width, share_y * height
    else:
        x, y = box.x + box.width / 2, box.y + box.height / 2
    return Box(
        x=min(max(0, round(x - seen_width / 2)), width - seen_width),
        y=min(max(0, round(y - seen_height / 2)), height - seen_height),
        width=seen_width,
        height=seen_height,
    )


def view_picture(station: Station, inspection: Inspection, view: View) -> bytes:
    """Render a view as a JPEG, or as a looping GIF if it blinks.

    Raises:
        RecordsError: if a stored file is missing or altered, or the view blinks but no normal part
            is known.
    """
    window = window_of(inspection, view)
    decoded = DecodedPictures(station)
    if view.look is Look.BLINK:
        return _blinking(station, inspection, view, decoded, window)
    anomaly_map = station.files.read_map(inspection.map_sha256)
    seen = _seen(decoded.of(inspection), anomaly_map, inspection.defects, window)
    if view.look is Look.SPLIT:
        original = _render(inspection, replace(view, look=Look.ORIGINAL), seen)
        overlay = _render(inspection, replace(view, look=Look.OVERLAY), seen)
        gap = np.full((overlay.shape[0], GAP, 3), 128, np.uint8)
        return encode_jpeg(np.hstack([original, gap, overlay]))
    return encode_jpeg(_render(inspection, view, seen))


def nearest_normal(
    station: Station, inspection: Inspection, decoded: DecodedPictures | None = None
) -> Comparison:
    """Register the whole picture with the normal part that it blinks with.

    Raises:
        RecordsError: if no normal part is known, or its picture is missing or altered.
    """
    if inspection.comparisons:
        whole = Box(x=0, y=0, width=inspection.image.width, height=inspection.image.height)
        return inspection.comparisons[0].model_copy(update={"defect_id": "", "crop": whole})
    if not inspection.exemplars:
        raise RecordsError(
            f"No normal part was looked up for {inspection.image.filename}, so there is nothing to "
            "compare it with. Inspect it again with similar normals switched on."
        )
    exemplar = inspection.exemplars[0]
    decoded = decoded or DecodedPictures(station)
    normal = decoded.pixels(exemplar.sha256, exemplar.filename, inspection.image.reading)
    return align(decoded.of(inspection), normal, exemplar)


def _blinking(
    station: Station, inspection: Inspection, view: View, decoded: DecodedPictures, window: Box
) -> bytes:
    """Render this part and the normal one alternating in place, tagged 1 and 2."""
    nearest = nearest_normal(station, inspection, decoded)
    compared = nearest.model_copy(update={"crop": window})
    normal = decoded.pixels(compared.exemplar_sha256, compared.filename, inspection.image.reading)
    zoom = BLINK_SIDE_PX / max(window.width, window.height)
    size = (max(1, round(window.width * zoom)), max(1, round(window.height * zoom)))
    pair = _cut(decoded.of(inspection), window), same_place(normal, compared)
    frames = [_resized(pixels, size).copy() for pixels in pair]
    marked = [defect for defect in inspection.defects if view.contour or defect.id == view.place]
    for defect in marked:
        outline(frames[0], defect.contour, (window.x, window.y), zoom)
    for number, frame in enumerate(frames, start=1):
        draw_tag(frame, str(number), (0, 0))
    return encode_gif(frames, BLINK_S)


def _render(inspection: Inspection, view: View, seen: _Seen) -> np.ndarray:
    scale = colour_scale(inspection)
    if view.look is Look.HEATMAP:
        ground = render_heatmap(seen.anomaly_map, scale)
    elif view.look is Look.MASK:
        ground = render_mask(seen.anomaly_map, scale)
    else:
        ground = seen.pixels
    is_plain = view.look is Look.ORIGINAL
    chosen = [defect.id for defect in inspection.defects if defect.id == view.place]
    return render_overlay(
        ground,
        seen.anomaly_map,
        scale,
        seen.defects,
        opacity=view.opacity if view.look is Look.OVERLAY else 0,
        show_contour=view.contour and view.look in (Look.OVERLAY, Look.HEATMAP),
        show_numbers=view.numbers and not is_plain,
        chosen=None if is_plain or not chosen else chosen[0],
    )


def _seen(
    part: np.ndarray, anomaly_map: np.ndarray, defects: tuple[Defect, ...], window: Box
) -> _Seen:
    zoom = min(1.0, MAX_SIDE_PX / max(window.width, window.height))
    size = (max(1, round(window.width * zoom)), max(1, round(window.height * zoom)))
    return _Seen(
        pixels=_resized(_cut(part, window), size),
        anomaly_map=_resized(_cut(anomaly_map, window), size),
        defects=tuple(
            _moved(defect, window, zoom) for defect in defects if _overlap(defect.box, window)
        ),
    )


def _cut(pixels: np.ndarray, window: Box) -> np.ndarray:
    return pixels[window.y : window.y + window.height, window.x : window.x + window.width]


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if size == (pixels.shape[1], pixels.shape[0]):
        return np.ascontiguousarray(pixels)
    shrinks = size[0] < pixels.shape[1]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _moved(defect: Defect, window: Box, zoom: float) -> Defect:
    """Move a defect into the window's coordinates; only the drawn fields change."""
    box = Box(
        x=round((defect.box.x - window.x) * zoom),
        y=round((defect.box.y - window.y) * zoom),
        width=max(1, round(defect.box.width * zoom)),
        height=max(1, round(defect.box.height * zoom)),
    )
    contour = tuple(
        (round((x - window.x) * zoom), round((y - window.y) * zoom)) for x, y in defect.contour
    )
    return defect.model_copy(update={"box": box, "contour": contour})


def _overlap(box: Box, window: Box) -> bool:
    across = box.x < window.x + window.width and window.x < box.x + box.width
    return across and box.y < window.y + window.height and window.y < box.y + box.height


def _box_of(inspection: Inspection, place: str) -> Box | None:
    return next((defect.box for defect in inspection.defects if defect.id == place), None)
