"""Find the place of each defect on the nearest normal part."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from core.domain import Box, Comparison, Defect, Exemplar
from core.imaging.registration import register

# Context around the defect's box, as a share of its longer side. Small defects get more of it.
MARGIN_SHARE = 0.5
SMALLEST_CROP_SHARE = 0.18
LARGEST_SIDE_PX = 2048
OUTSIDE_GREY = 128


def compare(
    inspected: np.ndarray, normal: np.ndarray, exemplar: Exemplar, defects: Sequence[Defect]
) -> tuple[Comparison, ...]:
    """Find each defect's place on a normal part by registering the two pictures once.

    Args:
        inspected: uint8 (H, W, 3), RGB.
        normal: uint8 (h, w, 3), RGB: the exemplar's picture.
        exemplar: the normal part that `normal` shows.
        defects: found in the inspected picture.
    """
    whole = align(inspected, normal, exemplar)
    height, width = inspected.shape[:2]
    return tuple(
        whole.model_copy(
            update={"defect_id": defect.id, "crop": crop_around(defect.box, width, height)}
        )
        for defect in defects
    )


def align(inspected: np.ndarray, normal: np.ndarray, exemplar: Exemplar) -> Comparison:
    """Register a whole picture with a normal part; the comparison belongs to no defect.

    Args:
        inspected: uint8 (H, W, 3), RGB.
        normal: uint8 (h, w, 3), RGB: the exemplar's picture.
        exemplar: the normal part that `normal` shows.
    """
    registration = register(inspected, normal)
    a, b, c, d, e, f = (float(value) for value in registration.transform.ravel())
    return Comparison(
        defect_id="",
        exemplar_sha256=exemplar.sha256,
        filename=exemplar.filename,
        crop=Box(x=0, y=0, width=inspected.shape[1], height=inspected.shape[0]),
        transform=(a, b, c, d, e, f),
        error=min(2.0, max(0.0, 1 - registration.correlation)),
        is_aligned=registration.is_aligned,
    )


def crop_around(box: Box, width: int, height: int) -> Box:
    """Place a square around a box and shift it to lie inside a picture of width x height px."""
    longest = max(box.width, box.height)
    side = round(max(longest * (1 + 2 * MARGIN_SHARE), SMALLEST_CROP_SHARE * max(width, height)))
    crop_width, crop_height = min(side, width), min(side, height)
    x = round(box.x + box.width / 2 - crop_width / 2)
    y = round(box.y + box.height / 2 - crop_height / 2)
    return Box(
        x=min(max(0, x), width - crop_width),
        y=min(max(0, y), height - crop_height),
        width=crop_width,
        height=crop_height,
    )


def same_place(normal: np.ndarray, comparison: Comparison) -> np.ndarray:
    """Cut out what a normal part shows at a comparison's place.

    Args:
        normal: uint8 (h, w, 3), RGB: the exemplar's picture.
        comparison: gives the crop and the transform.

    Returns:
        uint8 (H, W, 3), RGB, of the crop's size, scaled down to 2048 px where the crop is larger;
        grey outside the normal picture.
    """
    crop = comparison.crop
    zoom = max(1.0, max(crop.width, crop.height) / LARGEST_SIDE_PX)
    width, height = max(1, round(crop.width / zoom)), max(1, round(crop.height / zoom))
    to_picture = np.array([[zoom, 0, crop.x], [0, zoom, crop.y], [0, 0, 1]])
    to_normal = np.array(comparison.transform).reshape(2, 3) @ to_picture
    corners = to_normal @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    # Warp only the visible part: OpenCV cannot warp pictures larger than 32767 px.
    left, top = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 1, 0)
    right, bottom = np.maximum(np.ceil(corners.max(axis=1)).astype(int) + 2, 0)
    part = normal[top:bottom, left:right]
    if part.size == 0:
        return np.full((height, width, 3), OUTSIDE_GREY, np.uint8)
    to_normal[:, 2] -= (left, top)
    return cv2.warpAffine(
        part,
        to_normal,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(OUTSIDE_GREY,) * 3,
    )
