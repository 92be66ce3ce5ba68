"""Teaching a product from pictures of good parts."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from core.backbones import DEFAULT_BACKBONE, Backbone, load_backbone
from core.detection.calibration import Calibration, calibrate
from core.detection.checkpoints import EXEMPLARS_FILE, Card, TaughtImage, save_version
from core.detection.patchcore import ALGORITHM, CANDIDATES, PatchCore
from core.domain import DetectorRef, Product
from core.errors import ImageError, ProductError
from core.images import CheckedImage, load_image
from core.retrieval.exemplars import ExemplarIndex
from core.sources import PictureFile
from core.workbench import Workbench

INPUT_SIZE = 256
FEWEST_NORMALS = 5
HELD_OUT_SHARE = 0.3
# From here on more held-out normals would say little more about the threshold (1 % at 95 %).
MOST_HELD_OUT = 300
ASPECT_TOLERANCE = 0.05
LIBRARIES = ("openvino", "numpy", "opencv-python-headless", "safetensors")

OnProgress = Callable[[str, float], object]


@dataclass
class _Normals:
    """Accepted normal pictures and what was computed of them."""

    images: list[TaughtImage] = field(default_factory=list)
    patches: list[np.ndarray] = field(default_factory=list)
    pooled: list[np.ndarray] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def teach(
    bench: Workbench,
    product: Product,
    pictures: Sequence[PictureFile],
    *,
    seed: int = 0,
    on_progress: OnProgress = lambda step, share: None,
) -> Card:
    """Teach a product from pictures of good parts and make the new detector the active one.

    A seeded share of the pictures is kept out of the memory bank: the threshold and its
    false-alarm rate come from these alone. An interruption leaves the active version as it was.

    Args:
        bench: where records and files are.
        product: taught anew when it has a detector already (as a further version).
        pictures: of good parts only; unreadable ones and duplicates are skipped and named.
        seed: of every random choice.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if fewer than 5 different good pictures remain.
        WeightsError, CheckpointError, RecordsError: if the backbone, the checkpoint folder or
            the records cannot be used.
    """
    clock = _Clock()
    backbone = load_backbone(DEFAULT_BACKBONE, INPUT_SIZE, bench.settings)
    clock.lap("load backbone")
    normals = _embed(bench, backbone, pictures, seed, on_progress)
    clock.lap("check and embed")
    if len(normals.images) < FEWEST_NORMALS:
        raise ProductError(_too_few(product, normals))

    held_out = _choose_held_out(len(normals.images), seed)
    bank_patches = [part for i, part in enumerate(normals.patches) if i not in held_out]
    detector = PatchCore.fit(
        backbone,
        np.concatenate(bank_patches),
        seed=seed,
        on_progress=lambda share: on_progress("Build the memory bank", share),
    )
    clock.lap("memory bank")
    calibration = _calibrate(bench, detector, normals, held_out, on_progress)
    clock.lap("calibrate")

    now = datetime.now(UTC)
    card = Card(
        product=product,
        detector=DetectorRef(
            algorithm=ALGORITHM, version=f"{now:%Y%m%d-%H%M%S-%f}", backbone=backbone.name
        ),
        created_at=now,
        input_size=INPUT_SIZE,
        bank_shape=detector.bank.shape,
        seed=seed,
        images=tuple(
            image.model_copy(update={"use": "held out" if i in held_out else "bank"})
            for i, image in enumerate(normals.images)
        ),
        skipped=tuple(normals.skipped),
        notices=_notices(normals),
        figures=_figures(calibration, normals),
        seconds=clock.laps,
        versions=_versions(),
    )
    index = ExemplarIndex(
        np.stack(normals.pooled),
        [image.sha256 for image in normals.images],
        [image.filename for image in normals.images],
    )
    card = save_version(
        bench.settings, card, calibration, detector, {EXEMPLARS_FILE: index.to_bytes()}
    )
    bench.records.save_product(product)
    bench.records.add_event(
        "product taught",
        product.key,
        {"version": card.detector.version, "images": len(card.images), "skipped": card.skipped},
    )
    on_progress("Done", 1)
    return card


def _embed(
    bench: Workbench,
    backbone: Backbone,
    pictures: Sequence[PictureFile],
    seed: int,
    on_progress: OnProgress,
) -> _Normals:
    """Check, store and embed each picture, naming those that are skipped."""
    normals = _Normals()
    first_names: dict[str, str] = {}
    rng = np.random.default_rng(seed)
    # No more patches than the bank is chosen from: memory stays bounded for any number of pictures.
    share = max(1, CANDIDATES // max(1, round(len(pictures) * (1 - HELD_OUT_SHARE))))
    for done, picture in enumerate(pictures):
        on_progress("Check and embed the pictures", done / len(pictures))
        try:
            data = picture.read()
            image = _load(bench, data, picture.filename)
        except ImageError as error:
            normals.skipped.append(str(error))
            continue
        sha256 = image.info.sha256
        if sha256 in first_names:
            normals.skipped.append(
                f"{image.info.filename} is the same file as {first_names[sha256]}."
            )
            continue
        first_names[sha256] = image.info.filename
        bench.files.put(data)
        patches, pooled = backbone(image.pixels)
        patches = patches.reshape(-1, patches.shape[-1])
        if len(patches) > share:
            patches = patches[rng.choice(len(patches), share, replace=False)]
        normals.patches.append(patches.astype(np.float16))
        normals.pooled.append(pooled)
        normals.sizes.append((image.info.width, image.info.height))
        normals.images.append(TaughtImage(filename=image.info.filename, sha256=sha256, use="bank"))
    return normals


def _load(bench: Workbench, data: bytes, filename: str) -> CheckedImage:
    return load_image(
        data,
        filename,
        max_bytes=bench.settings.max_image_bytes,
        max_pixels=bench.settings.max_image_pixels,
    )


def _choose_held_out(count: int, seed: int) -> frozenset[int]:
    size = min(MOST_HELD_OUT, max(1, round(count * HELD_OUT_SHARE)))
    order = np.random.default_rng(seed).permutation(count)
    return frozenset(order[:size].tolist())


def _calibrate(
    bench: Workbench,
    detector: PatchCore,
    normals: _Normals,
    held_out: frozenset[int],
    on_progress: OnProgress,
) -> Calibration:
    scores = []
    for done, index in enumerate(sorted(held_out)):
        on_progress("Calibrate on held-out pictures", done / len(held_out))
        image = normals.images[index]
        pixels = _load(bench, bench.files.read(image.sha256), image.filename).pixels
        scores.append(detector.predict(pixels).score)
    return calibrate(scores)


def _too_few(product: Product, normals: _Normals) -> str:
    message = (
        f"{product.key} needs at least {FEWEST_NORMALS} different pictures of good parts, "
        f"but {len(normals.images)} could be used."
    )
    if normals.skipped:
        message += " Skipped: " + " ".join(normals.skipped[:5])
    return f"{message} Add good pictures and teach again."


def _notices(normals: _Normals) -> tuple[str, ...]:
    aspects = [width / height for width, height in normals.sizes]
    if max(aspects) / min(aspects) > 1 + ASPECT_TOLERANCE:
        return (
            "The pictures differ in shape (width over height from "
            f"{min(aspects):.2f} to {max(aspects):.2f}): crop them alike for sharper results.",
        )
    return ()


def _figures(calibration: Calibration, normals: _Normals) -> dict[str, float]:
    scores = np.array(calibration.scores)
    widths, heights = zip(*normals.sizes, strict=True)
    return {
        "held_out_score_min": float(scores.min()),
        "held_out_score_median": float(np.median(scores)),
        "held_out_score_max": float(scores.max()),
        "t_low": calibration.t_low,
        "t_high": calibration.t_high,
        "width_px_min": min(widths),
        "width_px_max": max(widths),
        "height_px_min": min(heights),
        "height_px_max": max(heights),
    }


def _versions() -> dict[str, str]:
    installed = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **installed}


class _Clock:
    """Names the time that passed since the last lap."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now
