"""JPEG 2000 files, decoded by imagecodecs (OpenJPEG)."""

from __future__ import annotations

import struct

import numpy as np

from core.domain.errors import ImageError
from core.imaging.decoding.opened import Check, Opened

CODESTREAM = b"\xff\x4f\xff\x51"
# Two bytes each of length and capabilities, eight sizes of four, then the number of components.
SIZES = struct.Struct(">2x2x8I H")
CMYK = 12


def opened(data: bytes, name: str, check: Check) -> Opened:
    """Read the header of a JPEG 2000 file.

    Raises:
        ImageError: if its channels are none that are read.
    """
    start = data.index(CODESTREAM)
    right, bottom, left, top, *_tiles, channels = SIZES.unpack_from(data, start + 4)
    check(right - left, bottom - top)
    after = start + 4 + SIZES.size
    components = [data[after + 3 * n : after + 3 * n + 3] for n in range(channels)]
    depths = {component[0] for component in components}
    colour_space, profile = _colour(data[:start])
    if channels not in (1, 2, 3, 4) or len(depths) > 1 or colour_space == CMYK:
        raise ImageError(
            f"{name} has {channels} channels that do not make a picture. Export it as grey or as "
            "RGB, all channels of the same depth."
        )
    (depth,) = depths
    bits = (depth & 0x7F) + 1
    return Opened(
        load=lambda: _decode(data),
        bits=bits,
        stated_bits=bits,
        number="signed" if depth & 0x80 else "unsigned",
        colours="grey" if channels < 3 else "rgb",
        alpha="none" if channels in (1, 3) else "straight",
        profile=profile,
    )


def _decode(data: bytes) -> np.ndarray:
    import imagecodecs

    return imagecodecs.jpeg2k_decode(data)


def _colour(header: bytes) -> tuple[int, bytes]:
    """Read the box that names the colour space, or holds its profile."""
    at = header.find(b"colr")
    if at < 0:
        return 0, b""
    length = int.from_bytes(header[at - 4 : at], "big")
    content = header[at + 4 : at - 4 + length]
    if content[:1] == b"\1":
        return int.from_bytes(content[3:7], "big"), b""
    return 0, content[3:]
