"""The same picture under another name: re-encoded or resized, it is no evidence for itself."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 16
_STEP = 64
# Mean difference in grey levels (0..255) of two small copies. Re-encoded as JPEG of quality 30 to
# 95 and resized to 33 to 150 %, real pictures of five products differ from themselves by 0.67 at
# most (magnetic tiles at a third of their size: 0.99); the two most alike normals among them by
# 0.83 (ELPV cells) and 0.88 (bottles). Embeddings do not tell: that of a copy at a quarter of its
# size is as near as 0.4, that of a neighbour 0.99.
MOST_DIFFERENCE = 0.7


def small_copy(pixels: np.ndarray) -> np.ndarray:
    """What remains of a picture whatever its size and encoding.

    Args:
        pixels: uint8 (H, W, 3), RGB.

    Returns:
        float16 (256,), mean grey values of 16 x 16 fields.
    """
    coarse = cv2.resize(pixels, (_STEP, _STEP), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(coarse, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel().astype(np.float16)


def are_twins(copies: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """Which small copies show the very picture of another one.

    Args:
        copies: float (n, 256).
        copy: float (256,).

    Returns:
        bool (n,).
    """
    differences = np.abs(copies.astype(np.float32) - copy.astype(np.float32)).mean(axis=1)
    return differences <= MOST_DIFFERENCE
