"""How a picture was taken, in a few numbers; and pictures on which nothing can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.domain.conditions import Measure, TaughtConditions
from core.domain.errors import ImageError

# Means and poses need no more, however many pixels the camera has.
REDUCED_SIDE_PX = 128
MOST_SAMPLED_SIDE_PX = 512
# Fine detail is measured at full size, on up to nine places.
PLACE_SIDE_PX = 128
POSE_SIDE = 24
# Grey levels that a sensor's noise alone does not reach, in darkness and before a bare wall.
LEAST_LIGHT = {Measure.BRIGHTEST: 16.0, Measure.SPAN: 8.0}
LEAST_SHARE_OF_LOWEST = 1 / 4
LEAST_SHARE_OF_USUAL = 1 / 6


@dataclass(frozen=True)
class Measured:
    """How one picture was taken.

    Attributes:
        values: brightness and contrast are binary logarithms of grey levels plus one, colours
            shares of the light, sharpness the binary logarithm of fine to coarse detail, brightest
            and span grey levels.
        pose: float32 (24, 24), the reduced picture's grey levels, of mean 0 and length 1.
    """

    values: dict[Measure, float]
    pose: np.ndarray


def measure(pixels: np.ndarray) -> Measured:
    """Measure how a picture was taken, in about a millisecond.

    Args:
        pixels: uint8 (H, W, 3), RGB.
    """
    small = _reduced(pixels)
    # Not as the eye weighs colours: swapping two of them then changes the colours alone.
    grey = small.mean(axis=2)
    red, green, blue = small.reshape(-1, 3).mean(axis=0)
    light = red + green + blue + 1
    darkest, brightest = np.percentile(cv2.blur(grey, (3, 3)), (0.1, 99.9))
    values = {
        Measure.BRIGHTNESS: np.log2(grey.mean() + 1),
        Measure.CONTRAST: np.log2(grey.std() + 1),
        Measure.RED_AGAINST_BLUE: (red - blue) / light,
        Measure.GREEN_AGAINST_BOTH: (2 * green - red - blue) / light,
        Measure.SHARPNESS: _sharpness(pixels),
        Measure.BRIGHTEST: brightest,
        Measure.SPAN: brightest - darkest,
    }
    fields = cv2.resize(grey, (POSE_SIDE, POSE_SIDE), interpolation=cv2.INTER_AREA)
    return Measured({name: float(value) for name, value in values.items()}, unit(fields))


def unit(fields: np.ndarray) -> np.ndarray:
    """Bring fields to mean 0 and length 1; zeros where they are all the same."""
    centred = fields - fields.mean()
    return (centred / max(float(np.linalg.norm(centred)), 1e-6)).astype(np.float32)


def refuse_blank(
    picture: Measured, filename: str, least: Mapping[Measure, float] = LEAST_LIGHT
) -> None:
    """Refuse a picture that is nearly dark, or nearly the same all over.

    Args:
        picture: to be judged or taught.
        filename: for the message.
        least: brightest grey level and span of grey levels that a picture must have.

    Raises:
        ImageError: if it is.
    """
    brightest, span = picture.values[Measure.BRIGHTEST], picture.values[Measure.SPAN]
    if brightest < least[Measure.BRIGHTEST]:
        what = (
            f"nearly dark: its brightest grey level is {brightest:.0f} of 255, and at least "
            f"{least[Measure.BRIGHTEST]:.0f} is needed"
        )
    elif span < least[Measure.SPAN]:
        what = (
            f"nearly the same all over: its grey levels span {span:.0f} of 255, and at least "
            f"{least[Measure.SPAN]:.0f} is needed"
        )
    else:
        return
    raise ImageError(
        f"{filename} is {what}. Check the camera, its cap and the light, and take the picture "
        "again."
    )


def least_light_of(taught: TaughtConditions) -> dict[Measure, float]:
    """Compute the light that a picture must have, by the darkest and flattest of those taught."""
    return {
        name: max(least, LEAST_SHARE_OF_LOWEST * taught.ranges[name].lowest)
        for name, least in LEAST_LIGHT.items()
    }


def least_light_among(pictures: Sequence[Measured]) -> dict[Measure, float]:
    """Compute the light that pictures must have that are taught together, by the usual one."""
    return {
        name: max(
            least,
            LEAST_SHARE_OF_USUAL * float(np.median([each.values[name] for each in pictures])),
        )
        for name, least in LEAST_LIGHT.items()
    }


def _reduced(pixels: np.ndarray) -> np.ndarray:
    """float32 (h, w, 3), the longer side REDUCED_SIDE_PX; of huge pictures every nth pixel."""
    step = max(1, max(pixels.shape[:2]) // MOST_SAMPLED_SIDE_PX)
    sampled = pixels[::step, ::step]
    scale = min(1.0, REDUCED_SIDE_PX / max(sampled.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in sampled.shape[:2])
    return cv2.resize(
        np.ascontiguousarray(sampled), (width, height), interpolation=cv2.INTER_AREA
    ).astype(np.float32)


def _sharpness(pixels: np.ndarray) -> float:
    """Compare the detail of neighbouring pixels with that of fields of four by four.

    Light and contrast change both alike, blur takes the first; what is seen matters little.
    """
    fine = coarse = 0.0
    for place in _places(pixels):
        grey = cv2.cvtColor(place, cv2.COLOR_RGB2GRAY)
        fine += _detail(grey)
        half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        coarse += _detail(cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return float(np.log2((fine + 0.1) / (coarse + 0.1)) / 2)


def _places(pixels: np.ndarray) -> list[np.ndarray]:
    tops, lefts = (
        np.unique(np.linspace(0, max(0, side - PLACE_SIDE_PX), 3).astype(int))
        for side in pixels.shape[:2]
    )
    return [
        np.ascontiguousarray(pixels[top : top + PLACE_SIDE_PX, left : left + PLACE_SIDE_PX])
        for top in tops
        for left in lefts
    ]


def _detail(grey: np.ndarray) -> float:
    return cv2.norm(cv2.Laplacian(grey, cv2.CV_16S)) ** 2 / grey.size
