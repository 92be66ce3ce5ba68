"""TIFF files, decoded by tifffile with imagecodecs."""

from __future__ import annotations

import io
import logging
import math
import struct
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.domain.errors import ImageError
from core.domain.reading import BayerPattern
from core.imaging.decoding.opened import ORIENTATION_TAG, Check, Number, Opened

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CFA = 0, 1, 2, 3, 5, 6, 32803
PHOTOMETRIC_TAG, COLOUR_MAP_TAG, INK_SET_TAG, CFA_PATTERN_TAG = 262, 320, 332, 33422
MIN_VALUE_TAGS, MAX_VALUE_TAGS = (340, 280), (341, 281)
COLOURS: dict[int, Literal["grey", "rgb", "cmyk"]] = {
    WHITE_IS_ZERO: "grey",
    BLACK_IS_ZERO: "grey",
    CFA: "grey",
    RGB: "rgb",
    PALETTE: "rgb",
    CMYK: "cmyk",
    YCBCR: "rgb",
}
CHANNELS = {"grey": 1, "rgb": 3, "cmyk": 4}
# What the picture is made of: size, depth, colours, compression, and where its parts are.
NEEDED_TAGS = {
    *(254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 284, 317, 320, 322),
    *(323, 324, 325, 332, 338, 339, 340, 341, 347),
}
# Stored as YCbCr, these come as RGB.
JPEG_COMPRESSIONS = {6, 7, 34892, 33007}
ALPHAS: dict[int, Literal["straight", "multiplied"]] = {1: "multiplied", 2: "straight"}
NUMBERS: dict[int, Number] = {1: "unsigned", 2: "signed", 3: "float", 4: "unsigned"}
CMYK_INKS = 1
STATED_DEPTHS = {2**bits - 1: bits for bits in range(8, 16)}
BAYER: dict[tuple[int, ...], BayerPattern] = {
    (0, 1, 1, 2): "RGGB",
    (2, 1, 1, 0): "BGGR",
    (1, 0, 2, 1): "GRBG",
    (1, 2, 0, 1): "GBRG",
}
THUMBNAIL_SHARE = 0.5
THUMBNAIL_ASPECT = 0.05


def opened(data: bytes, name: str, check: Check) -> Opened:
    """Read what the tags of a TIFF file's picture say.

    Raises:
        ImageError: if it holds several pictures, or one that is not read.
    """
    import tifffile

    # What is wrong with a file is said by the error that follows.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    page, notices = _page(tifffile.TiffFile(io.BytesIO(data)), name)
    _check_tags(data, page, name)
    check(page.imagewidth, page.imagelength)
    if page.is_tiled:
        check(max(page.tilewidth, page.imagewidth), max(page.tilelength, page.imagelength))
    _check_readable(page, name)
    photometric = _photometric(page)
    is_palette, colours = photometric == PALETTE, COLOURS[photometric]
    stored = 1 if is_palette else CHANNELS[colours]
    alpha, unnamed = _further_channel(page, stored, name)
    largest = _value(page, MAX_VALUE_TAGS)
    return Opened(
        load=partial(_load, page, stored + (alpha != "none")),
        bits=8 if is_palette else page.bitspersample,
        stated_bits=_stated_bits(page.bitspersample, largest),
        number=NUMBERS.get(page.sampleformat, "unsigned"),
        span=_span(page, largest),
        colours=colours,
        alpha=alpha,
        orientation=_tag(page, ORIENTATION_TAG, 1),
        profile=page.iccprofile or b"",
        inverted=photometric == WHITE_IS_ZERO,
        is_raw=photometric == CFA,
        mosaic=BAYER.get(tuple(_tag(page, CFA_PATTERN_TAG, b""))),
        notices=(*notices, *unnamed),
    )


def _page(file: TiffFile, name: str) -> tuple[TiffPage, tuple[str, ...]]:
    """Find the one picture of a file, beside which there may be smaller views of it."""
    stack = (file.imagej_metadata or {}).get("images", 1)
    pages = list(_with_nested(file.pages))
    full = [page for page in pages if not (page.is_reduced or page.is_mask)] or pages
    largest = max(full, key=lambda page: page.imagewidth * page.imagelength)
    others = [page for page in full if page is not largest]
    if stack > 1 or not all(_is_thumbnail(page, largest) for page in others):
        raise ImageError(
            f"{name} has {max(stack, len(full))} frames or pages. Send a single picture."
        )
    notice = f"{name} also holds a smaller picture, which is taken to be a view of the same."
    return largest, (notice,) if others else ()


def _with_nested(pages: Iterable[Any]) -> Iterable[TiffPage]:
    for page in pages:
        yield page.aspage()
        yield from _with_nested(page.pages or ())


def _is_thumbnail(page: TiffPage, largest: TiffPage) -> bool:
    wide, high = page.imagewidth / largest.imagewidth, page.imagelength / largest.imagelength
    alike = abs(wide - high) <= THUMBNAIL_ASPECT * max(wide, high)
    return max(wide, high) <= THUMBNAIL_SHARE and alike


def _check_tags(data: bytes, page: TiffPage, name: str) -> None:
    """Refuse a page whose tags could not all be read: their defaults would make another picture."""
    head, entry = ("Q", 20) if page.parent.is_bigtiff else ("H", 12)
    order = page.parent.byteorder
    (count,) = struct.unpack_from(order + head, data, page.offset)
    first = page.offset + struct.calcsize(head)
    codes = [struct.unpack_from(order + "H", data, first + entry * n)[0] for n in range(count)]
    if any(code in NEEDED_TAGS and code not in page.tags for code in codes):
        raise ImageError(f"{name} is damaged or cut short and cannot be read. Send it again.")


def _check_readable(page: TiffPage, name: str) -> None:
    import tifffile

    photometric = _photometric(page)
    compression = page.compression
    if compression != 1 and compression not in tifffile.TIFF.DECOMPRESSORS:
        raise ImageError(
            f"{name} is compressed in a way that is not read ({_named(compression)}). Save it with "
            "LZW or without compression."
        )
    is_read = photometric in COLOURS and (photometric != YCBCR or compression in JPEG_COMPRESSIONS)
    if not is_read or (photometric == CMYK and _tag(page, INK_SET_TAG, CMYK_INKS) != CMYK_INKS):
        raise ImageError(
            f"{name} holds colours in a way that is not read ({_named(page.photometric)}). Export "
            "it as grey or as RGB."
        )
    if page.dtype is None or page.sampleformat not in NUMBERS or page.imagedepth != 1:
        raise ImageError(
            f"{name} holds values in a way that is not read ({page.bitspersample} bits, sample "
            f"format {page.sampleformat}, depth {page.imagedepth}). Export it with 8 or 16 bits a "
            "channel."
        )
    segments = math.prod(page.chunked)
    ends = [
        offset + length
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=False)
        if length
    ]
    if not page.is_contiguous and len(ends) != segments:
        raise ImageError(f"{name} lacks parts of its picture. Send it again.")
    if max(ends, default=0) > page.parent.filehandle.size:
        raise ImageError(f"{name} is cut short and cannot be read. Send it again.")


def _photometric(page: TiffPage) -> int:
    if PHOTOMETRIC_TAG not in page.tags:
        return RGB if page.samplesperpixel >= 3 else BLACK_IS_ZERO
    return int(page.photometric)


def _further_channel(
    page: TiffPage, colours: int, name: str
) -> tuple[Literal["none", "straight", "multiplied"], tuple[str, ...]]:
    """Tell what a channel beside the colours is; alpha, or one that the file does not name."""
    further = page.samplesperpixel - colours
    named = tuple(int(kind) for kind in page.extrasamples)
    if further == 0:
        return "none", ()
    if further == 1 and not named:
        return "none", (f"{name} has a further channel that it does not name; it is left out.",)
    if further == 1 and named[0] in ALPHAS:
        return ALPHAS[named[0]], ()
    raise ImageError(
        f"{name} has {page.samplesperpixel} channels that do not make a picture. Export it as "
        "grey, as colour (RGB or CMYK), or as one of these with transparency."
    )


def _stated_bits(bits: int, largest: float | None) -> int | None:
    if bits == 16:
        # Some programs state the brightest value of the picture here: that tells no depth.
        return None if largest is None else STATED_DEPTHS.get(int(largest))
    return bits


def _span(page: TiffPage, largest: float | None) -> tuple[float, float] | None:
    smallest = _value(page, MIN_VALUE_TAGS)
    if smallest is None or largest is None or not smallest < largest:
        return None
    return smallest, largest


def _load(page: TiffPage, channels: int) -> np.ndarray:
    values = page.asarray(squeeze=False, maxworkers=1)
    # By planes that may lie apart, depth, height, width, and channels that may lie together.
    _planes, _depth, height, width, _together = values.shape
    values = np.moveaxis(values[:, 0], 0, 2).reshape(height, width, -1)
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if _photometric(page) != PALETTE:
        return values[:, :, :channels]
    colour_map = np.array(_tag(page, COLOUR_MAP_TAG, ()), np.uint16).reshape(3, -1)
    return np.concatenate([_coloured(values, colour_map), values[:, :, 1:channels]], axis=2)


def _coloured(indexes: np.ndarray, colour_map: np.ndarray) -> np.ndarray:
    """Look up colours, which are of 16 bits but for programs that wrote 8."""
    scale = 1 if colour_map.max() <= 255 else 257
    return np.round(colour_map / scale).astype(np.uint8).T[indexes[:, :, 0]]


def _value(page: TiffPage, tags: tuple[int, ...]) -> float | None:
    for tag in tags:
        value = _tag(page, tag, None)
        if value is not None:
            return float(max(value) if isinstance(value, tuple) else value)
    return None


def _tag(page: TiffPage, tag: int, otherwise: Any) -> Any:  # noqa: ANN401
    return page.tags.valueof(tag, otherwise)


def _named(value: int) -> str:
    return getattr(value, "name", str(value))
