"""Our PatchCore against anomalib's own, side by side in one run."""

from __future__ import annotations

import gc
import importlib.metadata
import os
import platform
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from pydantic import Field

from core.backbones import DEFAULT_BACKBONE, find_weights
from core.detection.base import Lesson, OnProgress
from core.detection.patchcore import PatchCore, PatchCoreOptions
from core.domain import Frozen, Product
from core.evaluation.datasets import Dataset
from core.images import load_image
from core.settings import Settings
from core.sources import PictureFile
from core.teaching import teach
from core.workbench import Workbench

if TYPE_CHECKING:
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

INPUT_SIZE = 256
# anomalib can cut this network at the ends of its stages only.
LAYERS = ("blocks.2", "blocks.4")
CORESET_RATIO = 0.01
BATCH = 8
WARM_UP = 3
FURTHER_PRODUCTS = 20
COMPARED = ("openvino", "torch", "anomalib", "numpy")


class SpeedFigures(Frozen):
    """Times in seconds unless named otherwise; `anomalib` stands for its torch model."""

    dataset: str
    train_normals: int
    test_pictures: int
    machine: str
    versions: dict[str, str]
    learn: float
    learn_anomalib: float
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
    dataset: Dataset, settings: Settings, *, on_progress: OnProgress
) -> SpeedFigures:
    """Learn, inspect and load with both, on the same pictures, weights, layers and coreset ratio.

    Pictures are decoded before any clock runs. Inspections alternate picture by picture; each
    side resizes for itself and ends at a map of the picture's size and a score.

    Raises:
        InspectionError: if the set cannot be used.
    """
    from sklearn.metrics import roc_auc_score

    normals = [_pixels(picture, settings) for picture in dataset.train]
    tests = [_pixels(item.picture, settings) for item in dataset.test]
    labels = [item.is_defective for item in dataset.test]
    options = PatchCoreOptions(
        input_size=INPUT_SIZE,
        layers=LAYERS,
        coreset_ratio=CORESET_RATIO,
        unit_layers=False,
        maps="anomalib",
        score="reweighted",
    )
    product = Product.from_key("evaluation/set")
    # Both sides have their network ready before the clock runs.
    PatchCore.fit(Lesson(product, normals[:1], settings), options)
    theirs = _anomalib(settings)
    on_progress("Learn", 0)
    start = time.perf_counter()
    ours = PatchCore.fit(Lesson(product, normals, settings), options)
    learn = time.perf_counter() - start
    on_progress("Learn with anomalib", 0.3)
    start = time.perf_counter()
    _learn(theirs, normals)
    learn_anomalib = time.perf_counter() - start

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
        versions={name: importlib.metadata.version(name) for name in COMPARED},
        learn=learn,
        learn_anomalib=learn_anomalib,
        inspect_median_ms=1000 * float(np.median(times["ours"])),
        inspect_p95_ms=1000 * float(np.percentile(times["ours"], 95)),
        inspect_median_ms_anomalib=1000 * float(np.median(times["theirs"])),
        inspect_p95_ms_anomalib=1000 * float(np.percentile(times["theirs"], 95)),
        image_auroc=float(roc_auc_score(labels, scores["ours"])),
        image_auroc_anomalib=float(roc_auc_score(labels, scores["theirs"])),
        load_median_ms=load_ms,
        product_mb=product_mb,
        product_mb_anomalib=_memory_of_anomalibs(theirs),
    )


def _pixels(picture: PictureFile, settings: Settings) -> np.ndarray:
    return load_image(
        picture.read(),
        picture.filename,
        max_bytes=settings.max_image_bytes,
        max_pixels=settings.max_image_pixels,
    ).pixels


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
    """Median time in ms to load a taught product, and the memory in MB that each takes."""
    with tempfile.TemporaryDirectory() as scratch:
        aside = settings.model_copy(
            update={
                "data_dir": Path(scratch),
                "database_url": None,
                "ad_checkpoint_dir": Path(scratch) / "checkpoints",
                "model_cache": settings.model_cache_dir,
            }
        )
        with Workbench(aside) as bench:
            first = Product.from_key("evaluation/0")
            teach(bench, first, pictures)
            bench.taught(first)
            source = aside.ad_checkpoint_dir / "evaluation" / "0"
            products = [Product.from_key(f"evaluation/{n}") for n in range(1, FURTHER_PRODUCTS + 1)]
            for product in products:
                shutil.copytree(source, source.with_name(product.category))
            timed, weighed = products[: len(products) // 2], products[len(products) // 2 :]
            times = []
            for product in timed:
                start = time.perf_counter()
                bench.taught(product)
                times.append(time.perf_counter() - start)
            tracemalloc.start()
            for product in weighed:
                bench.taught(product)
            gc.collect()
            taken, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    return 1000 * float(np.median(times)), taken / len(weighed) / 1e6


def _memory_of_anomalibs(model: PatchcoreModel) -> float:
    """What its tensors take, in MB."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return sum(tensor.nbytes for tensor in tensors.values()) / 1e6


def machine() -> str:
    """Processor, system and Python, for figures to be compared by."""
    processor = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    return f"{os.cpu_count()} cores of {processor}, {platform.system()}, Python " + (
        platform.python_version()
    )


def speed_table(figures: SpeedFigures) -> str:
    """The comparison as a Markdown table, with the machine under it."""
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
        f"{CORESET_RATIO:.0%}. {f.machine}; {versions}."
    )
