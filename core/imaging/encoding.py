"""Pixels to picture files, for screens, reports and models."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode uint8 (H, W, 3) RGB or (H, W, 4) RGBA pixels as a PNG file."""
    code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    return cv2.imencode(".png", cv2.cvtColor(pixels, code))[1].tobytes()


def encode_jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    """Encode uint8 RGB pixels as JPEG, for screens: smaller and made faster than a PNG."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=quality, subsampling=0)
    return target.getvalue()


def encode_gif(frames: Sequence[np.ndarray], seconds: float) -> bytes:
    """Encode uint8 RGB pictures of one size as an endless animation."""
    first, *further = (Image.fromarray(frame).quantize(256) for frame in frames)
    target = io.BytesIO()
    first.save(
        target, "GIF", save_all=True, append_images=further, duration=round(1000 * seconds), loop=0
    )
    return target.getvalue()


def thumbnail_png(pixels: np.ndarray, side: int) -> bytes:
    """Encode a PNG file whose longer side is at most `side` pixels."""
    scale = side / max(pixels.shape[:2])
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return encode_png(pixels)
