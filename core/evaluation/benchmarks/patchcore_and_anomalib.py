"""Compare our PatchCore with anomalib's, side by side in one run."""

from __future__ import annotations

import contextlib
import gc
import io
import shutil
import time
import tracemalloc
import warnings
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from pydantic import Field

from core.detection.base import Lesson
from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
from core.domain import Frozen, Product
from core.domain.errors import EvaluationError
from core.evaluation.benchmarks.environment import machine, versions_of
from core.evaluation.detection.metrics import image_auroc
from core.evaluation.detection.samples import Dataset
from core.evaluation.temporary_station import temporary_station
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.infrastructure.backbones import DEFAULT_BACKBONE, find_weights
from core.infrastructure.settings import Settings
from core.services.teaching import teach

if TYPE_CHECKING:
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

INPUT_SIZE = 256
# anomalib can take features of this network only at the ends of its stages.
LAYERS = ("blocks.2", "blocks.4")
CORESET_RATIO = 0.01
OPTIONS = PatchCoreOptions(
    input_size=INPUT_SIZE,
    layers=LAYERS,
    coreset_ratio=CORESET_RATIO,
    unit_layers=False,
    maps="anomalib",
    score="reweighted",
)
BATCH = 8
ROUNDS = 3
WARM_UP = 3
FURTHER_PRODUCTS = 20
COMPARED_PACKAGES = ("openvino", "torch", "anomalib", "numpy")


class SpeedFigures(Frozen):
    """Times in seconds unless named otherwise; `anomalib` stands for its torch model."""

    dataset: str
    train_normals: int
    test_pictures: int
    machine: str
    versions: dict[str, str]
    rounds: int = Field(description="of learning, by both sides in turn")
    learn: float = Field(description="median of the rounds")
    learn_anomalib: float = Field(description="the same")
    inspect_median_ms: float
    inspect_p95_ms: float
    inspect_median_ms_anomalib: float
    inspect_p95_ms_anomalib: float
    image_auroc: float
    image_auroc_anomalib: float
    load_median_ms: float = Field(description="of a taught product, its backbone loaded")
    product_mb: float = Field(description="memory that each further product takes")
    product_mb_anomalib: float


def compare_patchcores(
    dataset: Dataset,
    settings: Settings,
    *,
    rounds: int = ROUNDS,
    on_progress: Callable[[str, float], object],
) -> SpeedFigures:
    """Time both on the same pictures, with equal weights, layers and coreset ratio.

    Pictures are decoded before timing. The two sides alternate: round by round in learning, picture
    by picture in inspecting. Each does its own resizing and returns a score and a map of the
    picture's size.

    Args:
        dataset: with good and defective test pictures.
        settings: name the weights; the records and checkpoints they name stay unchanged.
        rounds: number of rounds of learning.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        InspectionError: if the set cannot be used.
    """
    normals = [_pixels(picture, settings) for picture in dataset.train]
    tests = [_pixels(item.picture, settings) for item in dataset.test]
    labels = np.array([item.is_defective for item in dataset.test])
    if labels.all() or not labels.any():
        raise EvaluationError(
            f"{dataset.name} must have both good and defective test pictures. Name a set that does."
        )
    product = Product.from_key("evaluation/set")
    # Load both networks before timing.
    PatchCore.fit(Lesson(product, normals[:1], settings), OPTIONS)
    learn: dict[str, list[float]] = {"ours": [], "theirs": []}
    for done in range(rounds):
        on_progress("Learn with both", done / rounds)
        start = time.perf_counter()
        ours = PatchCore.fit(Lesson(product, normals, settings), OPTIONS)
        learn["ours"].append(time.perf_counter() - start)
        theirs = _anomalib(settings)
        start = time.perf_counter()
        _learn(theirs, normals)
        learn["theirs"].append(time.perf_counter() - start)

    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    scores: dict[str, list[float]] = {"ours": [], "theirs": []}
    for done, pixels in enumerate([*tests[:WARM_UP], *tests]):
        on_progress("Inspect with both", done / (len(tests) + WARM_UP))
        for name in ("ours", "theirs"):
            start = time.perf_counter()
            score = ours.predict(pixels).score if name == "ours" else _inspect(theirs, pixels)
            if done >= WARM_UP:
                times[name].append(time.perf_counter() - start)
                scores[name].append(score)
    load_ms, product_mb = _further_products(dataset.train, settings)
    return SpeedFigures(
        dataset=dataset.name,
        train_normals=len(normals),
        test_pictures=len(tests),
        machine=machine(),
        versions=versions_of(COMPARED_PACKAGES),
        rounds=rounds,
        learn=float(np.median(learn["ours"])),
        learn_anomalib=float(np.median(learn["theirs"])),
        inspect_median_ms=1000 * float(np.median(times["ours"])),
        inspect_p95_ms=1000 * float(np.percentile(times["ours"], 95)),
        inspect_median_ms_anomalib=1000 * float(np.median(times["theirs"])),
        inspect_p95_ms_anomalib=1000 * float(np.percentile(times["theirs"], 95)),
        image_auroc=image_auroc(np.array(scores["ours"]), labels),
        image_auroc_anomalib=image_auroc(np.array(scores["theirs"]), labels),
        load_median_ms=load_ms,
        product_mb=product_mb,
        product_mb_anomalib=_memory_of_anomalibs(theirs),
    )


def _pixels(picture: PictureFile, settings: Settings) -> np.ndarray:
    return checked_image(settings, picture.read(), picture.filename).pixels


@contextlib.contextmanager
def _without_chatter() -> Generator[None]:
    """Suppress progress bars and warnings of libraries; errors are still raised."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@_without_chatter()
def _anomalib(settings: Settings) -> PatchcoreModel:
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    model = PatchcoreModel(layers=LAYERS, backbone="tf_efficientnet_lite0", pre_trained=False)
    extractor: Any = model.feature_extractor.feature_extractor
    weights = find_weights(DEFAULT_BACKBONE, settings).load().state_dict()
    extractor.load_state_dict({name: weights[name] for name in extractor.state_dict()})
    return model


def _tensor(pictures: Sequence[np.ndarray]) -> Any:  # noqa: ANN401 - a torch tensor
    import torch

    side = (INPUT_SIZE, INPUT_SIZE)
    small = [cv2.resize(pixels, side, interpolation=cv2.INTER_AREA) for pixels in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 127.5 - 1


@_without_chatter()
def _learn(model: PatchcoreModel, normals: Sequence[np.ndarray]) -> None:
    model.train()
    model.feature_extractor.eval()
    for start in range(0, len(normals), BATCH):
        model(_tensor(normals[start : start + BATCH]))
    model.subsample_embedding(CORESET_RATIO)
    model.eval()


def _inspect(model: PatchcoreModel, pixels: np.ndarray) -> float:
    import torch

    with torch.inference_mode():
        answer = model(_tensor([pixels]))
        cv2.resize(answer.anomaly_map[0, 0].numpy(), pixels.shape[1::-1])
        return float(answer.pred_score)


def _further_products(pictures: Sequence[PictureFile], settings: Settings) -> tuple[float, float]:
    """Measure the median time in ms to load a taught product, and its memory in MB.

    The memory banks use the compared options, but without the normals that teaching holds out.
    """
    with temporary_station(settings) as station:
        first = Product.from_key("evaluation/0")
        teach(station, first, pictures, options=OPTIONS.model_dump())
        station.taught(first)
        source = station.settings.ad_checkpoint_dir / "evaluation" / "0"
        products = [Product.from_key(f"evaluation/{n}") for n in range(1, FURTHER_PRODUCTS + 1)]
        for product in products:
            shutil.copytree(source, source.with_name(product.category))
        timed, weighed = products[: len(products) // 2], products[len(products) // 2 :]
        times = []
        for product in timed:
            start = time.perf_counter()
            station.taught(product)
            times.append(time.perf_counter() - start)
        tracemalloc.start()
        for product in weighed:
            station.taught(product)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return 1000 * float(np.median(times)), taken / len(weighed) / 1e6


def _memory_of_anomalibs(model: PatchcoreModel) -> float:
    """Measure the memory of the model's tensors in MB."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return sum(tensor.nbytes for tensor in tensors.values()) / 1e6


def speed_table(figures: SpeedFigures) -> str:
    """Render the comparison as a Markdown table, with the machine below it."""
    f = figures
    rows = [
        ("learn", f"{f.learn:.1f} s", f"{f.learn_anomalib:.1f} s", f.learn_anomalib / f.learn),
        (
            "inspect a picture, median",
            f"{f.inspect_median_ms:.1f} ms",
            f"{f.inspect_median_ms_anomalib:.1f} ms",
            f.inspect_median_ms_anomalib / f.inspect_median_ms,
        ),
        (
            "inspect a picture, 95th percentile",
            f"{f.inspect_p95_ms:.1f} ms",
            f"{f.inspect_p95_ms_anomalib:.1f} ms",
            f.inspect_p95_ms_anomalib / f.inspect_p95_ms,
        ),
        (
            "memory of each further product",
            f"{f.product_mb:.1f} MB",
            f"{f.product_mb_anomalib:.1f} MB",
            f.product_mb_anomalib / f.product_mb,
        ),
    ]
    lines = ["| | ours | anomalib's | ratio |", "|---|---|---|---|"]
    lines += [f"| {name} | {ours} | {theirs} | {ratio:.1f} |" for name, ours, theirs, ratio in rows]
    lines += [
        f"| image AUROC | {f.image_auroc:.4f} | {f.image_auroc_anomalib:.4f} | |",
        f"| load a taught product, median | {f.load_median_ms:.1f} ms | | |",
    ]
    versions = ", ".join(f"{name} {version}" for name, version in f.versions.items())
    return "\n".join(lines) + (
        f"\n\n{f.dataset}: {f.train_normals} normals, {f.test_pictures} test pictures at "
        f"{INPUT_SIZE} px; EfficientNet-Lite0, {' and '.join(LAYERS)}, coreset "
        f"{CORESET_RATIO:.0%}; learned {f.rounds} times in turn, median. {f.machine}; {versions}."
    )
