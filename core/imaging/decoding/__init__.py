"""Bytes of a picture file to a checked, upright RGB array.

`formats` says which decoder reads which format; there is no other place where pictures from outside
are decoded.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from PIL import UnidentifiedImageError

from core.domain import ImageInfo
from core.domain.errors import ImageError
from core.domain.reading import FULL_DEPTH, Reading
from core.imaging.decoding.colour import to_rgb, upright
from core.imaging.decoding.depth import brightest, to_8_bits
from core.imaging.decoding.formats import ACCEPTED, PICTURE_SUFFIXES, foreign, format_of
from core.imaging.decoding.opened import Opened
from core.infrastructure.settings import Settings

__all__ = ["PICTURE_SUFFIXES", "CheckedImage", "Survey", "checked_image", "marked", "survey"]

MIN_SIDE_PX = 16
# Lossy formats and scaling leave traces of colour in a grey picture.
MAX_GREY_CHANNEL_DIFFERENCE = 4


@dataclass(frozen=True)
class CheckedImage:
    """An accepted picture.

    Attributes:
        pixels: uint8 (H, W, 3), RGB, upright.
        info: facts about the file it came from.
    """

    pixels: np.ndarray
    info: ImageInfo

    @property
    def in_colour(self) -> bool:
        """Whether the channels differ anywhere."""
        return bool((np.ptp(self.pixels, axis=2) > MAX_GREY_CHANNEL_DIFFERENCE).any())


@dataclass(frozen=True)
class Survey:
    """What must be known of all pictures of a product before one of them is read.

    Attributes:
        peak: brightest value, where the file leaves its depth open; else None.
        span: what is black and white, where the file states it and it matters; else None.
    """

    peak: int | None
    span: tuple[float, float] | None


def checked_image(
    settings: Settings,
    data: bytes,
    filename: str,
    sha256: str | None = None,
    reading: Reading = FULL_DEPTH,
) -> CheckedImage:
    """Decode a picture and make it upright RGB of 8 bits, in sRGB.

    Values are scaled alike in every picture of a product: stretching each one to its own range
    would make scores depend on its brightest pixel.

    Args:
        settings: largest file and largest picture accepted; both are checked before anything is
            decoded.
        data: contents of a file of an accepted format, with a single picture.
        filename: for messages; a suffix of an accepted format must agree with the contents.
        sha256: of the data, where it is known already; None: it is computed.
        reading: of the product's pictures, where their files leave it open.

    Raises:
        ImageError: if the picture cannot be used; the message names the file and what to do.
    """
    name = _plain_name(filename)
    kind, opened = _opened(settings, data, name)
    values = _loaded(opened, name)
    channels, bit_depth, notices = to_8_bits(values, opened, reading, name)
    rgb, more = to_rgb(channels, opened, reading.bayer, name)
    pixels = upright(rgb, opened.orientation)
    if (pixels[0] == pixels[0, 0]).all() and (pixels == pixels[0, 0]).all():
        raise ImageError(
            f"{name} is of one colour all over: nothing can be seen on it. Check the camera, its "
            "cap and the light, and take the picture again."
        )
    height, width = pixels.shape[:2]
    return CheckedImage(
        pixels,
        ImageInfo(
            sha256=sha256 or hashlib.sha256(data).hexdigest(),
            filename=name,
            format=kind,
            width=width,
            height=height,
            bit_depth=bit_depth,
            size_bytes=len(data),
            notices=(*opened.notices, *notices, *more),
            reading=reading,
        ),
    )


def survey(settings: Settings, data: bytes, filename: str) -> Survey:
    """Find out what a file leaves open or states of its values; most need not be decoded for it.

    Raises:
        ImageError: as for `checked_image`.
    """
    name = _plain_name(filename)
    _kind, opened = _opened(settings, data, name)
    peak = brightest(_loaded(opened, name), opened) if opened.leaves_depth_open else None
    return Survey(peak, opened.span if opened.needs_span else None)


def marked(settings: Settings, data: bytes, filename: str) -> np.ndarray:
    """Read a mask: bool (H, W), upright; true where any channel is above 0, at any depth.

    What is transparent is not marked.

    Raises:
        ImageError: if the file cannot be read.
    """
    name = _plain_name(filename)
    _kind, opened = _opened(settings, data, name)
    values = _loaded(opened, name)
    values = values.reshape(*values.shape[:2], -1)
    is_seen = np.True_
    if opened.alpha != "none":
        values, is_seen = values[:, :, :-1], values[:, :, -1] > 0
    if opened.inverted:
        values = values.max() - values
    return upright((values.max(axis=2) > 0) & is_seen, opened.orientation)


def _opened(settings: Settings, data: bytes, name: str) -> tuple[str, Opened]:
    """Check all that the header can tell; returns the format too."""
    if not data:
        raise ImageError(f"{name} is empty. Send the picture again.")
    if len(data) > settings.max_image_bytes:
        raise ImageError(
            f"{name} is larger than the {settings.max_image_bytes / 2**20:.1f} MB that are "
            "accepted (setting MAX_IMAGE_BYTES)."
        )
    kind = format_of(data)
    if kind is None:
        raise ImageError(
            f"{name} is {foreign(data)}, but {ACCEPTED} are accepted. Convert it first."
        )
    suffix = PurePath(name).suffix.lower()
    # A name that no format uses, such as .jpg_medium, claims nothing.
    if suffix in PICTURE_SUFFIXES and suffix not in kind.suffixes:
        raise ImageError(
            f"{name} holds a {kind.name} picture but is named {suffix}. Send the file that was "
            f"meant, or rename it to {kind.suffixes[0]} if this is it."
        )

    def check(width: int, height: int) -> None:
        if width * height > settings.max_image_pixels:
            raise ImageError(
                f"{name} has {width} x {height} pixels, but at most "
                f"{settings.max_image_pixels / 1e6:g} million are accepted (setting "
                "MAX_IMAGE_PIXELS)."
            )
        if min(width, height) < MIN_SIDE_PX:
            raise ImageError(
                f"{name} has {width} x {height} pixels; at least {MIN_SIDE_PX} x {MIN_SIDE_PX} "
                "are needed."
            )

    try:
        return kind.name, kind.opens(data, name, check)
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        raise _damaged(name, error) from error


def _loaded(opened: Opened, name: str) -> np.ndarray:
    try:
        return opened.load()
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> ImageError:
    """Say that a decoder failed: damaged bytes can make it raise anything."""
    why = "its header makes no sense" if isinstance(error, UnidentifiedImageError) else error
    return ImageError(f"{name} is damaged or cut short and cannot be read ({why}). Send it again.")


def _plain_name(filename: str) -> str:
    base = PurePath(filename.replace("\\", "/")).name
    return re.sub(r"[\x00-\x1f\x7f]", "", base)[:200] or "picture"
