"""Whether the nearest normal picture shows the part in the same pose, as registration judges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

# Poses are compared at this size, so that a shift of one pixel is about 1 % of the side.
SIDE = 96
COARSE_DEG = 10
FINE_DEG = 1
MOST_ROTATION_DEG = 10.0
MOST_SHIFT = 0.03


@dataclass(frozen=True)
class PoseError:
    """How one picture must be moved to lie on another.

    Attributes:
        rotation_deg: -180..180, counter-clockwise.
        shift: length of the movement, as a share of the side.
        correlation: of the pictures once moved, -1..1.
    """

    rotation_deg: float
    shift: float
    correlation: float

    @property
    def is_same_pose(self) -> bool:
        """Within 10 degrees and 3 % of the side."""
        return abs(self.rotation_deg) <= MOST_ROTATION_DEG and self.shift <= MOST_SHIFT


def small_grey(pixels: np.ndarray) -> np.ndarray:
    """A picture as poses are compared: float32 (96, 96), 0..255, its aspect not kept.

    Args:
        pixels: uint8 (H, W, 3), RGB.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def pose_error(first: np.ndarray, second: np.ndarray) -> PoseError:
    """Rotation and shift that lay the second picture best on the first.

    Every rotation is tried, in steps of 10 degrees and then of 1 around the best; at each, the
    shift is that of the highest normalised cross-correlation, found by Fourier transform.

    A part that looks the same at every angle has no rotation that could be told: the best one is
    then that of its light and shadow.

    Args:
        first, second: as from `small_grey`.
    """
    fixed = np.conj(np.fft.rfft2(_windowed(first)))
    coarse = np.arange(-180, 180, COARSE_DEG)
    angle, _, _ = _best(fixed, second, coarse)
    fine = np.arange(angle - COARSE_DEG, angle + COARSE_DEG + FINE_DEG, FINE_DEG)
    angle, shift, correlation = _best(fixed, second, fine)
    return PoseError((angle + 180) % 360 - 180, shift, correlation)


def _best(fixed: np.ndarray, second: np.ndarray, angles: np.ndarray) -> tuple[float, float, float]:
    """Angle, shift and correlation of the rotation that correlates best."""
    turned = np.stack([_windowed(_turned(second, float(angle))) for angle in angles])
    correlations = np.fft.irfft2(np.fft.rfft2(turned) * fixed, s=(SIDE, SIDE))
    place = int(correlations.argmax())
    number, row, column = np.unravel_index(place, correlations.shape)
    # The transform goes around: a shift by more than half the side is one the other way.
    away = [min(int(value), SIDE - int(value)) for value in (row, column)]
    best = float(correlations.ravel()[place])
    return float(angles[number]), math.hypot(*away) / SIDE, best


def _turned(picture: np.ndarray, angle: float) -> np.ndarray:
    centre = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, angle, 1.0)
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def _windowed(picture: np.ndarray) -> np.ndarray:
    """Of mean 0 and length 1, fading out towards a circle so that all rotations see the same."""
    weights = _window()
    centred = (picture - (picture * weights).sum() / weights.sum()) * weights
    return centred / max(float(np.linalg.norm(centred)), 1e-9)


def _window() -> np.ndarray:
    """Weights of the pixels: 1 inside, falling to 0 at the circle through the sides' middles."""
    ys, xs = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    radius = np.hypot(xs, ys) / (SIDE / 2)
    return np.clip((1 - radius) / 0.2, 0, 1)
