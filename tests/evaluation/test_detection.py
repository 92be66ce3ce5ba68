"""The evaluation command's figures, on generated and on real labelled sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import ImageError
from core.evaluation.datasets import read_dataset
from core.evaluation.detection import evaluate_detection
from core.evaluation.tables import HEADER, row
from core.settings import Settings

GOOD_TEST_PICTURES = 4
SCRATCHED_PICTURES = 5


def brushed_metal(rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(128, 40, (160, 160)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), sigmaX=9, sigmaY=0.7).clip(0, 255).astype(np.uint8)


@pytest.fixture
def scratched_metal(tmp_path: Path) -> Path:
    """A set in MVTec AD layout: brushed metal, with and without a bright scratch."""
    rng = np.random.default_rng(0)
    root = tmp_path / "metal"
    for folder in ("train/good", "test/good", "test/scratch", "ground_truth/scratch"):
        (root / folder).mkdir(parents=True)
    for number in range(20):
        cv2.imwrite(str(root / f"train/good/{number:03}.png"), brushed_metal(rng))
    for number in range(GOOD_TEST_PICTURES):
        cv2.imwrite(str(root / f"test/good/{number:03}.png"), brushed_metal(rng))
    for number in range(SCRATCHED_PICTURES):
        picture, mask = brushed_metal(rng), np.zeros((160, 160), np.uint8)
        start, end = rng.integers(20, 140, (2, 2))
        for canvas, value in ((picture, 250), (mask, 255)):
            cv2.line(canvas, start.tolist(), (end + 30).tolist(), value, 4)
        cv2.imwrite(str(root / f"test/scratch/{number:03}.png"), picture)
        cv2.imwrite(str(root / f"ground_truth/scratch/{number:03}_mask.png"), mask)
    return root


def test_figures_of_a_set_that_is_easy(scratched_metal: Path, station: Settings) -> None:
    figures = evaluate_detection(
        read_dataset(scratched_metal), station, on_progress=lambda step, share: None
    )

    assert figures.train_normals == 20
    assert figures.held_out == 6
    assert (figures.test_good, figures.test_defective) == (GOOD_TEST_PICTURES, SCRATCHED_PICTURES)
    assert figures.image_auroc == 1
    assert figures.pixel_auroc is not None
    assert figures.pixel_auroc > 0.95
    assert sum(figures.good_verdicts.values()) == GOOD_TEST_PICTURES
    assert figures.defective_verdicts["PASS"] == 0
    assert not station.data_dir.exists(), "an evaluation leaves no trace in the records"
    assert row(figures).count("|") == HEADER.splitlines()[0].count("|")


def test_labels_swapped_turn_the_figure_around(scratched_metal: Path, station: Settings) -> None:
    test = scratched_metal / "test"
    (test / "good").rename(test / "aside")
    (test / "scratch").rename(test / "good")
    (test / "aside").rename(test / "scratch")

    figures = evaluate_detection(
        read_dataset(scratched_metal), station, on_progress=lambda step, share: None
    )

    assert figures.image_auroc == 0


def test_a_folder_in_another_layout_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="train/good"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "least"), [("bottle", 0.98), ("cookie", 0.98), ("transistor", 0.95)]
)
def test_real_parts(
    real_data: Callable[[str], Path], station: Settings, name: str, least: float
) -> None:
    figures = evaluate_detection(
        read_dataset(real_data(name)), station, on_progress=lambda step, share: None
    )

    assert figures.image_auroc >= least
