"""A picture file whose header was read, on its way to pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.domain.reading import BayerPattern

Number = Literal["unsigned", "signed", "float"]
# Checks width and height before anything is decoded; raises ImageError.
Check = Callable[[int, int], None]
ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class Opened:
    """What a file says of its picture, and how to get at the values.

    Attributes:
        load: decodes the values as they are stored: (H, W) or (H, W, C), of `colours` and then of
            `alpha`, not yet turned upright; the same array each time.
        bits: of a stored value.
        stated_bits: how many of them the file says are used; None: it does not say.
        number: unsigned values end at white; the others need a range.
        span: which values are black and white, where the file says.
        colours: what the channels mean.
        alpha: how the last channel, if it is transparency, was joined with the colours.
        orientation: as in EXIF, 1 to 8.
        profile: ICC profile of the colours; empty: none.
        inverted: whether the lowest value is white.
        is_raw: whether the file says that each pixel holds one colour of a Bayer pattern.
        mosaic: that pattern, where the file says it.
        notices: what the reader should know of the picture.
    """

    load: Callable[[], np.ndarray]
    bits: int = 8
    stated_bits: int | None = None
    number: Number = "unsigned"
    span: tuple[float, float] | None = None
    colours: Literal["grey", "rgb", "cmyk"] = "rgb"
    alpha: Literal["none", "straight", "multiplied"] = "none"
    orientation: int = 1
    profile: bytes = b""
    inverted: bool = False
    is_raw: bool = False
    mosaic: BayerPattern | None = None
    notices: tuple[str, ...] = ()

    @property
    def needs_span(self) -> bool:
        """Whether values mean nothing without knowing which are black and white."""
        return self.number != "unsigned" or self.bits > 16

    @property
    def leaves_depth_open(self) -> bool:
        """Whether a value may use fewer bits than it is stored in, and the file does not say."""
        return self.number == "unsigned" and self.bits == 16 and self.stated_bits is None
