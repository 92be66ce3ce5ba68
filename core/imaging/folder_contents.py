"""What of a folder is data, and which of it may be a picture: told by content, not by name alone.

Files that programs put beside pictures (names that begin with a dot, thumbnails of a file manager)
are no data and are passed over. Everything else is named: taken as a picture, or left out with the
reason. A text beside the pictures is no part that was missed; a folder of pictures may be.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from core.domain.errors import ImageError, NoPictureError
from core.imaging.decoding import PICTURE_SUFFIXES

# Made by Windows, macOS and network storage for themselves.
SYSTEM_NAMES = {
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "@eadir",
    "$recycle.bin",
    "system volume information",
    "lost+found",
}
READ_TO_TELL_BYTES = 4096
TEXT_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Undecodable bytes, control characters and marks of writing direction.
UNREADABLE = re.compile(
    "[\ud800-\udfff\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"
)


def is_data(name: str) -> bool:
    """Tell whether a name, or a path of an upload, is of data rather than of a program's own file.

    Example:
        >>> is_data("part.jpg"), is_data("shop/._part.jpg"), is_data("Thumbs.db")
        (True, False, False)
    """
    parts = PurePath(name.replace("\\", "/")).parts
    return not any(part.startswith(".") or part.lower() in SYSTEM_NAMES for part in parts)


def data_in(folder: Path) -> list[Path]:
    """List what is data directly inside a folder, by name.

    Raises:
        ImageError: if the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if is_data(path.name))
    except OSError as error:
        raise ImageError(f"{readable(str(folder))} cannot be read: {error.strerror}.") from error


def readable(name: str) -> str:
    r"""Write what no person can read in a name as in a URL: a file's name may hold any bytes.

    Example:
        >>> readable("\udcb0\udca1\n.jpg")
        '%B0%A1%0A.jpg'
    """
    return UNREADABLE.sub(_in_percent, name)


def read_picture(path: Path) -> bytes:
    """Read the file of a path that was named as a picture.

    Raises:
        ImageError: if it cannot be read.
    """
    name = readable(path.name)
    if path.is_dir():
        raise ImageError(
            f"{name} is a folder, and only files directly inside the folder that was named are "
            "taken. Name it as well."
        )
    if path.exists() and not path.is_file():
        raise ImageError(f"{name} is no ordinary file and holds no picture.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{readable(str(path))} cannot be read: {error.strerror}.") from error


def read_if_picture(path: Path) -> bytes:
    """Read a file or folder that lies in a folder of pictures.

    Raises:
        NoPictureError: if it is a text, or a folder without anything else.
        ImageError: if it may be a picture, or hold some, and cannot be read.
    """
    name = readable(path.name)
    if path.is_dir() and not _holds_more_than_texts(path):
        raise NoPictureError(f"{name} is a folder without pictures.")
    if is_text(path):
        raise NoPictureError(f"{name} holds text, not a picture.")
    return read_picture(path)


def is_text(path: Path) -> bool:
    """Tell whether a file is plainly a text and does not call itself a picture; empty ones not."""
    if path.suffix.lower() in PICTURE_SUFFIXES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(READ_TO_TELL_BYTES)
    except OSError:
        return False
    if not start:
        return False
    return start.startswith(TEXT_MARKS) or (b"\0" not in start and _is_utf8(start))


def _holds_more_than_texts(folder: Path) -> bool:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if is_data(name)]
        if any(not is_text(Path(root, name)) for name in _data(files)):
            return True
    return False


def _data(names: Iterable[str]) -> list[str]:
    return [name for name in names if is_data(name)]


def _is_utf8(start: bytes) -> bool:
    try:
        # The last character may be cut: not final.
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _in_percent(found: re.Match[str]) -> str:
    escaped = "\udc80" <= found[0] <= "\udcff"
    data = found[0].encode("utf-8", "surrogateescape" if escaped else "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)
