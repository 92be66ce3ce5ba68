"""Labelled data on disk, in any of the layouts that are read.

`core.evaluation.detection.layouts` reads folders, `core.evaluation.detection.visa_tables` tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.domain.errors import EvaluationError, ImageError
from core.evaluation.detection.layouts import is_layout, read_layout, read_test_layout
from core.evaluation.detection.samples import Dataset, TestPicture
from core.evaluation.detection.visa_tables import find_table, read_table
from core.imaging.folder_contents import readable


def read_datasets(folders: Sequence[Path]) -> list[Dataset]:
    """Read several folders before anything is taught; one may hold several sets.

    Raises:
        ImageError: if one of them is in none of the layouts.
        EvaluationError: if two have the same name: their figures could not be told apart.
    """
    datasets = [dataset for folder in folders for dataset in _read(folder)]
    names = [dataset.name for dataset in datasets]
    for name in names:
        if names.count(name) > 1:
            raise EvaluationError(
                f"Two of the folders are called {name}. Rename one, or evaluate them one by one."
            )
    return datasets


def read_dataset(folder: Path) -> Dataset:
    """Read the one set of a folder.

    Raises:
        ImageError: if it is in none of the layouts, or holds several sets.
    """
    datasets = _read(folder)
    if len(datasets) > 1:
        names = ", ".join(dataset.name for dataset in datasets)
        raise ImageError(f"{readable(str(folder))} holds several sets: {names}. Name one of them.")
    return datasets[0]


def read_test_pictures(folder: Path) -> list[TestPicture]:
    """Read the labelled pictures of a folder; good ones to teach with are not needed.

    Raises:
        ImageError: if there are none.
    """
    return read_test_layout(folder) if is_layout(folder) else read_dataset(folder).test


def _read(folder: Path) -> list[Dataset]:
    if is_layout(folder):
        return [read_layout(folder)]
    table = find_table(folder)
    if table is not None:
        return read_table(table, folder)
    raise ImageError(
        f"{readable(str(folder))} must hold train/good, test/good and test/<defect type> (the "
        "layout of MVTec AD), or a table as VisA's split_csv/1cls.csv. Name a folder that does."
    )
