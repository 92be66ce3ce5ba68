"""A generated labelled set, what a fresh detector says of it, and a folder as MMAD's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.evaluation.detection.costs import CostRule
from core.evaluation.detection.datasets import read_dataset
from core.evaluation.detection.figures import DetectionFigures, evaluate_detection
from core.evaluation.detection.judging import Judged
from core.infrastructure.settings import Settings
from tests.evaluation.mmad.runs import PICTURES, WRITER
from tests.reporting.writers.endpoints import KINDS
from tests.reporting.writers.wire.server import LoopbackServer

GOOD_TEST_PICTURES = 4
SCRATCHED_PICTURES = 5


def brushed_metal(rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(128, 40, (160, 160)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), sigmaX=9, sigmaY=0.7).clip(0, 255).astype(np.uint8)


@pytest.fixture
def scratched_metal(tmp_path: Path) -> Path:
    """A set in MVTec AD layout: brushed metal, with and without a bright scratch."""
    return draw_scratched_metal(tmp_path / "metal")


def draw_scratched_metal(root: Path) -> Path:
    rng = np.random.default_rng(0)
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


@pytest.fixture(scope="session")
def metal_station(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Settings:
    """Settings that the set is evaluated with."""
    root = tmp_path_factory.mktemp("metal_station")
    return Settings(
        data_dir=root / "data", ad_checkpoint_dir=root / "checkpoints", model_cache=model_cache
    )


@pytest.fixture(scope="session")
def evaluated_metal(
    tmp_path_factory: pytest.TempPathFactory, metal_station: Settings
) -> tuple[DetectionFigures, Judged]:
    """Figures of the generated set, and what they were computed from."""
    folder = draw_scratched_metal(tmp_path_factory.mktemp("sets") / "metal")
    return evaluate_detection(
        read_dataset(folder),
        metal_station,
        costs=CostRule(ratio=20, prevalence=0.05),
        on_progress=lambda step, share: None,
    )


@pytest.fixture
def mmad(real_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """A folder as MMAD's: pictures of bottles, and two questions about each."""
    test, root = real_data("bottle") / "test", tmp_path / "MMAD"
    entries = {}
    for number, name in enumerate(PICTURES):
        kind = name.split("/")[0]
        image = f"DS-MVTec/bottle/image/{name}.jpg"
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sorted((test / kind).iterdir())[number], root / image)
        entries[image] = {
            "random_templates": ["DS-MVTec/bottle/image/good/000.jpg"],
            "conversation": [
                {
                    "Question": "Is there any defect in the object?",
                    "Options": {"A": "Yes.", "B": "No."},
                    "Answer": "B" if kind == "good" else "A",
                    "type": "Anomaly Detection",
                },
                {
                    "Question": "What is seen?",
                    "Options": {"A": "A screw", "B": "A cable", "C": "A bottle", "D": "A pill"},
                    "Answer": "C",
                    "type": "Object Classification",
                },
            ],
        }
    (root / "mmad.json").write_text(json.dumps(entries), "utf-8")
    return root


@pytest.fixture
def server() -> Generator[LoopbackServer]:
    server = LoopbackServer(KINDS[WRITER].wire())
    yield server
    server.close()
