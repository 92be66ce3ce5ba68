"""One form for texts that say which one is meant: lot, serial, station, a person's name.

They come from keyboards, scanners, tables and folders, and the same identifier must be one text
whichever way it came. What a person would read as the same is brought to one form: composed
characters (NFC), plain spaces, nothing around it. What cannot be seen is refused, because two
identifiers that look alike would be two parts. Leading zeros and capitals stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from core.domain.errors import RequestError

MOST_CHARACTERS = 200
# Programs put these around a text unseen: a byte order mark, spaces of no width.
UNSEEN_EDGES = "\ufeff\u200b\u2060"
# They join letters in Persian and Indic names, and people in emoji.
JOINERS = "\u200c\u200d"
REFUSED_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "a character that cannot be seen",
    "Cs": "a byte that is no text",
    "Zl": "a line break",
    "Zp": "a line break",
}


def composed(text: str) -> str:
    r"""Bring a text to the form in which identifiers are on record, whatever it holds.

    Example:
        >>> composed(" Mu\u0308nchen\u00a07\r\n")
        'München 7'
    """
    plain = re.sub(r"[^\S\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", unicodedata.normalize("NFC", text))
    previous = None
    while previous != plain:
        previous, plain = plain, plain.strip().strip(UNSEEN_EDGES)
    return plain


def identifier(text: str, what: str = "identifier") -> str:
    r"""Bring an identifier to its one form; empty stays empty.

    Args:
        text: as it was typed, scanned or read.
        what: it is, for the message.

    Example:
        >>> identifier("\u00a0007\r")
        '007'

    Raises:
        RequestError: if it holds what cannot be seen, or is too long.
    """
    plain = composed(text)
    for position, character in enumerate(plain, start=1):
        refused = REFUSED_CATEGORIES.get(unicodedata.category(character))
        if refused and character not in JOINERS:
            raise RequestError(
                f"The {what} {_visible(plain)} holds {refused} (U+{ord(character):04X}, place "
                f"{position}). Type it again, or set the scanner to send the printed characters "
                "only."
            )
    if len(plain) > MOST_CHARACTERS:
        raise RequestError(
            f"The {what} {plain[:40]}... has {len(plain)} characters, but at most "
            f"{MOST_CHARACTERS} are kept. Shorten it."
        )
    return plain


def _checked(text: str, info: ValidationInfo) -> str:
    return identifier(text, (info.field_name or "identifier").replace("_", " "))


Identifier = Annotated[str, AfterValidator(_checked)]


def _visible(text: str) -> str:
    shown = "".join(
        f"\\u{ord(character):04x}"
        if unicodedata.category(character) in REFUSED_CATEGORIES
        else character
        for character in text[:40]
    )
    return f"'{shown}'"
