"""Distances of patches to maps of a picture's size."""

from __future__ import annotations

import cv2
import numpy as np

# Of anomalib's maps, in pixels of the input.
ANOMALIB_SIGMA_PX = 4


def blurred(distances: np.ndarray, sigma: float) -> np.ndarray:
    """Blur float32 (h, w) over the patches; sigma is in patches, 0 for none."""
    return cv2.GaussianBlur(distances, (0, 0), sigma) if sigma > 0 else distances


def smooth_map(distances: np.ndarray, sigma: float, height: int, width: int) -> np.ndarray:
    """Blur distances over the patches, then enlarge them linearly.

    Args:
        distances: float32 (h, w), of the patches.
        sigma: in patches; 0 for none.
        height, width: of the map.
    """
    return cv2.resize(blurred(distances, sigma), (width, height), interpolation=cv2.INTER_LINEAR)


def anomalib_map(distances: np.ndarray, input_size: int, height: int, width: int) -> np.ndarray:
    """Make a map as anomalib does: enlarged in steps to the input's size, blurred by 4 px.

    Args:
        distances: float32 (h, w), of the patches.
        input_size: side of the network's input, in pixels.
        height, width: of the map.
    """
    side = (input_size, input_size)
    stepped = cv2.resize(distances, side, interpolation=cv2.INTER_NEAREST_EXACT)
    kernel = 2 * int(4 * ANOMALIB_SIGMA_PX + 0.5) + 1
    blurred = cv2.GaussianBlur(
        stepped, (kernel, kernel), ANOMALIB_SIGMA_PX, borderType=cv2.BORDER_REFLECT_101
    )
    return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
