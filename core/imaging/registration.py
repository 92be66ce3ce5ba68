"""Registration of a normal picture with an inspected one: rotation and shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

# Parts are laid over each other at reduced size: cost does not grow with the camera.
FINE_SIDE_PX = 192
COARSE_SIDE_PX = 64
MIN_SIDE_PX = 8
ROTATION_STEP_DEG = 10
# A turned normal must fit well, and this much better than an upright one: round parts fit at any
# angle, and light that falls off to one side would turn a bare surface around.
MIN_GAIN_OF_ROTATION = 0.1
MIN_CORRELATION_ROTATED = 0.75
# Below it nothing lies on anything, and the normal is left as it was.
MIN_CORRELATION = 0.5
MIN_COMMON_SHARE = 0.5
MAX_ECC_STEPS = 30
MIN_ECC_GAIN = 1e-4
ECC_BLUR_PX = 5


@dataclass(frozen=True)
class Registration:
    """How a normal picture lies over an inspected one.

    Attributes:
        transform: float64 (2, 3), from the inspected picture's pixels to the normal's.
        correlation: of the grey values where both pictures are, -1..1 (1: the same but for light).
        is_aligned: whether it was found; if not, the normal is only brought to the same size.
        rotation_deg: counter-clockwise rotation that lays the normal over the inspected picture,
            -180..180.
        shift: distance that the normal's centre moves, as a share of the longer side.
    """

    transform: np.ndarray
    correlation: float
    is_aligned: bool
    rotation_deg: float
    shift: float


def register(inspected: np.ndarray, normal: np.ndarray) -> Registration:
    """Find the rotation and shift that lay a normal over an inspected picture.

    Every turn of 10 degrees is tried at 64 px, its shift found by phase correlation (Kuglin and
    Hines 1975); the best one and no turn at all are refined at 192 px by maximising the enhanced
    correlation coefficient (Evangelidis and Psarakis 2008). Pictures of different sizes are
    brought to one size first. A correlation that stays low says that nothing lies on anything.

    Args:
        inspected: uint8 (H, W, 3), RGB.
        normal: uint8 (h, w, 3), RGB.
    """
    fine = _reduced_size(inspected, FINE_SIDE_PX)
    ours, theirs = _grey(inspected, fine), _grey(normal, fine)
    best = _better(
        _refined(ours, theirs, np.eye(2, 3)),
        _refined(ours, theirs, _coarse(inspected, normal, fine)),
    )
    is_aligned = best.correlation >= MIN_CORRELATION
    if not is_aligned:
        best = _Guess(np.eye(2, 3), _correlation(ours, theirs, np.eye(2, 3)))
    from_fine = np.linalg.inv(_scaling(normal.shape, fine))
    whole = from_fine @ _square(best.transform) @ _scaling(inspected.shape, fine)
    centre = np.array([fine[0] - 1, fine[1] - 1, 2]) / 2
    return Registration(
        transform=whole[:2],
        correlation=best.correlation,
        is_aligned=is_aligned,
        rotation_deg=_rotation_deg(best.transform),
        shift=float(np.linalg.norm(best.transform @ centre - centre[:2])) / max(fine),
    )


@dataclass(frozen=True)
class _Guess:
    """A transform (2, 3) between two pictures of one size, and how well it fits."""

    transform: np.ndarray
    correlation: float


def _better(upright: _Guess, turned: _Guess) -> _Guess:
    wanted = max(MIN_CORRELATION_ROTATED, upright.correlation + MIN_GAIN_OF_ROTATION)
    return turned if turned.correlation >= wanted else upright


def _square(transform: np.ndarray) -> np.ndarray:
    return np.vstack([transform, [0, 0, 1]])


def _reduced_size(pixels: np.ndarray, side: int) -> tuple[int, int]:
    """Compute width and height whose longer one is `side`."""
    scale = side / max(pixels.shape[:2])
    height, width = (max(MIN_SIDE_PX, round(length * scale)) for length in pixels.shape[:2])
    return width, height


def _grey(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 (h, w) of a width and height."""
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _scaling(shape: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    """(3, 3) from a picture's pixels to those of its reduced copy; pixel centres stay centres."""
    x, y = size[0] / shape[1], size[1] / shape[0]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def _coarse(inspected: np.ndarray, normal: np.ndarray, fine: tuple[int, int]) -> np.ndarray:
    """The best of all turns with its shift, (2, 3) at the fine size."""
    size = _reduced_size(inspected, COARSE_SIDE_PX)
    ours, theirs = _grey(inspected, size), _grey(normal, size)
    turn = max(_rotated_guesses(ours, theirs), key=lambda guess: _correlation(ours, theirs, guess))
    up = _scaling((size[1], size[0]), fine)
    return (up @ _square(turn) @ np.linalg.inv(up))[:2]


def _rotated_guesses(ours: np.ndarray, theirs: np.ndarray) -> Iterator[np.ndarray]:
    height, width = ours.shape
    # OpenCV would multiply a window into the pictures themselves, at every call again.
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    ours_seen = (ours - ours.mean()) * window
    for angle in range(0, 360, ROTATION_STEP_DEG):
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
        turned = _laid_over(theirs, turn)
        (x, y), _ = cv2.phaseCorrelate(ours_seen, (turned - turned.mean()) * window)
        # What is at p in ours is at p + (x, y) in the turned normal.
        yield turn @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


def _refined(ours: np.ndarray, theirs: np.ndarray, guess: np.ndarray) -> _Guess:
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, MAX_ECC_STEPS, MIN_ECC_GAIN)
    start = _Guess(guess, _correlation(ours, theirs, guess))
    try:
        # From the rotated picture on: OpenCV takes a rotation by more than 90 degrees for less.
        _, found = cv2.findTransformECC(
            ours,
            _laid_over(theirs, guess),
            np.eye(2, 3, dtype=np.float32),
            cv2.MOTION_EUCLIDEAN,
            criteria,
            inputMask=_laid_over_mask(theirs, guess).astype(np.uint8),
            gaussFiltSize=ECC_BLUR_PX,
        )
    except cv2.error:
        # It does not converge where nothing lies on anything: the start is as good as any.
        return start
    if abs(_rotation_deg(found)) > ROTATION_STEP_DEG:
        return start  # it went astray: rotations are the business of the coarse search
    transform = (_square(guess) @ _square(found.astype(np.float64)))[:2]
    refined = _Guess(transform, _correlation(ours, theirs, transform))
    return max(start, refined, key=lambda result: result.correlation)


def _rotation_deg(transform: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(transform[1, 0], transform[0, 0])))


def _laid_over(picture: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        picture,
        transform,
        (picture.shape[1], picture.shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _correlation(ours: np.ndarray, theirs: np.ndarray, transform: np.ndarray) -> float:
    """Pearson's correlation where both pictures are; -1 where they hardly meet."""
    common = _laid_over_mask(theirs, transform)
    if common.mean() < MIN_COMMON_SHARE:
        return -1.0
    a, b = ours[common], _laid_over(theirs, transform)[common]
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else 0.0


def _laid_over_mask(picture: np.ndarray, transform: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    inside = cv2.warpAffine(
        np.ones((height, width), np.uint8),
        transform,
        (width, height),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )
    return inside.astype(bool)
