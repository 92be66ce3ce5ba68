"""Numbers as people type them: with a decimal point or a decimal comma.

A mark that could be read as another's thousands is never guessed at: 1,234 is one and a quarter
nearly to some and more than a thousand to others.
"""

from __future__ import annotations

import math
import re
import unicodedata

from core.domain.errors import AmbiguousNumberError, NumberError


def decimal_number(text: str, mark: str = ".") -> float:
    """Read a number as it was typed.

    Args:
        text: with a decimal point or comma, thousands set apart by the other one, or neither.
        mark: of decimals in the reader's language, "." or ",".

    Example:
        >>> decimal_number("12,5"), decimal_number("1.234,5", mark=",")
        (12.5, 1234.5)

    Raises:
        AmbiguousNumberError: if it is one number with a decimal mark and another with thousands.
        NumberError: if it is none.
    """
    plain = _in_ascii(text)
    other = "," if mark == "." else "."
    if re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}[{other}]\d{{3}}", plain):
        raise AmbiguousNumberError(
            f"{plain} can be read as {plain.replace(other, mark)} or as "
            f"{plain.replace(other, '')}. Type it in one of these forms."
        )
    if _has_thousands(plain, ","):
        plain = plain.replace(",", "")
    elif _has_thousands(plain, "."):
        plain = plain.replace(".", "")
    plain = plain.replace(",", ".")
    # Python's own words and underscores are no numbers to people.
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", plain, re.IGNORECASE):
        raise NumberError(f"{text.strip()!r} is not a number. Type digits, such as 12.5 or 12,5.")
    value = float(plain)
    if not math.isfinite(value):
        raise NumberError(f"{text.strip()!r} is too large. Type a smaller number.")
    return value


def _has_thousands(plain: str, mark: str) -> bool:
    """Tell whether the mark can only set thousands apart: it repeats, or a decimal mark follows."""
    decimal = re.escape("." if mark == "," else ",")
    groups = rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})"
    return bool(re.fullmatch(rf"{groups}+{decimal}\d*|{groups}{{2,}}", plain))


def _in_ascii(text: str) -> str:
    """Bring digits and signs of any script or width to those of ASCII."""
    # Full width, as East Asian keyboards type; and the minus of typesetters.
    narrow = unicodedata.normalize("NFKC", text).strip().replace("\N{MINUS SIGN}", "-")
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in narrow
    )
