"""Values of any depth to 8 bits, by a scale that does not depend on the single picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from core.domain.errors import ImageError
from core.domain.reading import Reading, ValueBits
from core.imaging.decoding.opened import Opened

DEPTHS: tuple[ValueBits, ...] = get_args(ValueBits)
# Brightest values of pictures taken alike differ by less.
OTHER_DEPTH = 2.5
# A picture that leaves the highest four bits unused looks dark.
UNUSED_BITS = 4


def depth_of(peak: int) -> ValueBits:
    """Return the smallest usual depth that holds a value.

    Example:
        >>> depth_of(3900)
        12
    """
    return next(bits for bits in DEPTHS if peak < 2**bits)


def is_of_other_depth(peak: int, usual: float) -> bool:
    """Tell whether a picture's brightest value is one of fewer bits than is usual."""
    return peak * OTHER_DEPTH < usual and depth_of(peak) < depth_of(int(usual))


def brightest(values: np.ndarray, opened: Opened) -> int:
    """Return the highest value of the colours; transparency may use bits that they do not."""
    return int((values if opened.alpha == "none" else values[..., :-1]).max())


def to_8_bits(
    values: np.ndarray, opened: Opened, reading: Reading, name: str
) -> tuple[np.ndarray, int, tuple[str, ...]]:
    """Scale values to 0..255.

    Args:
        values: as stored: (H, W) or (H, W, C).
        opened: the file that they are of.
        reading: goes where the file does not say.
        name: for messages.

    Returns:
        uint8 values of the same shape, how many bits a value has, and notices.

    Raises:
        ImageError: if the scale is not known, or the values are beyond it.
    """
    if opened.needs_span:
        return _by_span(values, opened, reading, name)
    bits, notices = opened.bits, ()
    peak = brightest(values, opened)
    if opened.leaves_depth_open:
        bits = _bits(peak, reading, name)
        if peak < 2 ** (bits - UNUSED_BITS):
            notices = (
                f"{name} uses only the lowest {depth_of(peak)} of its {bits} bits, so it looks "
                "dark. Let the camera use the full range, for teaching and inspecting alike.",
            )
    elif opened.stated_bits and peak < 2**opened.stated_bits:
        # Some files state the depth of the camera and hold its values, others hold them scaled up.
        bits = opened.stated_bits
    if bits == 8 and values.dtype == np.uint8:
        return values, bits, notices
    white = 2**bits - 1
    scaled = np.minimum(np.round(np.arange(2**opened.bits) * (255 / white)), 255).astype(np.uint8)
    return scaled[values], bits, notices


def learned_reading(
    peaks: Sequence[int], spans: Sequence[tuple[float, float]], stated: Reading
) -> Reading:
    """Tell from the pictures to be taught how pictures like them are read.

    Args:
        peaks: brightest values of those that leave their depth open.
        spans: what the others state to be black and white.
        stated: what a person says, who knows the camera; its bits None: not said.

    Raises:
        ImageError: if the files contradict each other.
    """
    usual = float(np.median(peaks)) if peaks else 0
    alike = [peak for peak in peaks if not is_of_other_depth(peak, usual)]
    learned: dict[str, object] = {"least_peak": min(alike, default=0)}
    if stated.bits is None and alike:
        learned["bits"] = depth_of(max(alike))
    if stated.span is None and spans:
        if len(set(spans)) > 1:
            raise ImageError(
                "The pictures state different ranges of values "
                f"({_range(min(spans))}, {_range(max(spans))}), so their brightness cannot be "
                "compared. State one range for all of them when teaching: lowest and highest value."
            )
        learned |= dict(zip(("low", "high"), spans[0], strict=True))
    return stated.model_copy(update=learned)


def _bits(peak: int, reading: Reading, name: str) -> ValueBits:
    bits = reading.bits
    if bits is None:
        if depth_of(peak) < 16:
            raise ImageError(
                f"{name} holds values up to {peak} in 16 bits and does not say how many bits they "
                "use, and no picture taught was like it. Teach the product from such pictures, or "
                "have the camera write 8 bits."
            )
        return 16
    if peak >= 2**bits:
        raise ImageError(
            f"{name} holds values up to {peak}, but those taught have {bits} bits (0 to "
            f"{2**bits - 1}). Set the camera to that depth, or teach the product from pictures "
            "like this one."
        )
    if is_of_other_depth(peak, reading.least_peak):
        raise ImageError(
            f"{name} holds values up to {peak} only, like {depth_of(peak)} bits; in those taught "
            f"the brightest value is {reading.least_peak} or more, of {bits} bits. Set the camera "
            "to the depth and exposure of those taught, or teach the product from pictures like "
            "this one."
        )
    return bits


def _by_span(
    values: np.ndarray, opened: Opened, reading: Reading, name: str
) -> tuple[np.ndarray, int, tuple[str, ...]]:
    span = reading.span or opened.span
    if span is None:
        kind = "floating-point" if opened.number == "float" else opened.number
        raise ImageError(
            f"{name} holds {kind} values of {opened.bits} bits, and neither the file nor the "
            "product says which of them is black and which white. State the lowest and the highest "
            "value when teaching, or export it with 8 or 16 bits."
        )
    low, high = span
    share = (values.astype(np.float64) - low) / (high - low)
    beyond = ~((share >= 0) & (share <= 1))
    notices = ()
    if beyond.any():
        notices = (
            f"{name} has {np.count_nonzero(beyond)} values beyond the range {_range(span)}; they "
            "are taken as black or white.",
        )
    share = np.clip(np.nan_to_num(share, nan=0, posinf=1, neginf=0), 0, 1)
    return np.round(255 * share).astype(np.uint8), opened.bits, notices


def _range(span: tuple[float, float]) -> str:
    return f"{span[0]:g} to {span[1]:g}"
