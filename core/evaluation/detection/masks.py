"""Masks of labelled data: which pixels of a picture are defective."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.domain.errors import ImageError
from core.imaging.decoding import marked
from core.imaging.folder_contents import read_picture, readable
from core.infrastructure.settings import settings


def read_masks(paths: Sequence[Path], height: int, width: int) -> np.ndarray | None:
    """Read and merge the masks of a picture: bool (H, W), or None if they mark no pixel.

    Raises:
        ImageError: if one cannot be read or has another size than the picture.
    """
    merged = np.zeros((height, width), bool)
    for path in paths:
        mask = marked(settings(), read_picture(path), path.name)
        if mask.shape != merged.shape:
            raise ImageError(
                f"{readable(str(path))} has {mask.shape[1]} x {mask.shape[0]} pixels, but its "
                f"picture {width} x {height}. A mask must have the size of its picture."
            )
        merged |= mask
    return merged if merged.any() else None
