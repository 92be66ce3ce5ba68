"""Labelled data in the folder layout of MVTec AD.

::

    train/good  test/good  test/<defect type>  ground_truth/<defect type>/<name>_mask.png
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.domain.errors import EvaluationError, ImageError
from core.imaging.picture_files import PictureFile, pictures_at

GOOD = "good"


@dataclass(frozen=True)
class TestPicture:
    """A picture whose condition is known."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    picture: PictureFile
    defect_type: str
    mask: Path | None

    @property
    def is_defective(self) -> bool:
        return self.defect_type != GOOD

    def truth(self, height: int, width: int) -> np.ndarray | None:
        """Read the defective pixels: bool (height, width), or None if they are not known.

        A good picture has none. Those of a defective picture are not known if its mask is missing
        or marks no pixel.

        Raises:
            ImageError: if the mask cannot be read or has another size than the picture.
        """
        if not self.is_defective:
            return np.zeros((height, width), bool)
        if self.mask is None:
            return None
        data = np.fromfile(self.mask, np.uint8)
        mask = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
        if mask is None:
            raise ImageError(f"{self.mask} is not a picture that can be read. Replace it.")
        if mask.shape != (height, width):
            raise ImageError(
                f"{self.mask} has {mask.shape[1]} x {mask.shape[0]} pixels, but its picture "
                f"{width} x {height}. A mask must have the size of its picture."
            )
        return mask > 0 if mask.any() else None


@dataclass(frozen=True)
class Dataset:
    """Normal pictures for training, and labelled pictures for testing."""

    name: str
    train: list[PictureFile]
    test: list[TestPicture]


def read_datasets(folders: Sequence[Path]) -> list[Dataset]:
    """Read several folders before anything is taught.

    Raises:
        ImageError: if one of them is not in the layout above.
        EvaluationError: if two have the same name: their figures could not be told apart.
    """
    datasets = [read_dataset(folder) for folder in folders]
    names = [dataset.name for dataset in datasets]
    for name in names:
        if names.count(name) > 1:
            raise EvaluationError(
                f"Two of the folders are called {name}. Rename one, or evaluate them one by one."
            )
    return datasets


def read_dataset(folder: Path) -> Dataset:
    """Read a folder in the layout above.

    Raises:
        ImageError: if `train/good` or `test` is missing or empty.
    """
    if not (folder / "train" / GOOD).is_dir() or not (folder / "test").is_dir():
        raise ImageError(
            f"{folder} must hold train/good, test/good and test/<defect type> "
            "(the layout of MVTec AD). Name a folder that does."
        )
    test = read_test_pictures(folder)
    return Dataset(folder.resolve().name, pictures_at([folder / "train" / GOOD]), test)


def read_test_pictures(folder: Path) -> list[TestPicture]:
    """Read the labelled pictures of a folder in the layout above; `train` is not needed.

    Raises:
        ImageError: if `test` is missing or empty.
    """
    if not (folder / "test").is_dir():
        raise ImageError(
            f"{folder} must hold test/<defect type> and ground_truth/<defect type> (the layout of "
            "MVTec AD). Name a folder that does."
        )
    pictures = [
        TestPicture(picture, kind.name, _mask(folder, kind.name, picture.filename))
        for kind in sorted((folder / "test").iterdir())
        if kind.is_dir()
        for picture in pictures_at([kind])
    ]
    if not pictures:
        raise ImageError(f"{folder / 'test'} holds no folder of pictures. Name a set that does.")
    return pictures


def _mask(folder: Path, defect_type: str, filename: str) -> Path | None:
    path = folder / "ground_truth" / defect_type / f"{Path(filename).stem}_mask.png"
    return path if path.exists() else None
