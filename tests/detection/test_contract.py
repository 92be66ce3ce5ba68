"""One suite that every detector passes: trained, saved, loaded and run by the same four calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from core.detection.base import Detector, Lesson
from core.detection.registry import DETECTORS, detector_class
from core.domain import InspectionRequest, Product
from core.domain.errors import CheckpointError, DetectorError
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.services.inspection import inspect
from core.services.station import Station
from core.services.teaching import teach
from tests.detection.tiny_clip import write_tiny_clip

PRODUCT = Product(dataset="Plant", category="panel")
SIZE = (96, 128)
OPTIONS: dict[str, dict[str, Any]] = {
    "patchcore": {"bank_size": 300, "input_size": 128},
    "efficientad": {
        "max_steps": 2,
        "distillation_steps": 2,
        "check_every": 1,
        "solved_pictures": 2,
    },
    "winclip": {"network": "tiny", "shots": 2},
    "anomalydino": {"input_size": 224, "rotations": False, "bank_size": 300},
}


def panel(rng: np.random.Generator) -> np.ndarray:
    grain = cv2.GaussianBlur(rng.normal(130, 60, SIZE), (0, 0), 2)
    return np.repeat(np.clip(grain, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Settings:
    """Weights that this machine cannot have are random here: the road is the real one."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    transformer = timm.create_model("vit_small_patch14_dinov2", dynamic_img_size=True)
    save_file(transformer.state_dict(), folder / "vit_small_patch14_dinov2.safetensors")
    write_tiny_clip(folder)
    return Settings(
        data_dir=folder / "data",
        ad_checkpoint_dir=folder / "checkpoints",
        ad_weights_dir=folder,
        model_cache=model_cache,
    )


@dataclass
class Trained:
    kind: type[Detector[Any]]
    options: Any
    detector: Detector[Any]
    lesson: Lesson


# Training EfficientAD takes a minute, and its own tests cover the plain suite.
PARAMS = [
    pytest.param(name, marks=pytest.mark.slow if name == "efficientad" else ())
    for name in DETECTORS
]


@pytest.fixture(scope="module", params=PARAMS)
def trained(request: pytest.FixtureRequest, settings: Settings) -> Trained:
    rng = np.random.default_rng(0)
    kind = detector_class(request.param)
    options = kind.options_type.model_validate(OPTIONS[request.param])
    lesson = Lesson(PRODUCT, [panel(rng) for _ in range(6)], settings)
    return Trained(kind, options, kind.fit(lesson, options), lesson)


def test_a_prediction_has_the_pictures_size(trained: Trained) -> None:
    for size in (SIZE, (200, 150), (33, 400)):
        pixels = cv2.resize(panel(np.random.default_rng(1)), size[::-1])
        prediction = trained.detector.predict(pixels)
        assert prediction.anomaly_map.shape == size
        assert prediction.anomaly_map.dtype == np.float32
        assert np.isfinite(prediction.anomaly_map).all()


def test_scores_are_the_same_in_every_run(trained: Trained) -> None:
    pixels = panel(np.random.default_rng(2))

    first, second = (trained.detector.predict(pixels) for _ in range(2))

    assert first.score == second.score
    np.testing.assert_array_equal(first.anomaly_map, second.anomaly_map)


def test_a_loaded_detector_answers_as_the_saved_one(trained: Trained) -> None:
    files = trained.detector.save()
    pixels = panel(np.random.default_rng(3))

    again = trained.kind.load(files, trained.detector.options, trained.lesson.settings)

    assert not [name for name in files if name.endswith((".pkl", ".pt", ".ckpt"))]
    first, second = trained.detector.predict(pixels), again.predict(pixels)
    assert second.score == pytest.approx(first.score, abs=1e-5)
    np.testing.assert_allclose(second.anomaly_map, first.anomaly_map, atol=1e-5)


def test_options_survive_the_card(trained: Trained) -> None:
    kept = json.loads(json.dumps(trained.detector.options.model_dump(mode="json")))

    assert trained.kind.options_type.model_validate(kept) == trained.detector.options


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((50, 50), np.uint8),
        np.zeros((50, 50, 4), np.uint8),
        np.zeros((50, 50, 3), np.float32),
    ],
    ids=["grey", "four channels", "float"],
)
def test_other_forms_of_pictures_are_refused(trained: Trained, pixels: np.ndarray) -> None:
    with pytest.raises(DetectorError, match=r"3 channels of 8 bits"):
        trained.detector.predict(pixels)


def test_damaged_files_are_refused(trained: Trained) -> None:
    files = trained.detector.save()
    for name in files:
        harmed = {**files, name: files[name][: len(files[name]) // 3]}
        with pytest.raises(CheckpointError):
            trained.kind.load(harmed, trained.detector.options, trained.lesson.settings)


@pytest.mark.parametrize("algorithm", PARAMS)
def test_it_takes_the_whole_road(algorithm: str, settings: Settings, tmp_path: Path) -> None:
    """Taught, put on disk, loaded by another process' station, and inspected with."""
    own = settings.model_copy(
        update={"data_dir": tmp_path / "data", "ad_checkpoint_dir": tmp_path / "checkpoints"}
    )
    rng = np.random.default_rng(4)
    pictures = [
        PictureFile.of(f"{n}.png", cv2.imencode(".png", panel(rng))[1].tobytes()) for n in range(8)
    ]
    with Station(own) as station:
        card = teach(station, PRODUCT, pictures, algorithm=algorithm, options=OPTIONS[algorithm])
    with Station(own) as station:
        inspection = inspect(station, InspectionRequest(product=PRODUCT), pictures[0])

    assert card.detector.algorithm == inspection.detector.algorithm == algorithm
    assert card.facts
    assert bool(inspection.defects) == (inspection.judgement.verdict.value != "PASS")
