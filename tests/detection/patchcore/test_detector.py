from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from anomalib.models.image.patchcore.torch_model import PatchcoreModel

from core.detection.base import Lesson
from core.detection.features import FeatureOptions, load_features, torch_features
from core.detection.patchcore.coreset import greedy_coreset
from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
from core.detection.patchcore.memory_bank import HostMemory, Memory, TorchMemory
from core.domain import Product
from core.domain.errors import CheckpointError, DetectorError, WeightsError
from core.imaging.decoding import checked_image
from core.imaging.picture_files import demo_examples, demo_normals
from core.infrastructure.backbones import DEFAULT_BACKBONE, find_weights
from core.infrastructure.settings import Settings

PRODUCT = Product(dataset="Plant", category="sheet")
# anomalib can cut a network at the ends of its stages only, which blocks.3 is not.
LAYERS = ("blocks.2", "blocks.4")
ANOMALIB = PatchCoreOptions(
    layers=LAYERS, unit_layers=False, maps="anomalib", score="reweighted", bank_size=300
)


@pytest.fixture(scope="module")
def settings(model_cache: Path) -> Settings:
    return Settings(model_cache=model_cache)


def surface(rng: np.random.Generator) -> np.ndarray:
    """A ground metal surface: horizontal streaks, with noise."""
    streaks = cv2.GaussianBlur(rng.normal(140, 25, (400, 480)), (31, 1), 0)
    grey = np.clip(streaks + rng.normal(0, 3, streaks.shape), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def surfaces(settings: Settings) -> Lesson:
    rng = np.random.default_rng(0)
    return Lesson(PRODUCT, [surface(rng) for _ in range(6)], settings)


@pytest.fixture(scope="module")
def cells(settings: Settings) -> tuple[Lesson, list[np.ndarray]]:
    """Real functional cells to learn from, and real cells, good and bad, to judge."""

    def pixels(pictures: list[Any]) -> list[np.ndarray]:
        return [checked_image(settings, item.read(), item.filename).pixels for item in pictures]

    lesson = Lesson(PRODUCT, pixels(demo_normals()[:12]), settings)
    return lesson, pixels(demo_normals()[12:15] + demo_examples()[:5])


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


@pytest.mark.parametrize("memory", [HostMemory, lambda bank: TorchMemory(bank, "cpu")])
def test_memory_finds_the_nearest_patch(memory: Callable[[np.ndarray], HostMemory]) -> None:
    rng = np.random.default_rng(1)
    bank = rng.standard_normal((50, 8)).astype(np.float16)
    patches = rng.standard_normal((20, 8)).astype(np.float32)

    distances, indices = memory(bank).nearest(patches)

    gaps = np.linalg.norm(patches[:, None] - bank.astype(np.float32), axis=2)
    np.testing.assert_allclose(distances, gaps.min(axis=1), rtol=1e-4)
    assert np.array_equal(indices, gaps.argmin(axis=1))
    apart = np.linalg.norm(bank.astype(np.float32) - bank[7].astype(np.float32), axis=1)
    around = memory(bank).around(7, 4)
    np.testing.assert_allclose(around, bank[np.argsort(apart)[:4]].astype(np.float32))


def anomalibs_own(settings: Settings, options: PatchCoreOptions, bank: np.ndarray) -> Any:  # noqa: ANN401
    """anomalib's Patchcore with our backbone's weights and a given bank."""
    model = PatchcoreModel(
        layers=LAYERS,
        backbone="tf_efficientnet_lite0",
        pre_trained=False,
        num_neighbors=options.neighbours,
    )
    weights = find_weights(DEFAULT_BACKBONE, settings).load().state_dict()
    extractor = model.feature_extractor.feature_extractor
    wanted = extractor.state_dict()
    extractor.load_state_dict({name: weights[name] for name in wanted})
    model.memory_bank = torch.from_numpy(bank.astype(np.float32))
    return model.eval()


@pytest.mark.slow
def test_maps_and_scores_are_those_of_anomalib(
    cells: tuple[Lesson, list[np.ndarray]], settings: Settings
) -> None:
    lesson, pictures = cells
    detector = PatchCore.fit(lesson, ANOMALIB)
    model = anomalibs_own(settings, ANOMALIB, detector.memory.bank)
    ours, theirs, scores = [], [], []
    for pixels in pictures:
        small = cv2.resize(pixels, (256, 256), interpolation=cv2.INTER_AREA)
        with torch.no_grad():
            image = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 127.5 - 1
            answer = model(image)
        prediction = detector.predict(small)
        ours.append(prediction.anomaly_map)
        theirs.append(answer.anomaly_map[0, 0].numpy())
        scores.append((prediction.score, float(answer.pred_score)))

    spread = np.ptp([score for _, score in scores])
    assert np.abs(np.stack(ours) - np.stack(theirs)).max() < 1e-3 * spread
    assert np.abs(np.diff(scores)).max() < 1e-3 * spread


def test_openvino_and_torch_agree(settings: Settings) -> None:
    pixels = surface(np.random.default_rng(5))
    options = FeatureOptions(context_layers=None)

    converted = load_features(options, settings)(pixels)
    original = torch_features(options, settings, "cpu")(pixels)

    assert [grid.shape for grid in converted] == [(32, 32, 232), (16, 16, 304)]
    for ours, torchs in zip(converted, original, strict=True):
        np.testing.assert_allclose(ours, torchs, atol=1e-4)
    lengths = [np.linalg.norm(part, axis=2) for part in np.split(converted[0], [40, 120], axis=2)]
    np.testing.assert_allclose(lengths, 1, atol=1e-4)


@pytest.mark.parametrize("options", [PatchCoreOptions(), ANOMALIB], ids=["default", "anomalib"])
def test_a_scratch_is_found_where_it_is(surfaces: Lesson, options: PatchCoreOptions) -> None:
    rng = np.random.default_rng(9)
    detector = PatchCore.fit(surfaces, options)
    scratched = surface(rng)
    cv2.line(scratched, (300, 60), (380, 140), (20, 20, 20), 5)

    good, bad = detector.predict(surface(rng)), detector.predict(scratched)

    assert bad.anomaly_map.shape == (400, 480)
    assert bad.anomaly_map.dtype == np.float32
    assert bad.score > 1.2 * good.score
    y, x = np.unravel_index(bad.anomaly_map.argmax(), bad.anomaly_map.shape)
    assert 280 < x < 400
    assert 40 < y < 160


def test_coreset_ratio_sets_the_size_of_the_bank(surfaces: Lesson) -> None:
    detector = PatchCore.fit(surfaces, PatchCoreOptions(coreset_ratio=0.01))

    assert len(detector.memory.bank) == round(0.01 * 6 * 32 * 32)


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        pytest.param("wide_resnet50_2", marks=pytest.mark.slow),
        pytest.param("mobilenetv3_small_050", marks=pytest.mark.slow),
    ],
)
def test_any_backbone_of_timm_with_weights_in_a_folder(
    surfaces: Lesson, tmp_path: Path, name: str
) -> None:
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file(timm.create_model(name).state_dict(), tmp_path / f"{name}.safetensors")
    own = Settings(ad_weights_dir=tmp_path, model_cache=tmp_path / "models")
    options = PatchCoreOptions(backbone=name, input_size=64, bank_size=50)

    detector = PatchCore.fit(Lesson(PRODUCT, surfaces.normals[:2], own), options)

    assert detector.backbone_name == name
    assert np.isfinite(detector.predict(surfaces.normals[3]).score)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ({"conv1.weight": torch.full((64, 3, 7, 7), torch.nan)}, "not finite"),
        ({"other": torch.zeros(3)}, "does not hold the weights of resnet18"),
        (None, "does not hold the weights of resnet18"),
    ],
)
def test_damaged_weights_are_named(
    tmp_path: Path, contents: dict[str, torch.Tensor] | None, sentence: str
) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "resnet18.safetensors"
    if contents is None:
        path.write_bytes(b"damaged")
    else:
        save_file(contents, path)
    own = Settings(ad_weights_dir=tmp_path, model_cache=tmp_path / "models")

    with pytest.raises(WeightsError, match=sentence):
        load_features(FeatureOptions(backbone="resnet18"), own)


def test_missing_weights_name_the_three_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(
        WeightsError, match=r"package .* resnet18.safetensors in the folder AD_WEIGHTS_DIR, or a"
    ):
        load_features(FeatureOptions(backbone="resnet18"), Settings(model_cache=tmp_path))


def test_unknown_backbone_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"'resnet999' is not known. Name one of efficient"):
        load_features(FeatureOptions(backbone="resnet999"), Settings(model_cache=tmp_path))


def test_cuda_without_a_device_is_said(model_cache: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(DetectorError, match="DEVICE is cuda, but torch sees no CUDA device"):
        load_features(FeatureOptions(), Settings(model_cache=model_cache, device="cuda"))


def test_no_torch_between_picture_and_map(surfaces: Lesson, model_cache: Path) -> None:
    """Once converted, a backbone is loaded and run without torch."""
    load_features(FeatureOptions(), surfaces.settings)
    program = f"""
import sys, numpy as np
from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
from core.infrastructure.settings import Settings
own = Settings(model_cache={str(model_cache)!r})
detector = PatchCore(np.ones((9, 232)), PatchCoreOptions(), own, np.ones((9, 304)))
detector.predict(np.zeros((300, 300, 3), np.uint8))
heavy = {{"torch", "timm", "anomalib", "transformers"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("memory", [HostMemory, lambda bank: TorchMemory(bank, "cpu")])
def test_a_bank_of_another_network_is_refused(
    memory: Callable[[np.ndarray], Memory],
) -> None:
    bank = np.ones((10, 200), np.float16)

    with pytest.raises(CheckpointError, match="patches of 200 numbers, but its network gives 232"):
        memory(bank).nearest(np.ones((4, 232), np.float32))
