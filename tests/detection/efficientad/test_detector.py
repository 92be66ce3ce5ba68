from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import torch
from anomalib.models.image.efficient_ad.lightning_model import EfficientAd as AnomalibsOwn
from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel
from safetensors.torch import save_file

from core.detection.base import Lesson
from core.detection.efficientad.detector import EfficientAd, EfficientAdOptions
from core.detection.efficientad.export import (
    check_export,
    check_parity,
    export,
    open_program,
    whole_network,
)
from core.detection.efficientad.last_layer import normalised_teacher, solve_last_layer
from core.detection.efficientad.optimizer import start_from
from core.detection.efficientad.teacher import prepare_teacher
from core.detection.efficientad.training import (
    channel_mean_std,
    map_quantiles,
    step_loss,
)
from core.domain import Product
from core.domain.errors import CheckpointError, DetectorError, WeightsError
from core.infrastructure.settings import Settings

PRODUCT = Product(dataset="Plant", category="weave")
FEW = EfficientAdOptions(max_steps=2)
SHORT = EfficientAdOptions(max_steps=4, distillation_steps=4, check_every=2, validation_share=0.3)


def weave(rng: np.random.Generator) -> np.ndarray:
    """A woven surface, uint8 (200, 240, 3)."""
    y, x = np.mgrid[0:200, 0:240]
    shift = rng.uniform(0, 6, 2)
    pattern = 128 + 60 * np.sin((x + shift[0]) / 4) * np.sin((y + shift[1]) / 4)
    grey = np.clip(pattern + rng.normal(0, 4, pattern.shape), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def torn(rng: np.random.Generator) -> np.ndarray:
    """The same with a hole around (x, y) = (150, 80)."""
    pixels = weave(rng)
    cv2.circle(pixels, (150, 80), 18, (15, 15, 15), -1)
    return pixels


def lesson(settings: Settings, count: int = 6, seed: int = 0) -> Lesson:
    rng = np.random.default_rng(0)
    return Lesson(PRODUCT, [weave(rng) for _ in range(count)], settings, seed)


# Training takes a minute: whoever asks for it is of the slow tier.
@pytest.fixture(scope="module", params=[pytest.param("trained", marks=pytest.mark.slow)])
def trained(model_cache: Path) -> EfficientAd:
    """Really trained, with a teacher distilled on its own pictures."""
    return EfficientAd.fit(lesson(Settings(model_cache=model_cache)), SHORT)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose weights folder holds a teacher; one that was never trained."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    weights = EfficientAdModel().teacher.state_dict()
    save_file(weights, folder / "efficientad_teacher_small.safetensors")
    return Settings(ad_weights_dir=folder, model_cache=folder / "models")


@pytest.fixture(scope="module")
def hardly_trained(published: Settings) -> EfficientAd:
    """Trained for a few steps, from a published teacher."""
    return EfficientAd.fit(lesson(published, 2), FEW)


class Hasty(NamedTuple):
    """A detector that was trained until its time was up, and what was told of its progress."""

    detector: EfficientAd
    steps: list[tuple[str, float]]


@pytest.fixture(scope="module")
def hasty(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Hasty:
    """Trained against natural pictures, for some seconds."""
    folder = tmp_path_factory.mktemp("natural")
    assert published.ad_weights_dir is not None
    shutil.copytree(published.ad_weights_dir, folder, dirs_exist_ok=True)
    (folder / "imagenette" / "dog").mkdir(parents=True)
    cv2.imwrite(str(folder / "imagenette/dog/1.JPEG"), torn(np.random.default_rng(0)))
    own = Settings(ad_weights_dir=folder)
    steps: list[tuple[str, float]] = []
    until_time_is_up = Lesson(
        PRODUCT,
        lesson(own, 2).normals,
        own,
        on_progress=lambda step, share: steps.append((step, share)),
    )
    options = EfficientAdOptions(max_steps=10**6, time_limit_s=4)
    return Hasty(EfficientAd.fit(until_time_is_up, options), steps)


@pytest.fixture(scope="module")
def model() -> EfficientAdModel:
    """anomalib's network, not trained, with the statistics of a few pictures."""
    torch.manual_seed(1)
    network = EfficientAdModel()
    network.mean_std.update(channel_mean_std(network, pictures(2)))
    network.eval()
    network.quantiles.update(map_quantiles(network, pictures(2)))
    return network


def pictures(count: int) -> list[torch.Tensor]:
    rng = np.random.default_rng(5)
    seen = [cv2.resize(weave(rng), (256, 256)) for _ in range(count)]
    return [torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255 for pixels in seen]


def test_a_hole_is_found_where_it_is(trained: EfficientAd) -> None:
    rng = np.random.default_rng(9)
    normals = [trained.predict(pixels).score for pixels in lesson(Settings()).normals]
    fresh = [trained.predict(weave(rng)).score for _ in range(6)]

    bad = trained.predict(torn(rng))

    assert bad.anomaly_map.shape == (200, 240)
    assert bad.anomaly_map.dtype == np.float32
    assert bad.score == bad.anomaly_map.max() > max(normals + fresh)
    assert min(normals + fresh) > 0
    y, x = np.unravel_index(bad.anomaly_map.argmax(), bad.anomaly_map.shape)
    assert abs(x - 150) < 35
    assert abs(y - 80) < 35


def test_facts_say_how_it_was_trained(trained: EfficientAd) -> None:
    facts = trained.facts()

    assert facts["teacher"].startswith(
        "distilled from efficientnet_lite0 on the product's own images (4 steps, last loss "
    )
    assert facts["out-of-distribution pictures"].startswith("the product's own pictures, turned")
    assert facts["training"].startswith("4 steps of 4, ended by all steps; validation loss ")
    assert "of the map's range at most, on 12 pictures" in facts["export"]


def test_a_saved_detector_predicts_as_it_did(trained: EfficientAd) -> None:
    pixels = torn(np.random.default_rng(2))
    files = trained.save()

    again = EfficientAd.load(files, trained.options, Settings())

    assert set(files) == {"model.xml", "model.bin", "facts.json"}
    assert np.array_equal(again.predict(pixels).anomaly_map, trained.predict(pixels).anomaly_map)
    assert again.facts() == trained.facts()
    assert again.save() == files


def broken(files: Mapping[str, bytes], how: str) -> dict[str, bytes]:
    weights = bytearray(files["model.bin"])
    if how == "not finite":
        middle = len(weights) // 8 * 4
        # Constants begin at any byte: these bits are no number wherever one begins.
        weights[middle : middle + 4000] = b"\xff" * 4000
        return {**files, "model.bin": bytes(weights)}
    if how == "cut":
        return {**files, "model.bin": bytes(weights[:1000])}
    if how == "xml":
        return {**files, "model.xml": b"<net>"}
    return {name: data for name, data in files.items() if name != how}


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("not finite", "numbers that are not finite, in "),
        ("cut", "missing or damaged"),
        ("xml", "missing or damaged"),
        ("model.bin", "missing or damaged"),
        ("facts.json", "facts.json is missing or damaged"),
    ],
)
def test_damaged_files_are_refused(trained: EfficientAd, how: str, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        EfficientAd.load(broken(trained.save(), how), trained.options, Settings())


def test_files_of_another_size_are_refused(trained: EfficientAd) -> None:
    with pytest.raises(CheckpointError, match=r"takes pictures of \(1, 256, 256, 3\), not of 288"):
        EfficientAd.load(trained.save(), EfficientAdOptions(input_size=288), Settings())


def test_no_torch_between_files_and_map(trained: EfficientAd, tmp_path: Path) -> None:
    for name, data in trained.save().items():
        (tmp_path / name).write_bytes(data)
    program = f"""
import sys, numpy as np
from pathlib import Path
from core.detection.efficientad.detector import EfficientAd, EfficientAdOptions
from core.infrastructure.settings import Settings
files = {{path.name: path.read_bytes() for path in Path({str(tmp_path)!r}).iterdir()}}
detector = EfficientAd.load(files, EfficientAdOptions(), Settings())
detector.predict(np.zeros((300, 300, 3), np.uint8))
heavy = {{"torch", "timm", "anomalib", "transformers"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_same_lesson_gives_the_same_detector(
    hardly_trained: EfficientAd, published: Settings
) -> None:
    pixels = torn(np.random.default_rng(2))

    again, another = (EfficientAd.fit(lesson(published, 2, seed), FEW) for seed in (0, 1))

    one, same, other = (
        detector.predict(pixels).anomaly_map for detector in (hardly_trained, again, another)
    )

    np.testing.assert_allclose(one, same, atol=1e-3 * np.ptp(one))
    assert np.abs(one - other).max() > 1e-2 * np.ptp(one)


@pytest.mark.slow
def test_training_stops_at_the_time_limit(hasty: Hasty) -> None:
    assert "of 1000000, ended by the time limit" in hasty.detector.facts()["training"]
    shares = [share for step, share in hasty.steps if step == "Train the student"]
    assert shares
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.slow
def test_training_stops_when_nothing_is_gained(published: Settings) -> None:
    idle = EfficientAdOptions(learning_rate=1e-12, check_every=1, patience=2)

    detector = EfficientAd.fit(lesson(published, 2), idle)

    assert detector.facts()["training"].startswith(
        "3 steps of 200, ended by no further gain in 2 steps"
    )


@pytest.mark.slow
def test_a_published_teacher_is_taken(hardly_trained: EfficientAd) -> None:
    assert hardly_trained.facts()["teacher"].startswith(
        "published weights efficientad_teacher_small.safetensors (sha256 "
    )


def test_a_published_teacher_as_anomalib_ships_it(tmp_path: Path) -> None:
    torch.manual_seed(4)
    theirs, ours = EfficientAdModel().teacher, EfficientAdModel().teacher
    torch.save(theirs.state_dict(), tmp_path / "pretrained_teacher_small.pth")

    fact = prepare_teacher(ours, lesson(Settings(ad_weights_dir=tmp_path)), 256, 1, 1)

    assert fact.startswith("published weights pretrained_teacher_small.pth (sha256 ")
    for name, values in theirs.state_dict().items():
        assert torch.equal(values, ours.state_dict()[name])


class Payload:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("unpickled",)


@pytest.mark.parametrize("contents", [b"damaged", {"other": torch.zeros(3)}, Payload(), "nan"])
def test_a_damaged_teacher_is_named(tmp_path: Path, contents: object) -> None:
    teacher = EfficientAdModel().teacher
    path = tmp_path / "pretrained_teacher_small.pth"
    if isinstance(contents, bytes):
        path.write_bytes(contents)
    elif contents == "nan":
        nan = {name: values * torch.nan for name, values in teacher.state_dict().items()}
        torch.save(nan, path)
    else:
        torch.save(contents, path)

    with pytest.raises(WeightsError, match=r"pretrained_teacher_small\.pth .*Get the file again"):
        prepare_teacher(teacher, lesson(Settings(ad_weights_dir=tmp_path)), 256, 1, 1)


@pytest.mark.slow
def test_natural_pictures_are_used_where_they_are(hasty: Hasty) -> None:
    assert hasty.detector.facts()["out-of-distribution pictures"] == (
        "1 natural pictures of the folder imagenette"
    )


def test_one_picture_is_not_enough(published: Settings) -> None:
    with pytest.raises(DetectorError, match="2 good pictures or more, but got 1"):
        EfficientAd.fit(lesson(published, 1), EfficientAdOptions())


@pytest.mark.slow
def test_statistics_are_those_of_anomalib(model: EfficientAdModel) -> None:
    theirs = AnomalibsOwn()
    theirs.model = model
    seen = pictures(3)
    batches: Any = [SimpleNamespace(image=image, gt_label=torch.zeros(1)) for image in seen]

    for name, values in theirs.teacher_channel_mean_std(batches).items():
        ours = channel_mean_std(model, seen)[name]
        torch.testing.assert_close(ours, values, rtol=1e-3, atol=1e-5)
    labelled: Any = [SimpleNamespace(image=image[None], gt_label=torch.zeros(1)) for image in seen]
    for name, values in theirs.map_norm_quantiles(labelled).items():
        torch.testing.assert_close(map_quantiles(model, seen)[name], values)


def test_the_loss_is_of_anomalibs_distances(model: EfficientAdModel) -> None:
    """On a window as large as the picture, of all places instead of the hardest."""
    picture, strange = pictures(2)
    with torch.no_grad():
        followed, distance = model.compute_student_teacher_distance(picture)
        rebuilt = model.ae(picture, picture.shape[-2:])
        taught = normalised_teacher(model, picture)
        theirs = (
            distance.mean()
            + (model.student(strange)[:, :384] ** 2).mean()
            + ((taught - rebuilt) ** 2).mean()
            + ((rebuilt - followed[:, 384:]) ** 2).mean()
        )
        ours = step_loss(model, picture, strange, np.random.default_rng(0))

    torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=0)


@pytest.mark.slow
def test_the_last_layer_is_solved(model: EfficientAdModel) -> None:
    """Its loss on what it is solved on falls as no hundred steps would make it."""
    solved = deepcopy(model)
    start_from(solved.student, torch.cat(pictures(2)))
    shown = [(picture, False) for picture in pictures(6)]
    before = solved.get_maps(shown[0][0])

    solve_last_layer(solved, shown, np.random.default_rng(0))

    for old, new in zip(before, solved.get_maps(shown[0][0]), strict=True):
        assert new.mean() < old.mean() / 20


@pytest.mark.slow
def test_an_export_that_answers_otherwise_is_refused(model: EfficientAdModel) -> None:
    rng = np.random.default_rng(0)
    normals = [cv2.resize(weave(rng), (256, 256)) for _ in range(2)]
    network = whole_network(model)
    program = open_program(export(network, 256), 256)

    assert check_export(network, program, normals) < 1e-4
    with torch.no_grad():
        network.get_parameter("model.student.conv4.bias").add_(0.01)
    try:
        with pytest.raises(DetectorError, match=r"differs from torch's by .*: it is not exported"):
            check_export(network, program, normals)
    finally:
        with torch.no_grad():
            network.get_parameter("model.student.conv4.bias").sub_(0.01)


def test_parity_is_exact_about_its_tolerance() -> None:
    maps = [np.linspace(0, 2, 12, dtype=np.float32).reshape(3, 4)] * 2

    def moved(by: float) -> list[np.ndarray]:
        changed = maps[1].copy()
        changed[1, 1] += by
        return [maps[0], changed]

    assert check_parity(maps, maps) == 0
    assert check_parity(maps, moved(0.0015)) == pytest.approx(0.00075, rel=1e-2)
    for exported in (moved(0.0025), moved(float("nan")), [maps[0], maps[1] * 1.01]):
        with pytest.raises(DetectorError, match="it is not exported"):
            check_parity(maps, exported)
    with pytest.raises(DetectorError, match=r"maps of shape \(4, 3\), torch with \(3, 4\)"):
        check_parity(maps, [values.T for values in maps])
