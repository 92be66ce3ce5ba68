"""AnomalyDINO on a vision transformer whose random weights the test makes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.detection.anomalydino import AnomalyDino, AnomalyDinoOptions, foreground
from core.detection.base import Lesson
from core.domain import Product
from core.domain.errors import CheckpointError, DetectorError
from core.infrastructure.settings import Settings

PRODUCT = Product(dataset="Plant", category="plate")
BACKBONE = "vit_small_patch14_dinov2"
SIZE = 224
OPTIONS = AnomalyDinoOptions(input_size=SIZE, rotations=False)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    import timm
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    network = timm.create_model(BACKBONE, dynamic_img_size=True)
    save_file(network.state_dict(), folder / f"{BACKBONE}.safetensors")
    return Settings(ad_weights_dir=folder, model_cache=folder / "models")


def plate(rng: np.random.Generator) -> np.ndarray:
    grey = cv2.GaussianBlur(rng.normal(120, 60, (180, 240)), (0, 0), 4) * 2 - 100
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def lesson(settings: Settings) -> Lesson:
    rng = np.random.default_rng(0)
    return Lesson(PRODUCT, [plate(rng) for _ in range(3)], settings)


@pytest.mark.slow
def test_maps_and_scores_are_those_of_anomalib(
    lesson: Lesson, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import timm
    from anomalib.models.image.anomaly_dino.torch_model import AnomalyDINOModel
    from safetensors.torch import load_file

    detector = AnomalyDino.fit(lesson, OPTIONS)
    create = timm.create_model
    # anomalib would ask the hub for its weights; ours are loaded below.
    monkeypatch.setattr(
        timm, "create_model", lambda *args, **given: create(*args, **{**given, "pretrained": False})
    )
    model = AnomalyDINOModel().eval()
    assert settings.ad_weights_dir is not None
    weights = load_file(settings.ad_weights_dir / f"{BACKBONE}.safetensors")
    model.feature_encoder.feature_extractor.load_state_dict(weights)
    model.memory_bank = torch.from_numpy(detector.memory.bank.astype(np.float32))

    rng = np.random.default_rng(1)
    gaps, scores = [], []
    for number in range(4):
        pixels = cv2.resize(plate(rng), (SIZE, SIZE))
        cv2.circle(pixels, (80, 120), 8 * number, (255, 255, 0), -1)
        mean, std = (
            torch.tensor(values).view(3, 1, 1)
            for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        )
        with torch.no_grad():
            image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
            answer = model(((image - mean) / std)[None])
        ours = detector.predict(pixels)
        scores.append(float(answer.pred_score))
        gaps.append(abs(ours.score - scores[-1]))
        gaps.append(float(np.abs(ours.anomaly_map - answer.anomaly_map[0, 0].numpy()).max()))
    assert max(gaps) < 1e-3 * np.ptp(scores)


@pytest.mark.slow
def test_a_mark_is_found_where_it_is(lesson: Lesson) -> None:
    rng = np.random.default_rng(2)
    detector = AnomalyDino.fit(lesson, OPTIONS)
    marked = plate(rng)
    cv2.rectangle(marked, (150, 40), (180, 70), (255, 0, 0), -1)

    good, bad = detector.predict(plate(rng)), detector.predict(marked)

    assert bad.score > 1.5 * good.score
    y, x = np.unravel_index(bad.anomaly_map.argmax(), bad.anomaly_map.shape)
    assert 130 < x < 200
    assert 20 < y < 90


@pytest.mark.slow
def test_rotations_and_shots_set_what_is_learned(lesson: Lesson) -> None:
    tokens = (SIZE // 14) ** 2

    assert len(AnomalyDino.fit(lesson, OPTIONS).memory.bank) == 3 * tokens
    one = AnomalyDinoOptions(input_size=SIZE, shots=1)
    assert len(AnomalyDino.fit(lesson, one).memory.bank) == 8 * tokens


@pytest.mark.slow
def test_any_multiple_of_the_patch_is_an_input_size(lesson: Lesson) -> None:
    odd = AnomalyDinoOptions(input_size=7 * 14, rotations=False)

    detector = AnomalyDino.fit(lesson, odd)

    assert len(detector.memory.bank) == 3 * 7 * 7
    assert detector.predict(lesson.normals[0]).anomaly_map.shape == (180, 240)
    with pytest.raises(DetectorError, match=r"256 px .* patches of 14 px. Choose .* such as 252"):
        AnomalyDino.fit(lesson, AnomalyDinoOptions(input_size=256))


def test_foreground_is_the_object_in_the_middle() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.normal(0, 0.5, (16, 16, 64)).astype(np.float32)
    tokens[4:12, 4:12] += rng.normal(0, 5, 64).astype(np.float32)

    mask = foreground(tokens)

    assert mask[4:12, 4:12].all()
    assert mask.mean() < 0.5
    assert not mask[0].any()


def test_weights_that_cannot_be_had_are_named(lesson: Lesson, tmp_path: Path) -> None:
    program = """
from core.detection.anomalydino import AnomalyDino, AnomalyDinoOptions
from core.detection.base import Lesson
from core.domain import Product
from core.domain.errors import WeightsError
from core.infrastructure.settings import Settings
try:
    lesson = Lesson(Product(dataset="a", category="b"), [], Settings())
    AnomalyDino.fit(lesson, AnomalyDinoOptions())
except WeightsError as error:
    print(error)
"""
    # Nothing listens at that port: the hub cannot be reached.
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hub")}
    environment = os.environ | nowhere | {"DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )

    assert f"{BACKBONE}.safetensors in the folder AD_WEIGHTS_DIR" in done.stdout
    assert "package" in done.stdout
    assert "hub" in done.stdout
    assert "Retrying" not in done.stderr


def test_no_torch_between_picture_and_map(lesson: Lesson, settings: Settings) -> None:
    AnomalyDino.fit(lesson, OPTIONS)
    program = f"""
import sys, numpy as np
from core.detection.anomalydino import AnomalyDino, AnomalyDinoOptions
from core.infrastructure.settings import Settings
weights, models = {str(settings.ad_weights_dir)!r}, {str(settings.model_cache)!r}
own = Settings(ad_weights_dir=weights, model_cache=models)
options = AnomalyDinoOptions(input_size={SIZE}, rotations=False)
AnomalyDino(np.eye(9, 384), options, own).predict(np.zeros((300, 300, 3), np.uint8))
heavy = {{"torch", "timm", "anomalib", "transformers"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_a_damaged_bank_is_refused(settings: Settings) -> None:
    with pytest.raises(CheckpointError, match="missing or damaged"):
        AnomalyDino.load({"bank.safetensors": b"damaged"}, OPTIONS, settings)
