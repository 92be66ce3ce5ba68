"""Near duplicates: one photograph saved again in another format, quality or size.

A detector that learned a near duplicate of a held-out picture would have seen what its thresholds
are drawn from, and an inspected picture's own copy among the normals is no evidence for it. Hashes
of files and pixels find exact copies only.

Measured on copies of up to 45 pictures of each set (JPEG 95 to 30, WebP 80, GIF, grey; half and a
third of the size, 1.5 times and twice, some of these as JPEG) and on all pairs of different ones:

| set | pictures | copies found | false hits |
|---|---|---|---|
| magnetic_tile | 400 | 323 of 325 | 0 of 79800 |
| transistor | 273 | 364 of 364 | 0 of 37128 |
| aitex_f02 | 230 | 338 of 338 | 0 of 26335 |
| bottle | 229 | 338 of 338 | 0 of 26106 |
| ELPV cells | 200 | 325 of 325 | 0 of 19900 |
| cookie | 45 | 585 of 585 | 0 of 990 |
| bsdata | 320 | 351 of 351 | 52 of 51040: one place of a screw, taken again |
| wood_gear | 75 | 325 of 325 | 10 of 2775: one gear, taken again |
| drawn: a fixture that never moves | 8 | 41 of 104 | 0 of 28 |
| drawn: grain of sigma 3 | 8 | 25 of 104 | 0 of 28 |
| drawn: grain in three lights | 24 | 219 of 312 | 0 of 276 |

All half-size copies of magnetic tiles are found; one of half size in JPEG 75 and one of a third are
not. Without the detail 84 sheets of grain in three lights would be taken for copies, without the
share of the usual difference all parts of the fixture. The same with 64 x 64 fields found no more.
A copy that was turned, cropped, shifted or exposed anew is not found.
"""

from __future__ import annotations

import cv2
import numpy as np

COARSE_SIDE_PX = 16
FINE_SIDE_PX = 32
SIGNATURE_LENGTH = COARSE_SIDE_PX**2 + (FINE_SIDE_PX - 2) ** 2
# Larger pictures are reduced to this side first: sizes then differ in little else than noise.
REDUCED_SIDE_PX = 128
MAX_DIFFERENCE_GREY = 0.7
# Parts in a fixture may differ by less than that: then a copy is closer by far than others are.
MAX_SHARE_OF_USUAL = 0.25
# Of fewer pictures nothing can be said of how much they usually differ.
MIN_PICTURES_FOR_USUAL = 3
MIN_DETAIL_CORRELATION = 0.5


def signature(pixels: np.ndarray) -> np.ndarray:
    """Compute what stays of a picture whatever its format, quality and size.

    Args:
        pixels: uint8 (H, W, 3), RGB.

    Returns:
        float16 (1156,): grey levels of 16 x 16 fields, then the Laplacian of 32 x 32 fields without
        its rim, of mean 0 and length 1 (zeros where there is no detail).
    """
    if min(pixels.shape[:2]) > REDUCED_SIDE_PX:
        size = (REDUCED_SIDE_PX, REDUCED_SIDE_PX)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = cv2.resize(grey, (FINE_SIDE_PX, FINE_SIDE_PX), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(fine, (COARSE_SIDE_PX, COARSE_SIDE_PX), interpolation=cv2.INTER_AREA)
    detail = cv2.Laplacian(fine, cv2.CV_32F)[1:-1, 1:-1]
    detail = detail - detail.mean()
    detail /= max(float(np.linalg.norm(detail)), 1e-6)
    return np.concatenate([coarse.ravel(), detail.ravel()]).astype(np.float16)


def near_duplicates(signatures: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Tell which pictures of a product are near duplicates of one picture.

    Args:
        signatures: float16 (N, 1156), of all pictures that the one may be compared with.
        one: float16 (1156,).

    Returns:
        bool (N,).
    """
    coarse = COARSE_SIDE_PX**2
    known = signatures.astype(np.float32)
    wanted = one.astype(np.float32)
    differences = np.abs(known[:, :coarse] - wanted[:coarse]).mean(axis=1)
    limit = MAX_DIFFERENCE_GREY
    if len(differences) >= MIN_PICTURES_FOR_USUAL:
        limit = min(limit, MAX_SHARE_OF_USUAL * float(np.median(differences)))
    correlations = known[:, coarse:] @ wanted[coarse:]
    return (differences <= limit) & (correlations >= MIN_DETAIL_CORRELATION)


def find_near_duplicates(signatures: np.ndarray, known: int) -> dict[int, int]:
    """Find the pictures that are near duplicates of earlier ones that are kept.

    Args:
        signatures: float16 (N, 1156).
        known: how many of them, from the first on, are kept in any case.

    Returns:
        Index of each near duplicate, and of the picture that it duplicates.
    """
    found: dict[int, int] = {}
    for number in range(known, len(signatures)):
        alike = near_duplicates(signatures, signatures[number])
        earlier = [place for place in np.flatnonzero(alike[:number]) if place not in found]
        if earlier:
            found[number] = int(earlier[0])
    return found
