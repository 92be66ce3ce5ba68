"""The same picture, re-encoded or resized, against real neighbours that are very alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.imaging.near_duplicates_16 import are_twins, small_copy


def copies_of(pixels: np.ndarray) -> list[np.ndarray]:
    """The picture as JPEG of several qualities, and at other sizes."""
    height, width = pixels.shape[:2]
    half = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    larger = cv2.resize(pixels, (width * 3 // 2, height * 3 // 2), interpolation=cv2.INTER_CUBIC)
    encoded = [(pixels, 95), (pixels, 50), (pixels, 30), (half, 75), (larger, 90)]
    return [as_jpeg(picture, quality) for picture, quality in encoded]


def as_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


@pytest.mark.parametrize("name", ["bottle", "cookie", "transistor", "magnetic_tile"])
def test_copies_are_twins_and_neighbours_are_not(
    name: str, real_data: Callable[[str], Path]
) -> None:
    paths = sorted((real_data(name) / "train" / "good").iterdir())
    pictures = [np.array(Image.open(path).convert("RGB")) for path in paths]
    small = np.stack([small_copy(pixels) for pixels in pictures])

    for position in range(0, len(pictures), 12):
        assert np.flatnonzero(are_twins(small, small[position])).tolist() == [position]
        for copy in copies_of(pictures[position]):
            assert are_twins(small, small_copy(copy))[position], (name, paths[position].name)


def test_a_strip_of_one_pixel_has_a_copy_too() -> None:
    strip = np.random.default_rng(0).integers(0, 255, (400, 1, 3), np.uint8)

    assert np.isfinite(small_copy(strip)).all()
    assert small_copy(strip).shape == (256,)
