"""Labelled folders: where their pictures lie, and the masks of each.

Read are the layouts of MVTec AD, of its successor LOCO, and of BTAD::

    train/good  test/good  test/<defect type>              "ok" may stand for "good"
    ground_truth/<defect type>/<name>_mask.png             as in MVTec AD
    ground_truth/<defect type>/<name>.bmp                  as in BTAD
    ground_truth/<defect type>/<name>/000.png  001.png     as in LOCO: merged
    test/<defect type>/<name>_mask.png                     beside the picture

A mask may be in any format.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path

from core.domain.errors import ImageError
from core.evaluation.detection.samples import GOOD, Dataset, TestPicture
from core.imaging.folder_contents import data_in, readable
from core.imaging.picture_files import PictureFile, pictures_at

GOOD_NAMES = {"good", "ok"}
READ_FOLDERS = {"train", "test", "ground_truth"}
MASK_SUFFIX = "_mask"


def is_layout(folder: Path) -> bool:
    """Tell whether a folder holds labelled pictures in one of the layouts above."""
    return (folder / "test").is_dir()


def read_layout(folder: Path) -> Dataset:
    """Read a folder in one of the layouts above.

    Raises:
        ImageError: if the good pictures to train with, or those to test with, are missing.
    """
    good = _good_of(folder / "train")
    if good is None:
        raise ImageError(
            f"{readable(str(folder))} must hold train/good (or train/ok) beside test. "
            "Name a folder that does."
        )
    test = read_test_layout(folder)
    unread = [
        f"{readable(entry.name)} is a folder that is not read."
        for entry in data_in(folder)
        if entry.is_dir() and entry.name not in READ_FOLDERS
    ]
    unread += [
        f"train/{readable(entry.name)} is not read: a detector is taught with good parts alone."
        for entry in data_in(folder / "train")
        if entry != good
    ]
    return Dataset(
        readable(folder.resolve().name),
        pictures_at([good]),
        test,
        (*unread, *_loose(folder / "test")),
    )


def read_test_layout(folder: Path) -> list[TestPicture]:
    """Read the labelled pictures of a folder in one of the layouts above.

    Raises:
        ImageError: if there are none.
    """
    kinds = [kind for kind in data_in(folder / "test") if kind.is_dir()]
    pictures = [item for kind in kinds for item in _of_kind(folder, kind)]
    if not pictures:
        raise ImageError(
            f"{readable(str(folder / 'test'))} holds no folder of pictures. Name a set that does."
        )
    return pictures


def _good_of(train: Path) -> Path | None:
    if not train.is_dir():
        return None
    return next((kind for kind in data_in(train) if _is_good(kind) and kind.is_dir()), None)


def _is_good(kind: Path) -> bool:
    return kind.name.lower() in GOOD_NAMES


def _loose(test: Path) -> list[str]:
    return [
        f"test/{readable(entry.name)} lies beside the folders of test and has no label."
        for entry in data_in(test)
        if not entry.is_dir()
    ]


def _of_kind(folder: Path, kind: Path) -> list[TestPicture]:
    beside, marked = _by_stem(kind), _by_stem(folder / "ground_truth" / kind.name)
    defect_type = GOOD if _is_good(kind) else readable(kind.name)
    return [
        TestPicture(
            PictureFile.inside(entry),
            defect_type,
            () if defect_type == GOOD else _masks(_stem(entry), marked, beside),
        )
        for entry in data_in(kind)
        if not _is_mask_beside(entry, beside)
    ]


def _is_mask_beside(entry: Path, beside: Mapping[str, Path]) -> bool:
    stem = _stem(entry)
    return stem.endswith(MASK_SUFFIX) and stem.removesuffix(MASK_SUFFIX) in beside


def _masks(stem: str, marked: Mapping[str, Path], beside: Mapping[str, Path]) -> tuple[Path, ...]:
    of_picture = marked.get(stem)
    if of_picture is not None and of_picture.is_dir():
        return tuple(data_in(of_picture))
    found = marked.get(stem + MASK_SUFFIX) or of_picture or beside.get(stem + MASK_SUFFIX)
    return () if found is None else (found,)


def _by_stem(folder: Path) -> dict[str, Path]:
    return {_stem(entry): entry for entry in data_in(folder)} if folder.is_dir() else {}


def _stem(path: Path) -> str:
    # One name may be composed in one folder and decomposed in the other.
    return unicodedata.normalize("NFC", path.name if path.is_dir() else path.stem)
