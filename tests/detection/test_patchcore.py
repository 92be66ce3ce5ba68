from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.backbones import DEFAULT_BACKBONE, Backbone, load_backbone
from core.detection.coreset import greedy_coreset
from core.detection.patchcore import PatchCore
from core.errors import WeightsError
from core.settings import Settings


@pytest.fixture(scope="module")
def backbone(model_cache: Path) -> Backbone:
    return load_backbone(DEFAULT_BACKBONE, 256, Settings(model_cache=model_cache))


def test_coreset_covers_better_than_chance() -> None:
    rng = np.random.default_rng(0)
    patches = rng.standard_normal((3000, 32)).astype(np.float32) ** 3

    chosen = greedy_coreset(patches, 100)
    random = rng.choice(3000, 100, replace=False)

    assert len(set(chosen.tolist())) == 100
    assert farthest(patches, chosen) < farthest(patches, random)
    assert np.array_equal(chosen, greedy_coreset(patches, 100))


def farthest(patches: np.ndarray, chosen: np.ndarray) -> float:
    gaps = np.linalg.norm(patches[:, None] - patches[chosen][None], axis=2)
    return float(gaps.min(axis=1).max())


def test_distances_are_those_of_the_nearest_patch(backbone: Backbone) -> None:
    rng = np.random.default_rng(1)
    bank = rng.standard_normal((50, 8)).astype(np.float32)
    patches = rng.standard_normal((4, 5, 8)).astype(np.float32)

    found = PatchCore(backbone, bank).distances(patches)

    wanted = np.linalg.norm(patches[:, :, None] - bank, axis=3).min(axis=2)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_features_agree_with_torch(backbone: Backbone) -> None:
    """The converted program gives what timm gives, with the packaged weights."""
    import timm
    import torch
    from torch.nn import functional

    from core.backbones import SPECS, _find_weights

    spec = SPECS[DEFAULT_BACKBONE]
    network = _find_weights(DEFAULT_BACKBONE, spec, None)[1]().eval()
    assert isinstance(network, timm.models.EfficientNet)
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    with torch.no_grad():
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
        pooled = functional.normalize(network.forward_head(network.forward_features(image), True))

    patches, ours = backbone(pixels)

    assert patches.shape == (32, 32, 232)
    np.testing.assert_allclose(ours, pooled[0].numpy(), atol=1e-4)
    lengths = [np.linalg.norm(part, axis=2) for part in np.split(patches, [40, 120], axis=2)]
    np.testing.assert_allclose(lengths, 1, atol=1e-4)


def test_a_scratch_is_found_where_it_is(backbone: Backbone) -> None:
    rng = np.random.default_rng(0)
    normals = [surface(rng) for _ in range(6)]
    patches = np.concatenate([backbone(image)[0].reshape(-1, 232) for image in normals])
    detector = PatchCore.fit(backbone, patches)
    scratched = surface(rng)
    cv2.line(scratched, (300, 60), (380, 140), (20, 20, 20), 5)

    good, bad = detector.predict(surface(rng)), detector.predict(scratched)

    assert bad.anomaly_map.shape == (400, 480)
    assert bad.anomaly_map.dtype == np.float32
    assert bad.score == bad.anomaly_map.max() > 1.2 * good.score
    y, x = np.unravel_index(bad.anomaly_map.argmax(), bad.anomaly_map.shape)
    assert 280 < x < 400
    assert 40 < y < 160


def surface(rng: np.random.Generator) -> np.ndarray:
    """A ground metal surface: horizontal streaks, with noise."""
    streaks = cv2.GaussianBlur(rng.normal(140, 25, (400, 480)), (31, 1), 0)
    grey = np.clip(streaks + rng.normal(0, 3, streaks.shape), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_unknown_backbone_is_named() -> None:
    with pytest.raises(WeightsError, match=r"'resnet999' is not known. Known: efficientnet_lite0"):
        load_backbone("resnet999", 256, Settings())


def test_no_torch_between_picture_and_map(backbone: Backbone, model_cache: Path) -> None:
    """Once converted, a backbone is loaded and run without torch."""
    program = f"""
import sys, numpy as np
from core.backbones import load_backbone
from core.detection.patchcore import PatchCore
from core.settings import Settings
backbone = load_backbone("{DEFAULT_BACKBONE}", 256, Settings(model_cache={str(model_cache)!r}))
PatchCore(backbone, np.ones((9, 232))).predict(np.zeros((300, 300, 3), np.uint8))
heavy = {{"torch", "timm", "anomalib", "transformers"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
