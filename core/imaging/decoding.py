"""Bytes of a picture file to a checked, upright RGB array."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from core.domain import ImageInfo
from core.domain.errors import ImageError
from core.infrastructure.settings import Settings

MIN_SIDE_PX = 16
# What each accepted format may call itself.
SUFFIXES = {
    "PNG": {".png"},
    "JPEG": {".jpg", ".jpeg", ".jpe"},
    "BMP": {".bmp"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
}
PICTURE_SUFFIXES = frozenset().union(*SUFFIXES.values())
# MPO is the JPEG of cameras that append further pictures; the first one is the picture.
FORMATS = {"MPO": "JPEG"} | {name: name for name in SUFFIXES}
DEEP_MODES = {"I;16", "I;16L", "I;16B", "I;16N"}
MAX_12_BIT_VALUE = 4095
TIFF_STARTS = (b"II*\0", b"MM\0*")
SAMPLES_TAG, EXTRA_SAMPLES_TAG = 277, 338
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


def checked_image(
    settings: Settings, data: bytes, filename: str, sha256: str | None = None
) -> CheckedImage:
    """Decode a picture and make it upright RGB of 8 bits.

    16-bit values are divided by 257, the same for every picture: stretching each one to its own
    range would make scores depend on its brightest pixel.

    Args:
        settings: largest file and largest picture accepted; both are checked before anything is
            decoded.
        data: contents of a PNG, JPEG, BMP, TIFF or WebP file with a single picture.
        filename: for messages; its suffix, if any, must agree with the contents.
        sha256: of the data, where it is known already; None: it is computed.

    Raises:
        ImageError: if the picture cannot be used; the message names the file and what to do.
    """
    name, max_bytes = _plain_name(filename), settings.max_image_bytes
    if not data:
        raise ImageError(f"{name} is empty. Send the picture again.")
    if len(data) > max_bytes:
        raise ImageError(
            f"{name} is larger than the {max_bytes / 2**20:.1f} MB that are accepted "
            "(setting MAX_IMAGE_BYTES)."
        )
    with warnings.catch_warnings():
        # Pillow warns of large pictures; the limit below decides.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            _check_channels(data, name)
            with Image.open(io.BytesIO(data)) as opened:
                image_format = _checked_format(opened, name, settings.max_image_pixels)
                pixels, bit_depth, notices = _decode(opened, data, name)
        except (UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise ImageError(
                f"{name} is not a picture that can be read. PNG, JPEG, BMP, TIFF and WebP are."
            ) from error
        except (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error) as error:
            raise ImageError(
                f"{name} is damaged or cut short and cannot be read ({error}). Send it again."
            ) from error
    height, width = pixels.shape[:2]
    if (pixels == pixels[0, 0]).all():
        raise ImageError(
            f"{name} is of one colour all over: nothing can be seen on it. Check the camera, its "
            "cap and the light, and take the picture again."
        )
    return CheckedImage(
        pixels,
        ImageInfo(
            sha256=sha256 or hashlib.sha256(data).hexdigest(),
            filename=name,
            format=image_format,
            width=width,
            height=height,
            bit_depth=bit_depth,
            size_bytes=len(data),
            notices=notices,
        ),
    )


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


def _plain_name(filename: str) -> str:
    base = PurePath(filename.replace("\\", "/")).name
    return re.sub(r"[\x00-\x1f\x7f]", "", base)[:200] or "picture"


def _check_channels(data: bytes, name: str) -> None:
    """Refuse a TIFF of other channels than a picture has: Pillow leaves out what it cannot name."""
    if not data.startswith(TIFF_STARTS):
        return
    tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
    stream = io.BytesIO(data)
    stream.seek(tags.next)
    tags.load(stream)
    samples, extra = tags.get(SAMPLES_TAG, 1), tags.get(EXTRA_SAMPLES_TAG, ())
    is_alpha = len(extra) == 1 and extra[0] in (1, 2)
    if samples - len(extra) not in (1, 3, 4) or (extra and not is_alpha):
        raise ImageError(
            f"{name} has {samples} channels that do not make a picture. Export it as grey, as "
            "colour (RGB or CMYK), or as one of these with transparency."
        )


def _checked_format(opened: Image.Image, name: str, max_pixels: int) -> str:
    """Check all that the header can tell; returns the name of the format."""
    image_format = FORMATS.get(opened.format or "")
    if image_format is None:
        raise ImageError(
            f"{name} is a {opened.format} file, but PNG, JPEG, BMP, TIFF and WebP are accepted. "
            "Convert it first."
        )
    suffix = PurePath(name).suffix.lower()
    if suffix and suffix not in SUFFIXES[image_format]:
        raise ImageError(
            f"{name} holds a {image_format} picture but is named {suffix}. Send the file that was "
            f"meant, or rename it to {min(SUFFIXES[image_format])} if this is it."
        )
    frames = getattr(opened, "n_frames", 1)
    if frames > 1 and opened.format != "MPO":
        raise ImageError(f"{name} has {frames} frames or pages. Send a single picture.")
    width, height = opened.size
    if width * height > max_pixels:
        raise ImageError(
            f"{name} has {width} x {height} pixels, but at most {max_pixels / 1e6:g} million are "
            "accepted (setting MAX_IMAGE_PIXELS)."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise ImageError(
            f"{name} has {width} x {height} pixels; at least {MIN_SIDE_PX} x {MIN_SIDE_PX} "
            "are needed."
        )
    return image_format


def _decode(
    opened: Image.Image, data: bytes, name: str
) -> tuple[np.ndarray, Literal[1, 8, 16], tuple[str, ...]]:
    """Decode pixels; returns the bits of a channel and what the reader should know too."""
    deep = _deep_pixels(opened, data)
    if deep is not None:
        shallow = np.round(deep / 257).astype(np.uint8)
        upright = ImageOps.exif_transpose(_with_exif(Image.fromarray(shallow), opened))
        pixels, notices = _rgb(upright)
        if deep.max() <= MAX_12_BIT_VALUE:
            notices += (
                f"{name} uses only the lowest 12 of its 16 bits, so it looks dark. Let the camera "
                "use the full range, for teaching and inspecting alike.",
            )
        return pixels, 16, notices
    if opened.mode in {"F", "I"}:
        raise ImageError(
            f"{name} holds 32-bit values, but 8 or 16 bits a channel are accepted. Convert it."
        )
    bit_depth = 1 if opened.mode == "1" else 8
    opened.load()
    pixels, notices = _rgb(ImageOps.exif_transpose(opened))
    return pixels, bit_depth, notices


def _deep_pixels(opened: Image.Image, data: bytes) -> np.ndarray | None:
    """Decode 16-bit values, uint16 (H, W) or (H, W, 3 or 4) RGB(A); None where there are 8.

    Pillow reads 16-bit colour as 8 bits without a word, so OpenCV reads what may be deep.
    """
    if opened.mode in DEEP_MODES:
        return np.asarray(opened).astype(np.uint16)
    if opened.format not in {"PNG", "TIFF"} or opened.mode not in {"RGB", "RGBA", "I"}:
        return None
    raw = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if raw is None or raw.dtype != np.uint16:
        return None
    if raw.ndim == 2:
        return raw
    code = cv2.COLOR_BGRA2RGBA if raw.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return cv2.cvtColor(raw, code)


def _with_exif(image: Image.Image, source: Image.Image) -> Image.Image:
    image.info["exif"] = source.getexif().tobytes()
    return image


def _rgb(image: Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
    if not image.has_transparency_data:
        return np.array(image.convert("RGB")), ()
    layered = image.convert("RGBA")
    if layered.getchannel("A").getextrema() == (255, 255):
        return np.array(layered.convert("RGB")), ()
    opaque = Image.new("RGBA", image.size, "white")
    opaque.alpha_composite(layered)
    notice = "The picture has transparent parts; they are taken as white."
    return np.array(opaque.convert("RGB")), (notice,)
