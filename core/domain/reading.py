"""How values that a picture file does not explain become brightness."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field

from core.domain.base import Frozen
from core.domain.errors import ProductError

BayerPattern = Literal["RGGB", "BGGR", "GRBG", "GBRG"]
ValueBits = Literal[8, 10, 12, 14, 16]


class Reading(Frozen):
    """How a product's pictures are read, where their files leave it open; a card keeps it.

    What a file says of its values goes before. As it stands here without arguments, values of 16
    bits are taken to use all of them, as older cards did.

    Example:
        >>> Reading(bits=12).white
        4095
    """

    bits: ValueBits | None = Field(
        16,
        description="that values in files of 16 bits use, where the file does not say; None: no "
        "picture taught has told",
    )
    least_peak: int = Field(
        0, ge=0, description="lowest brightest value of those pictures; 0: not known"
    )
    low: float | None = Field(None, description="what is black in files of 32-bit values")
    high: float | None = Field(None, description="what is white in them")
    bayer: BayerPattern | None = Field(
        None, description="colours of the first four pixels of raw pictures; None: they are not raw"
    )

    @classmethod
    def stated(
        cls,
        bits: ValueBits | None = None,
        low: float | None = None,
        high: float | None = None,
        bayer: BayerPattern | None = None,
    ) -> Self:
        """Make the reading that a person states who knows the camera; None: nothing is said of it.

        Raises:
            ProductError: if the range is none.
        """
        if (low, high) != (None, None) and not (
            low is not None and high is not None and -math.inf < low < high < math.inf
        ):
            raise ProductError(
                "A range of values is two numbers, the lowest first, but "
                f"{low} and {high} were given."
            )
        return cls(bits=bits, low=low, high=high, bayer=bayer)

    @property
    def white(self) -> int | None:
        """The value that is white in files of 16 bits that do not say."""
        return None if self.bits is None else 2**self.bits - 1

    @property
    def span(self) -> tuple[float, float] | None:
        """The values that are black and white in files of 32-bit values; None: not known."""
        return None if self.low is None or self.high is None else (self.low, self.high)


# How older detectors were taught, and what is read for no detector.
FULL_DEPTH = Reading()
# What a person states who says nothing: the pictures tell.
UNSTATED = Reading.stated()
