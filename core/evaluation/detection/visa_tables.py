"""Labelled data as VisA lists it: a table names each picture, its part of the split and its mask.

::

    split_csv/1cls.csv      object,split,label,image,mask         of all objects
    <object>/image_anno.csv image,label,mask                      of one; without a split

The paths in a table start at the set's root. Where there is no split, every fifth normal picture is
for testing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.domain.errors import ImageError
from core.evaluation.detection.samples import GOOD, Dataset, TestPicture
from core.imaging.folder_contents import readable
from core.imaging.picture_files import PictureFile

TABLE_OF_SET, TABLE_OF_OBJECT = "split_csv/1cls.csv", "image_anno.csv"
NORMAL_LABELS = {"normal", "good", "ok"}
TEST_EVERY = 5
COLUMNS = ("object", "split", "label", "image", "mask")


@dataclass(frozen=True)
class _Line:
    object: str
    split: str
    label: str
    image: str
    mask: str

    @property
    def is_normal(self) -> bool:
        return self.label.lower() in NORMAL_LABELS


def find_table(folder: Path) -> Path | None:
    """Find the table that lists a folder's pictures: in it, or in the set that it is part of."""
    places = (
        folder / TABLE_OF_SET,
        folder / "1cls.csv",
        # Before the object's own, which has no split.
        folder.parent / TABLE_OF_SET,
        folder / TABLE_OF_OBJECT,
    )
    return next((path for path in places if path.is_file()), None)


def read_table(table: Path, folder: Path) -> list[Dataset]:
    """Read the sets of a table: of each object, or of the one that the folder is named after.

    Raises:
        ImageError: if the table cannot be read, lacks a column, or has nothing of the folder.
    """
    lines: dict[str, list[_Line]] = {}
    for line in _lines(table, folder.resolve().name):
        lines.setdefault(line.object, []).append(line)
    name = folder.resolve().name
    if name in lines:
        lines = {name: lines[name]}
    elif not table.is_relative_to(folder):
        raise ImageError(
            f"{readable(str(folder))} is neither laid out as MVTec AD nor an object of "
            f"{readable(str(table))}. Name a folder that is."
        )
    if not lines:
        raise ImageError(f"{readable(str(table))} lists no picture. Name a table that does.")
    roots = (table.parent, table.parent.parent)
    return [_dataset(name, of_object, roots) for name, of_object in lines.items()]


def _lines(table: Path, default_object: str) -> Iterator[_Line]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            lacking = [name for name in ("image", "label") if name not in (rows.fieldnames or ())]
            if lacking:
                raise ImageError(
                    f"{readable(str(table))} has no column {' and no '.join(lacking)}. Its columns "
                    f"must be {','.join(COLUMNS)}."
                )
            for row in rows:
                texts = {name: (row.get(name) or "").strip() for name in COLUMNS}
                texts["object"] = texts["object"] or default_object
                yield _Line(**texts | {"split": texts["split"].lower()})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ImageError(f"{readable(str(table))} cannot be read: {error}.") from error


def _dataset(name: str, lines: list[_Line], roots: tuple[Path, ...]) -> Dataset:
    said: list[str] = []
    if not any(line.split for line in lines):
        lines = _split(lines)
        said.append(
            "The table has no split: every fifth normal picture is for testing, the others are "
            "for teaching."
        )
    tested = [line for line in lines if line.split == "test"]
    taught = [line for line in lines if line.split != "test" and line.is_normal]
    unused = len(lines) - len(tested) - len(taught)
    if unused:
        said.append(
            f"{unused} defective pictures are not for testing by the table, and not used: a "
            "detector is taught with good parts alone."
        )
    if not taught or not tested:
        raise ImageError(
            f"The table of {name} lists {len(taught)} normal pictures to teach with and "
            f"{len(tested)} to test with. Both are needed."
        )
    test = [
        TestPicture(
            PictureFile.at(_found(line.image, roots)),
            GOOD if line.is_normal else line.label,
            (_found(line.mask, roots),) if line.mask and not line.is_normal else (),
        )
        for line in tested
    ]
    train = [PictureFile.at(_found(line.image, roots)) for line in taught]
    return Dataset(name, train, test, tuple(said))


def _split(lines: list[_Line]) -> list[_Line]:
    normals = [line for line in lines if line.is_normal]
    for_test = normals[TEST_EVERY - 1 :: TEST_EVERY]
    return [
        replace(line, split="train" if line.is_normal and line not in for_test else "test")
        for line in lines
    ]


def _found(path: str, roots: tuple[Path, ...]) -> Path:
    """Find a path of the table under the set's root, and under no other folder.

    Raises:
        ImageError: if it leads out of the set.
    """
    inside = Path(path.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts:
        raise ImageError(f"The table names {readable(path)}, which lies outside of the set.")
    places = [root / inside for root in roots]
    return next((place for place in places if place.exists()), places[-1])
