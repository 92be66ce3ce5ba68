"""Teaching a product from pictures of good parts."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, overload

import numpy as np
from pydantic import ValidationError

from core.detection.base import Detector, Lesson, OnProgress, Prediction
from core.detection.calibration import NormalScores, calibrate, normals_needed
from core.detection.checkpoints import Card, TaughtImage, read_policy, save_version
from core.detection.registry import DEFAULT_DETECTOR, detector_class
from core.domain import DetectorRef, Frozen, Product
from core.errors import DetectorError, ImageError, ProductError
from core.images import CheckedImage, load_image
from core.retrieval.exemplars import ExemplarIndex
from core.sources import PictureFile
from core.workbench import Workbench

FEWEST_NORMALS = 5
HELD_OUT_SHARE = 0.3
# From here on more held-out normals would say little more about the threshold (1 % at 95 %).
MOST_HELD_OUT = 300
FOLDS = 5
ASPECT_TOLERANCE = 0.05
LIBRARIES = ("openvino", "numpy", "opencv-python-headless", "safetensors", "anomalib", "torch")


@dataclass
class _Normals:
    """Accepted normal pictures and what was computed of them."""

    images: list[TaughtImage] = field(default_factory=list)
    embeddings: list[np.ndarray] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


class _StoredPictures(Sequence[np.ndarray]):
    """Pictures of the file store, decoded when they are asked for."""

    def __init__(self, bench: Workbench, images: Sequence[TaughtImage]) -> None:
        self._bench = bench
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> _StoredPictures: ...
    def __getitem__(self, index: int | slice) -> np.ndarray | _StoredPictures:
        if isinstance(index, slice):
            return _StoredPictures(self._bench, self._images[index])
        image = self._images[index]
        data = self._bench.files.read(image.sha256)
        return _load(self._bench, data, image.filename).pixels


def teach(
    bench: Workbench,
    product: Product,
    pictures: Sequence[PictureFile],
    *,
    algorithm: str = DEFAULT_DETECTOR,
    options: dict[str, Any] | None = None,
    cross_fit: bool = False,
    seed: int = 0,
    on_progress: OnProgress = lambda step, share: None,
) -> Card:
    """Teach a product from pictures of good parts and make the new detector the active one.

    A seeded share of the pictures is kept out of training: the threshold and its false-alarm rate
    come from these alone. With `cross_fit` every picture is trained on, and the threshold comes
    from detectors that were each trained without the pictures that they score: better use of few
    pictures, but an estimate, without a guarantee. An interruption leaves the active version as
    it was.

    Args:
        bench: where records and files are.
        product: taught anew when it has a detector already (as a further version).
        pictures: of good parts only; unreadable ones and duplicates are skipped and named.
        algorithm: a name in the registry of detectors.
        options: of the algorithm, by name; its defaults unless given.
        cross_fit: see above.
        seed: of every random choice.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if fewer than 5 different good pictures remain.
        DetectorError: if the algorithm or an option is unknown, or training fails.
        WeightsError, CheckpointError, RecordsError: if a network, the checkpoint folder or the
            records cannot be used.
    """
    kind = detector_class(algorithm)
    chosen = _checked_options(kind, options or {})
    clock = _Clock()
    normals = _check(bench, pictures, on_progress)
    clock.lap("check and embed")
    if len(normals.images) < FEWEST_NORMALS:
        raise ProductError(_too_few(product, normals))

    def fit(images: Sequence[TaughtImage]) -> Detector[Any]:
        lesson = Lesson(product, _StoredPictures(bench, images), bench.settings, seed, on_progress)
        return _fitted(kind, lesson, chosen)

    held_out = frozenset[int]() if cross_fit else _choose_held_out(len(normals.images), seed)
    images = [
        image.model_copy(update={"use": "held out" if i in held_out else "taught"})
        for i, image in enumerate(normals.images)
    ]
    detector = fit([image for image in images if image.use == "taught"])
    clock.lap("train")
    if cross_fit:
        predictions = _cross_fitted(bench, images, fit, seed)
    else:
        predictions = _predictions(
            detector,
            _StoredPictures(bench, [image for image in images if image.use != "taught"]),
            on_progress,
        )
    scores = NormalScores.of(predictions, cross_fitted=cross_fit)
    clock.lap("calibrate")

    now = datetime.now(UTC)
    policy = read_policy(bench.settings, product)
    calibration = calibrate(scores, policy)
    card = Card(
        product=product,
        detector=DetectorRef(
            algorithm=algorithm,
            version=f"{now:%Y%m%d-%H%M%S-%f}",
            backbone=detector.backbone_name,
        ),
        created_at=now,
        options=chosen.model_dump(mode="json"),
        facts=detector.facts()
        | {
            "normals needed": f"{normals_needed(policy.false_alarm_rate, policy.confidence)} "
            f"held out guarantee {policy.false_alarm_rate:.0%} at {policy.confidence:.0%} "
            "confidence"
        },
        seed=seed,
        images=tuple(images),
        skipped=tuple(normals.skipped),
        notices=_notices(normals),
        figures=_figures(scores, calibration.t_low, calibration.t_high, normals),
        seconds=clock.laps,
        versions=_versions(),
    )
    index = ExemplarIndex(
        np.stack(normals.embeddings),
        [image.sha256 for image in images],
        [image.filename for image in images],
    )
    card = save_version(bench.settings, card, scores, detector.save(), index.to_bytes())
    bench.records.save_product(product)
    bench.records.add_event(
        "product taught",
        product.key,
        {"version": card.detector.version, "images": len(card.images), "skipped": card.skipped},
    )
    on_progress("Done", 1)
    return card


def _checked_options(kind: type[Detector[Any]], options: dict[str, Any]) -> Frozen:
    unknown = sorted(set(options) - set(kind.options_type.model_fields))
    if unknown:
        raise DetectorError(
            f"{kind.algorithm} has no option {unknown[0]!r}. It has: "
            f"{', '.join(kind.options_type.model_fields)}."
        )
    try:
        return kind.options_type.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        raise DetectorError(
            f"Option {'.'.join(map(str, first['loc']))} of {kind.algorithm} cannot be "
            f"{first['input']!r}: {first['msg']}."
        ) from error


def _fitted(kind: type[Detector[Any]], lesson: Lesson, options: Frozen) -> Detector[Any]:
    try:
        return kind.fit(lesson, options)
    except MemoryError as error:
        raise _out_of_memory(kind) from error
    except RuntimeError as error:
        # torch has an error of its own for each device, all of them runtime errors.
        if "out of memory" in str(error).lower() or "can't allocate" in str(error).lower():
            raise _out_of_memory(kind) from error
        raise


def _out_of_memory(kind: type[Detector[Any]]) -> DetectorError:
    return DetectorError(
        f"The machine's memory is too small to train {kind.algorithm} like this. Choose a smaller "
        "input size or memory bank, or close other programs; the version that was active before "
        "still is."
    )


def _check(bench: Workbench, pictures: Sequence[PictureFile], on_progress: OnProgress) -> _Normals:
    """Check, store and embed each picture, naming those that are skipped."""
    normals = _Normals()
    first_names: dict[str, str] = {}
    for done, picture in enumerate(pictures):
        on_progress("Check the pictures", done / len(pictures))
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
        normals.embeddings.append(bench.visual_encoder(image.pixels))
        normals.sizes.append((image.info.width, image.info.height))
        normals.images.append(
            TaughtImage(filename=image.info.filename, sha256=sha256, use="taught")
        )
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


def _predictions(
    detector: Detector[Any], pictures: Sequence[np.ndarray], on_progress: OnProgress
) -> Iterator[Prediction]:
    for done, pixels in enumerate(pictures):
        on_progress("Calibrate on held-out pictures", done / len(pictures))
        yield detector.predict(pixels)


def _cross_fitted(
    bench: Workbench,
    images: Sequence[TaughtImage],
    fit: Callable[[Sequence[TaughtImage]], Detector[Any]],
    seed: int,
) -> Iterator[Prediction]:
    """Each picture judged by a detector that was trained without it."""
    order = np.random.default_rng(seed).permutation(len(images))
    for fold in np.array_split(order, min(FOLDS, len(images))):
        left_out = set(fold.tolist())
        others = fit([image for i, image in enumerate(images) if i not in left_out])
        for pixels in _StoredPictures(bench, [images[i] for i in left_out]):
            yield others.predict(pixels)


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


def _figures(
    scores: NormalScores, t_low: float, t_high: float, normals: _Normals
) -> dict[str, float]:
    widths, heights = zip(*normals.sizes, strict=True)
    return {
        "normal_score_min": scores.scores[0],
        "normal_score_median": float(np.median(scores.scores)),
        "normal_score_max": scores.scores[-1],
        "t_low": t_low,
        "t_high": t_high,
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
