"""Labelled pictures, however they are laid out on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.evaluation.detection.masks import read_masks
from core.imaging.picture_files import PictureFile

GOOD = "good"
NAMED = 3


@dataclass(frozen=True)
class TestPicture:
    """A picture whose condition is known.

    Attributes:
        picture: its file.
        defect_type: GOOD, or what is wrong with the part.
        masks: files that mark the defective pixels, merged; empty: the place is not known.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    picture: PictureFile
    defect_type: str
    masks: tuple[Path, ...] = ()

    @property
    def is_defective(self) -> bool:
        return self.defect_type != GOOD

    def truth(self, height: int, width: int) -> np.ndarray | None:
        """Read the defective pixels: bool (height, width), or None if they are not known.

        A good picture has none. Those of a defective picture are not known if it has no mask, or
        its masks mark no pixel.

        Raises:
            ImageError: if a mask cannot be read or has another size than the picture.
        """
        if not self.is_defective:
            return np.zeros((height, width), bool)
        return read_masks(self.masks, height, width)


@dataclass(frozen=True)
class Dataset:
    """Normal pictures for training, and labelled pictures for testing.

    Attributes:
        left_out: what of the folder is not used, and why, a sentence each.
    """

    name: str
    train: list[PictureFile]
    test: list[TestPicture]
    left_out: tuple[str, ...] = ()


def without_mask(items: Iterable[TestPicture]) -> tuple[str, ...]:
    """Say which defective pictures have no mask."""
    defective = [item for item in items if item.is_defective]
    missing = [
        f"{item.defect_type}/{item.picture.filename}" for item in defective if not item.masks
    ]
    if not missing:
        return ()
    named = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
    return (
        f"{len(missing)} of {len(defective)} defective pictures have no mask, so nothing is said "
        f"of where their defects are: {named}.",
    )
