"""JPEG, BMP, WebP, AVIF and HEIC files, decoded by Pillow; HEIC with libheif as its plug-in."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from PIL import Image

from core.domain.errors import ImageError
from core.imaging.decoding.opened import ORIENTATION_TAG, Check, Opened

# The one limit is MAX_IMAGE_PIXELS of the settings, and it is checked before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# Start-of-frame markers, but for those of arithmetic tables, extensions and lossless frames.
FRAME_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
LOSSLESS_MARKERS = {0xC3, 0xC7, 0xCB, 0xCF}
ARITHMETIC_MARKERS = {*range(0xC9, 0xD0)} - {0xCC}
MODES: dict[str, Literal["grey", "rgb", "cmyk"]] = {
    "L": "grey",
    "LA": "grey",
    "RGB": "rgb",
    "RGBA": "rgb",
    "CMYK": "cmyk",
}


def opened(data: bytes, name: str, check: Check) -> Opened:
    """Read the header of a file of 8 bits a channel, or one that is decoded to that.

    Raises:
        ImageError: if it is an animation.
    """
    image = Image.open(io.BytesIO(data))
    check(*image.size)
    frames = getattr(image, "n_frames", 1)
    # MPO is the JPEG of cameras that append further pictures; the first one is the picture.
    if frames > 1 and image.format != "MPO":
        raise ImageError(f"{name} has {frames} frames or pages. Send a single picture.")
    mode, bits = _mode(image), 1 if image.mode == "1" else 8
    return Opened(
        load=lambda: np.asarray(image if bits == 1 else image.convert(mode)).astype(np.uint8),
        bits=bits,
        colours=MODES[mode],
        alpha="straight" if mode in {"LA", "RGBA"} else "none",
        orientation=image.getexif().get(ORIENTATION_TAG, 1),
        profile=image.info.get("icc_profile") or b"",
    )


def opened_jpeg(data: bytes, name: str, check: Check) -> Opened:
    """Read the header of a JPEG file.

    Raises:
        ImageError: if it is of a kind that is not read.
    """
    marker, bits = _frame(data)
    if bits != 8 or marker in LOSSLESS_MARKERS or marker in ARITHMETIC_MARKERS:
        kind = "lossless" if marker in LOSSLESS_MARKERS else "arithmetically coded"
        raise ImageError(
            f"{name} is a JPEG file of a kind that is not read "
            f"({f'{bits} bits a channel' if bits != 8 else kind}). Save it as PNG or TIFF."
        )
    return opened(data, name, check)


def opened_heif(data: bytes, name: str, check: Check) -> Opened:
    """Read the header of a HEIC file; deeper values are decoded to 8 bits."""
    import pi_heif

    pi_heif.register_heif_opener()
    return opened(data, name, check)


def _mode(image: Image.Image) -> str:
    if image.mode in MODES and "transparency" not in image.info:
        return image.mode
    if image.mode in {"1", "L"}:
        return "L"
    return "RGBA" if image.has_transparency_data else "RGB"


def _frame(data: bytes) -> tuple[int, int]:
    """Find the marker of a JPEG's frame, and the bits of its channels; (0, 8): there is none."""
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return 0, 8
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in FRAME_MARKERS:
            return marker, data[at + 4]
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 8
