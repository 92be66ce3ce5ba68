"""Which network finds similar normals, and that DINOv2 runs on weights that the test makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import WeightsError
from core.infrastructure.settings import Settings
from core.retrieval.normals.visual import DINOV2, VisualEncoder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AD_WEIGHTS_DIR with a DINOv2 of random weights."""
    import timm
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    network = timm.create_model(DINOV2, dynamic_img_size=True)
    save_file(network.state_dict(), folder / f"{DINOV2}.safetensors")
    return folder


def picture(width: int = 300, height: int = 200) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def test_dinov2_is_taken_where_its_weights_are(weights: Path, model_cache: Path) -> None:
    encoder = VisualEncoder.load(Settings(ad_weights_dir=weights, model_cache=model_cache))

    vector = encoder(picture())

    assert encoder.name.startswith(f"{DINOV2}-")
    assert vector.shape == (384,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


def test_the_packaged_network_is_taken_otherwise_and_on_request(
    weights: Path, model_cache: Path, tmp_path: Path
) -> None:
    without = VisualEncoder.load(Settings(ad_weights_dir=tmp_path, model_cache=model_cache))
    asked = VisualEncoder.load(
        Settings(
            ad_weights_dir=weights, model_cache=model_cache, visual_encoder="efficientnet_lite0"
        )
    )

    assert without.name == asked.name
    assert without(picture()).shape == (1280,)


def test_weights_that_are_not_here_are_a_sentence_at_once(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"AD_WEIGHTS_DIR, or download it once .*hf download"):
        VisualEncoder.load(Settings(data_dir=tmp_path, visual_encoder=DINOV2))


def test_a_converted_encoder_needs_no_torch(weights: Path, model_cache: Path) -> None:
    VisualEncoder.load(Settings(ad_weights_dir=weights, model_cache=model_cache))
    program = f"""
import sys, numpy as np
from pathlib import Path
from core.retrieval.normals.visual import VisualEncoder
from core.infrastructure.settings import Settings
own = Settings(ad_weights_dir=Path({str(weights)!r}), model_cache=Path({str(model_cache)!r}))
VisualEncoder.load(own)(np.zeros((30, 300, 3), np.uint8))
heavy = {{"torch", "timm", "transformers"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
