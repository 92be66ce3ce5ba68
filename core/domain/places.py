"""Where a defect lies, by the name that detection gives its place."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

_HOUR = re.compile(r"(\d+) o'clock(, rim)?")


class GridPlace(StrEnum):
    """A place on the 3x3 grid over a picture."""

    TOP_LEFT = "top left"
    TOP = "top"
    TOP_RIGHT = "top right"
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom right"


class ClockPlace(NamedTuple):
    """A place on a round part, as on a clock's face."""

    hour: int
    is_at_rim: bool

    @property
    def name(self) -> str:
        """Its name on record, which `place_of` reads."""
        return f"{self.hour} o'clock{', rim' if self.is_at_rim else ''}"


def place_of(name: str) -> GridPlace | ClockPlace:
    """Read a place from its name on record.

    Example:
        >>> place_of("3 o'clock, rim")
        ClockPlace(hour=3, is_at_rim=True)

    Raises:
        ValueError: if it is the name of none.
    """
    found = _HOUR.fullmatch(name)
    return ClockPlace(int(found[1]), bool(found[2])) if found else GridPlace(name)
