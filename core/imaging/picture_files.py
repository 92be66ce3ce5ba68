"""Where pictures come from: files, folders, and the demo set that a package ships."""

from __future__ import annotations

import csv
import importlib.util
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import ImageError, ProductError
from core.imaging.folder_contents import (
    data_in,
    is_text,
    read_if_picture,
    read_picture,
    readable,
)

DEMO_PRODUCT_KEY = "ELPV/mono"
DEMO_NORMALS = 200
DEMO_PACKAGE = "elpv_dataset"


@dataclass(frozen=True)
class PictureFile:
    """A picture that has a name and can be read when it is needed.

    Attributes:
        filename: for messages and records.
        read: gives the file's bytes; raises ImageError when they cannot be had.
        sha256: of the bytes, which `read` has checked and the file store holds; empty: of a
            picture that comes from elsewhere.
    """

    filename: str
    read: Callable[[], bytes]
    sha256: str = ""

    @classmethod
    def at(cls, path: Path) -> PictureFile:
        """Name the picture of a path; reading it raises ImageError where it cannot be read."""
        return cls(readable(path.name), lambda: read_picture(path))

    @classmethod
    def inside(cls, path: Path) -> PictureFile:
        """Name what lies in a folder of pictures; reading it says so where it is none."""
        return cls(readable(path.name), lambda: read_if_picture(path))

    @classmethod
    def of(cls, filename: str, data: bytes) -> PictureFile:
        """Name a picture that is in memory already, such as an upload."""
        return cls(readable(filename), lambda: data)


def pictures_at(paths: Iterable[Path]) -> list[PictureFile]:
    """List the pictures of files and folders in the order given, a folder's by name.

    Whatever is data directly inside a folder is listed, so that what is no picture is named when it
    is read; folders in it are not entered, because a data set's folders mean different things.

    Raises:
        ImageError: if a path does not exist or a folder holds no picture.
    """
    pictures: list[PictureFile] = []
    for path in paths:
        if path.is_dir():
            inside = data_in(path)
            if all(entry.is_dir() or is_text(entry) for entry in inside):
                raise ImageError(
                    f"The folder {readable(str(path))} holds no picture. Name the folder that the "
                    "pictures are directly in."
                )
            pictures += [PictureFile.inside(entry) for entry in inside]
        elif path.exists():
            pictures.append(PictureFile.at(path))
        else:
            raise ImageError(f"There is no file or folder {readable(str(path))}. Check the path.")
    return pictures


def has_demo() -> bool:
    """Whether the package of the demo pictures is installed; a station that inspects lacks it."""
    return importlib.util.find_spec(DEMO_PACKAGE) is not None


def demo_normals() -> list[PictureFile]:
    """List the 200 functional monocrystalline solar cells that the demo product is taught with.

    From the ELPV dataset (Buerhop-Lutz et al. 2018; CC BY-NC-SA 4.0): electroluminescence images
    of solar cells, each with a probability of being defective.

    Raises:
        ProductError: if the package elpv-dataset is not installed.
    """
    return _shuffled_functional_cells()[:DEMO_NORMALS]


def demo_unseen_normals() -> list[PictureFile]:
    """List the functional cells that the demo product is not taught with."""
    return _shuffled_functional_cells()[DEMO_NORMALS:]


def demo_examples() -> list[PictureFile]:
    """List defective cells of the demo product, to try it with."""
    return _demo_cells(lambda probability: probability == 1)


def demo_lot(size: int = 50) -> list[PictureFile]:
    """Draw a lot of cells that the demo product was not taught, one in five defective.

    The same cells in the same order each time.
    """
    bad = size // 5
    drawn = random.Random(1)
    cells = [*drawn.sample(demo_examples(), bad), *demo_unseen_normals()[: size - bad]]
    drawn.shuffle(cells)
    return cells


def _shuffled_functional_cells() -> list[PictureFile]:
    # The set is ordered by solar module: only a random sample stands for all of them.
    cells = _demo_cells(lambda probability: probability == 0)
    random.Random(0).shuffle(cells)
    return cells


def _demo_cells(wanted: Callable[[float], bool]) -> list[PictureFile]:
    found = importlib.util.find_spec(DEMO_PACKAGE)
    if found is None or found.origin is None:
        raise ProductError(
            "The demo product needs the package elpv-dataset, which is not installed. "
            "Run: pip install -r requirements.txt"
        )
    data = Path(found.origin).parent / "data"
    with (data / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.reader(file, delimiter=" ", skipinitialspace=True) if row]
    return [
        PictureFile.at(data / path)
        for path, probability, kind in rows
        if kind == "mono" and wanted(float(probability))
    ]
