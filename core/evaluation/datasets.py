"""Labelled data in the folder layout of MVTec AD.

::

    train/good  test/good  test/<defect type>  ground_truth/<defect type>/<name>_mask.png
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import ImageError
from core.sources import PictureFile, pictures_at

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


@dataclass(frozen=True)
class Dataset:
    """Normals to learn from and pictures to be tested on."""

    name: str
    train: list[PictureFile]
    test: list[TestPicture]


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
    test = [
        TestPicture(picture, kind.name, _mask(folder, kind.name, picture.filename))
        for kind in sorted((folder / "test").iterdir())
        if kind.is_dir()
        for picture in pictures_at([kind])
    ]
    return Dataset(folder.name, pictures_at([folder / "train" / GOOD]), test)


def _mask(folder: Path, defect_type: str, filename: str) -> Path | None:
    path = folder / "ground_truth" / defect_type / f"{Path(filename).stem}_mask.png"
    return path if path.exists() else None
