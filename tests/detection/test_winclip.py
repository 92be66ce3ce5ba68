"""WinCLIP on a tiny CLIP that the test makes: the real loading code and anomalib's real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import open_clip
import pytest
import torch
from anomalib.models.image.winclip.utils import make_masks
from safetensors.torch import save_file

from core.detection.base import Lesson
from core.detection.winclip import SCALES, WinClip, WinClipOptions, _clip, _input, _model
from core.domain import Product
from core.domain.errors import CheckpointError, WeightsError
from core.infrastructure.settings import Settings

PRODUCT = Product(dataset="Plant", category="hex_nut")
TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 1,
    },
}
ZERO_SHOT = WinClipOptions(network="tiny", shots=0)
FEW_SHOT = WinClipOptions(network="tiny", shots=2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    save_file(open_clip.CLIP(**TINY).state_dict(), folder / "tiny.safetensors")
    (folder / "tiny.json").write_text(json.dumps(TINY))
    return Settings(ad_weights_dir=folder)


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (90, 120, 3), np.uint8)


@pytest.fixture(scope="module")
def lesson(settings: Settings) -> Lesson:
    return Lesson(PRODUCT, [picture(seed) for seed in range(3)], settings)


@pytest.mark.parametrize("options", [ZERO_SHOT, FEW_SHOT], ids=["zero-shot", "few-shot"])
def test_scores_and_maps_are_those_of_anomalib(lesson: Lesson, options: WinClipOptions) -> None:
    """The same model, set up by anomalib's own methods."""
    detector = WinClip.fit(lesson, options)
    own = _model(_clip(options, lesson.settings))
    shots = [_input(own.clip, pixels) for pixels in lesson.normals[:2]]
    own.setup("hex nut", torch.cat(shots) if options.shots else None)

    prediction = detector.predict(picture(9))

    with torch.no_grad():
        answer = own(_input(own.clip, picture(9)))
    enlarged = cv2.resize(answer.anomaly_map[0].numpy(), (120, 90))
    assert prediction.score == pytest.approx(float(answer.pred_score[0]), abs=1e-5)
    np.testing.assert_allclose(prediction.anomaly_map, enlarged, atol=1e-5)
    assert prediction.anomaly_map.dtype == np.float32


@pytest.mark.parametrize("options", [ZERO_SHOT, FEW_SHOT], ids=["zero-shot", "few-shot"])
def test_a_saved_detector_answers_the_same(lesson: Lesson, options: WinClipOptions) -> None:
    detector = WinClip.fit(lesson, options)

    again = WinClip.load(detector.save(), options, lesson.settings)

    first, second = detector.predict(picture(5)), again.predict(picture(5))
    assert first.score == second.score
    np.testing.assert_array_equal(first.anomaly_map, second.anomaly_map)


def test_a_window_sees_its_own_patches_and_no_others(settings: Settings) -> None:
    """open_clip orders its tokens as anomalib expects.

    From 2.26 on it does not, and says nothing: all windows are then the same, whatever they show.
    """
    model = _model(_clip(ZERO_SHOT, settings))
    image = _input(model.clip, picture(3))
    changed = image.clone()
    changed[:, :, :8, :8] += 1
    with torch.no_grad():
        _, before, _ = model.encode_image(image)
        _, after, _ = model.encode_image(changed)

    for old, new, scale in zip(before, after, SCALES, strict=True):
        sees_the_corner = (make_masks((8, 8), scale) == 0).any(dim=0)
        differs = (old[0] - new[0]).abs().amax(dim=1) > 1e-4
        assert torch.equal(differs, sees_the_corner)
        assert sees_the_corner.sum() == 1


def test_shots_make_their_own_pictures_familiar(lesson: Lesson) -> None:
    detector = WinClip.fit(lesson, FEW_SHOT)

    assert detector.predict(picture(0)).score < detector.predict(picture(7)).score
    assert detector.facts() == {"shots": "2 normals compared with"}


def test_prompts_of_the_product_change_the_answer(lesson: Lesson) -> None:
    plain = WinClip.fit(lesson, ZERO_SHOT)
    asked = WinClip.fit(
        lesson, WinClipOptions(network="tiny", shots=0, anomalous_states=("{} with a burr",))
    )

    assert plain.predict(picture(1)).score != asked.predict(picture(1)).score


def test_weights_that_cannot_be_had_are_named(tmp_path: Path) -> None:
    program = """
from core.detection.base import Lesson
from core.detection.winclip import WinClip, WinClipOptions
from core.domain import Product
from core.domain.errors import WeightsError
from core.infrastructure.settings import Settings
try:
    WinClip.fit(Lesson(Product(dataset="a", category="b"), [], Settings()), WinClipOptions())
except WeightsError as error:
    print(error)
"""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )

    assert "ViT-B-16-plus-240.safetensors in the folder AD_WEIGHTS_DIR" in done.stdout
    assert "package" in done.stdout
    assert "hub" in done.stdout


def test_damaged_weights_and_embeddings_are_refused(
    lesson: Lesson, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    (tmp_path / "tiny.safetensors").write_bytes(b"damaged")

    with pytest.raises(WeightsError, match="does not hold the weights of tiny"):
        WinClip.fit(Lesson(PRODUCT, [], Settings(ad_weights_dir=tmp_path)), ZERO_SHOT)
    with pytest.raises(CheckpointError, match=r"missing or damaged"):
        WinClip.load({"embeddings.safetensors": b"damaged"}, ZERO_SHOT, settings)
