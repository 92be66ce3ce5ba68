"""The same photograph twice: saved again in another format, quality or size.

A twin of a held-out picture must not be learned: the detector would have seen what its thresholds
are drawn from. Hashes of files and pixels find exact copies; this finds the lossy ones.

Two measures decide. Their limits lie between what was measured on five real sets (bottle, cookie,
transistor, magnetic_tile, ELPV cells; 1535 pictures, every pair of a set) and on sheets of pure
grain, whose pictures differ in nothing but their finest detail:

| | saved again (JPEG 95..50, WebP 80) | different pictures |
|---|---|---|
| difference at 32 x 32, grey levels | at most 0.58 | at least 1.05; sheets of grain 0.05 |
| likeness of detail | at least 0.69; grain of sigma 3 at JPEG 75 0.69 | at most 0.07 on grain |

The likeness of pooled features does not tell them apart: it falls to 0.76 at JPEG quality 75, where
different bottles reach 0.996. A copy that was turned, cropped, shifted or exposed anew is not
found, nor one at half size of a picture that is only some 50 pixels wide.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from core.infrastructure.backbones import resized

COARSE_SIDE = 32
FINE_SIDE = 256
DETAIL_SIGMA = 4
MOST_DIFFERENCE = 0.75
# Parts in a fixture may differ by less than that: then a twin is closer by far than others are.
SHARE_OF_USUAL = 0.25
LEAST_DETAIL = 0.5


def coarse(pixels: np.ndarray) -> np.ndarray:
    """What is kept of a picture to look for its twins.

    Args:
        pixels: uint8 (H, W, 3), RGB.

    Returns:
        float32 (1024,), grey levels.
    """
    small = cv2.resize(_fine(pixels), (COARSE_SIDE, COARSE_SIDE), interpolation=cv2.INTER_AREA)
    return small.ravel()


def have_same_detail(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether what is finer than some pixels, at 256 x 256, is the same in both pictures.

    Args:
        first, second: uint8 (H, W, 3), RGB; their sizes may differ.
    """
    return float((_detail(first) * _detail(second)).sum()) >= LEAST_DETAIL


def find_twins(
    pictures: np.ndarray, known: int, same_detail: Callable[[int, int], bool]
) -> dict[int, int]:
    """Which pictures are twins of earlier ones that are kept.

    Args:
        pictures: float32 (N, 1024), of `coarse`.
        known: how many of them, from the first on, are kept in any case.
        same_detail: asked of two indices whose pictures are alike at 32 x 32.

    Returns:
        Index of each twin, and of the picture that it is a twin of.
    """
    differences = [np.abs(pictures[:i] - pictures[i]).mean(axis=1) for i in range(len(pictures))]
    usual = [float(np.median(row)) for row in differences if len(row)]
    limit = min(MOST_DIFFERENCE, SHARE_OF_USUAL * float(np.median(usual))) if usual else 0.0
    twins: dict[int, int] = {}
    for number in range(known, len(pictures)):
        for earlier in np.flatnonzero(differences[number] <= limit).tolist():
            if earlier not in twins and same_detail(earlier, number):
                twins[number] = earlier
                break
    return twins


def _fine(pixels: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(resized(pixels, FINE_SIDE), cv2.COLOR_RGB2GRAY)
    return grey.astype(np.float32)


def _detail(pixels: np.ndarray) -> np.ndarray:
    """float32 (256, 256) of length 1 and mean 0; zeros where there is no detail."""
    fine = _fine(pixels)
    detail = fine - cv2.GaussianBlur(fine, (0, 0), DETAIL_SIGMA)
    detail -= detail.mean()
    return detail / max(float(np.linalg.norm(detail)), 1e-6)
