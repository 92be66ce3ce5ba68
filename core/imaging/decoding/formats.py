"""Which picture formats are accepted, what they may be named, and what reads each of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from core.imaging.decoding import jpeg2000, pillow, png, tiff
from core.imaging.decoding.opened import Check, Opened

ISO_BASE_MEDIA = b"ftyp"


@dataclass(frozen=True)
class Format:
    """A picture format.

    Attributes:
        name: as records name it.
        suffixes: what its files may be called, the usual one first.
        opens: reads a file's header: its bytes, its name, and what checks the header.
    """

    name: str
    suffixes: tuple[str, ...]
    opens: Callable[[bytes, str, Check], Opened]


FORMATS = {
    kind.name: kind
    for kind in (
        Format("PNG", (".png",), png.opened),
        Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), pillow.opened_jpeg),
        Format("BMP", (".bmp",), pillow.opened),
        Format("TIFF", (".tif", ".tiff", ".btf", ".tf8"), tiff.opened),
        Format("WEBP", (".webp",), pillow.opened),
        Format("JPEG2000", (".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf"), jpeg2000.opened),
        Format("AVIF", (".avif",), pillow.opened),
        Format("HEIF", (".heic", ".heif", ".hif"), pillow.opened_heif),
    )
}
PICTURE_SUFFIXES = frozenset(suffix for kind in FORMATS.values() for suffix in kind.suffixes)
ACCEPTED = "PNG, JPEG, BMP, TIFF, WebP, JPEG 2000, AVIF and HEIC"
STARTS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
}


def format_of(data: bytes) -> Format | None:
    """Tell a file's format by its first bytes; None: none that is accepted."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return FORMATS["WEBP"]
    if data[4:8] == ISO_BASE_MEDIA:
        return _iso_base_media(data)
    return next((FORMATS[name] for start, name in STARTS.items() if data.startswith(start)), None)


def foreign(data: bytes) -> str:
    """Name what a file is that is of no accepted format."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return f"a {image.format} file"
    except Exception:  # a decoder meets bytes of any kind
        return "not a picture that can be read"


def _iso_base_media(data: bytes) -> Format | None:
    """Tell AVIF and HEIC apart by the brands that the file names."""
    end = int.from_bytes(data[:4], "big")
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(end, 256), 4))}
    if brands & {b"avif", b"avis"}:
        return FORMATS["AVIF"]
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return FORMATS["HEIF"]
    return None
