"""NAME=VALUE pairs, as people type the options of a detector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.domain.decimals import decimal_number
from core.domain.errors import AmbiguousNumberError, DetectorError, NumberError


def named_values(pairs: Sequence[str], option: str) -> dict[str, Any]:
    """Parse the NAME=VALUE pairs of an option; a value that is not JSON is taken as text,
    except a number with a decimal comma.

    Args:
        pairs: such as `tile_px=1024`.
        option: what gives them, for the error.

    Example:
        >>> named_values(["tile_px=1024", "backbone=resnet18"], "--option")
        {'tile_px': 1024, 'backbone': 'resnet18'}

    Raises:
        DetectorError: if a pair has no equals sign.
        AmbiguousNumberError: if a value such as 1,234 can be read as two numbers.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise DetectorError(f"{option} must be NAME=VALUE, not {pair!r}.")
        try:
            values[name] = json.loads(value)
        except json.JSONDecodeError:
            values[name] = _number_or_text(value)
    return values


def _number_or_text(value: str) -> float | str:
    """Take 12,5 as the number that it is, and all else as text."""
    try:
        return decimal_number(value)
    except AmbiguousNumberError:
        raise
    except NumberError:
        return value
