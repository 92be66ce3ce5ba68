"""PNG files, decoded by imagecodecs (libpng)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from core.domain.errors import ImageError
from core.imaging.decoding.opened import ORIENTATION_TAG, Check, Opened

MOST_PROFILE_BYTES = 2**23
GREY, PALETTE, GREY_ALPHA = 0, 3, 4
HAS_ALPHA = {4, 6}
XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=\"|>)([1-8])")


def opened(data: bytes, name: str, check: Check) -> Opened:
    """Read what the chunks of a PNG file say.

    Raises:
        ImageError: if it is an animation.
    """
    chunks: dict[bytes, bytes] = {}
    for kind, content in _chunks(data):
        chunks[kind] = chunks.get(kind, b"") + content
    width, height, bits, colour_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    check(width, height)
    if b"acTL" in chunks and (frames := int.from_bytes(chunks[b"acTL"][:4], "big")) > 1:
        raise ImageError(f"{name} has {frames} frames or pages. Send a single picture.")
    is_palette = colour_type == PALETTE
    return Opened(
        load=lambda: _decode(data, 8 if is_palette else bits),
        bits=8 if is_palette else bits,
        stated_bits=_stated_bits(chunks, bits),
        colours="grey" if colour_type in {GREY, GREY_ALPHA} else "rgb",
        alpha="straight" if colour_type in HAS_ALPHA or b"tRNS" in chunks else "none",
        orientation=_orientation(chunks),
        profile=_profile(chunks),
    )


def _decode(data: bytes, bits: int) -> np.ndarray:
    import imagecodecs

    values = imagecodecs.png_decode(data)
    # It spreads fewer bits over eight.
    return values >> (8 - bits) if bits < 8 else values


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, b"" if kind == b"IDAT" else data[at + 8 : at + 8 + length]
        at += length + 12


def _stated_bits(chunks: dict[bytes, bytes], bits: int) -> int | None:
    significant = max(chunks.get(b"sBIT", b"")[:3], default=0)
    return significant if bits == 16 and 8 <= significant < 16 else None


def _orientation(chunks: dict[bytes, bytes]) -> int:
    exif = Image.Exif()
    if b"eXIf" in chunks:
        exif.load(b"Exif\0\0" + chunks[b"eXIf"])
    found = XMP_ORIENTATION.search(chunks.get(b"iTXt", b""))
    return exif.get(ORIENTATION_TAG) or (int(found[1]) if found else 1)


def _profile(chunks: dict[bytes, bytes]) -> bytes:
    _name, _, compressed = chunks.get(b"iCCP", b"").partition(b"\0")
    try:
        return zlib.decompressobj().decompress(compressed[1:], MOST_PROFILE_BYTES)
    except zlib.error:
        return b""
