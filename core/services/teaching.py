"""Teach a product from pictures of good parts.

The first version of a product judges at once, and so does one that is taught because the files of
the version that judged are damaged. Every other one is a candidate: the version that judges goes on
until a person activates the candidate (`core.services.products.activate_version`), having seen what
it would change (`core.services.version_comparison`).
"""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.detection.base import Detector, Lesson, OnProgress, Prediction
from core.detection.calibration import NormalScores, calibrate, normals_needed
from core.detection.checkpoints import (
    Card,
    TaughtImage,
    activate,
    discard_version,
    load_version,
    save_version,
)
from core.detection.product_files import read_policy
from core.detection.registry import (
    DEFAULT_DETECTOR,
    checked_options,
    detector_class,
    require_weights,
)
from core.domain import DetectorRef, JobStep, Product, percent
from core.domain.conditions import TaughtConditions
from core.domain.errors import CheckpointError, DetectorError, InspectionError, ProductError
from core.domain.policy import Policy
from core.domain.reading import UNSTATED, Reading
from core.imaging.acquisition import refuse_scale_of_sizes
from core.imaging.picture_files import PictureFile
from core.imaging.unlike import taught_conditions
from core.infrastructure.extras import not_installed
from core.infrastructure.memory import memory_guard
from core.records.events import add_event
from core.records.products import save_product
from core.retrieval.normals.exemplars import ExemplarIndex
from core.services.station import Station
from core.services.taught_reading import learn_reading
from core.services.training_images import Normals, StoredPictures, check_pictures

FEWEST_NORMALS = 5
HELD_OUT_SHARE = 0.3
# More held-out normals would hardly improve the threshold (300 guarantee 1 % at 95 %).
MOST_HELD_OUT = 300
FOLDS = 5
MOST_SEED = 2**32 - 1
STATED_RATES = (0.10, 0.05, 0.02, 0.01)
LIBRARIES = ("openvino", "numpy", "opencv-python-headless", "safetensors", "anomalib", "torch")


def teach(
    station: Station,
    product: Product,
    pictures: Sequence[PictureFile],
    *,
    algorithm: str = DEFAULT_DETECTOR,
    options: dict[str, Any] | None = None,
    reading: Reading = UNSTATED,
    cross_fit: bool = False,
    seed: int = 0,
    by: str = "",
    on_progress: OnProgress = lambda step, share: None,
) -> Card:
    """Teach a product from pictures of good parts: its first version, or a candidate.

    A seeded share of the pictures is held out from training; the threshold and its false-alarm
    rate come from these alone. With `cross_fit`, training uses every picture and the threshold
    comes from detectors that were each trained without the pictures that they score. That makes
    better use of few pictures, but gives an estimate without a guarantee.

    Args:
        station: gives records and files.
        product: the product; if a version judges it already, the new one is a candidate.
        pictures: of good parts only; unreadable ones and duplicates are skipped and reported.
        algorithm: name of a registered detector.
        options: of the algorithm, by name; None: its defaults.
        reading: what a person states of the pictures' values; the rest is told by the pictures.
        cross_fit: see above.
        seed: of every random choice.
        by: name of the person who teaches, for the product's history; may be empty.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if fewer than 5 different good pictures remain, or one scale is given for
            pictures of several sizes.
        ImageError: if the files contradict each other in what their values mean.
        DetectorError: if the algorithm or an option is unknown, the seed is out of range, or
            training fails.
        WeightsError, CheckpointError, RecordsError: if a network, the checkpoint folder or the
            records cannot be used.
    """
    if not 0 <= seed <= MOST_SEED:
        raise DetectorError(f"A seed is a whole number from 0 to {MOST_SEED}, but {seed} came.")
    kind = detector_class(algorithm)
    chosen = checked_options(algorithm, options or {})
    require_weights(algorithm, chosen, station.settings)  # before the pictures are looked at
    policy = read_policy(station.settings, product)  # an invalid one must fail before the work
    clock = Clock()
    learned = learn_reading(station, pictures, reading)
    normals = check_pictures(station, product, pictures, (), learned, on_progress)
    clock.lap("check and embed")
    if len(normals.images) < FEWEST_NORMALS:
        raise ProductError(_too_few(product, normals))
    refuse_scale_of_sizes(policy.mm_per_px or product.mm_per_px, normals.figures())
    held_out = frozenset[int]() if cross_fit else _choose_held_out(len(normals.images), seed)
    images = tuple(
        image.model_copy(update={"use": "held out" if i in held_out else "taught"})
        for i, image in enumerate(normals.images)
    )

    def fit(among: Sequence[TaughtImage]) -> Detector[Any]:
        shown = StoredPictures(station, among, learned)
        with memory_guard(f"train {kind.algorithm} like this"):
            return kind.fit(Lesson(product, shown, station.settings, seed, on_progress), chosen)

    detector = fit([image for image in images if image.use == "taught"])
    clock.lap("train")
    if cross_fit:
        predictions = _cross_fitted(station, images, learned, fit, seed)
    else:
        predictions = held_out_predictions(station, detector, images, learned, on_progress)
    scores = NormalScores.of(predictions, cross_fitted=cross_fit)
    clock.lap("calibrate")
    taught = Outcome(
        product,
        detector,
        scores,
        images,
        learned,
        normals.index(),
        seed,
        normals.figures(),
        taught_conditions(normals.measured),
        clock.laps,
    )
    return publish(
        station,
        taught,
        "product taught",
        tuple(normals.skipped),
        normals.notices(),
        by=by,
        on_progress=on_progress,
    )


@dataclass(frozen=True)
class Outcome:
    """A trained and calibrated detector that is not written yet."""

    product: Product
    detector: Detector[Any]
    scores: NormalScores
    images: tuple[TaughtImage, ...]
    reading: Reading
    exemplars: ExemplarIndex
    seed: int
    sizes: dict[str, float]
    conditions: TaughtConditions | None
    seconds: dict[str, float]


def publish(
    station: Station,
    outcome: Outcome,
    event: str,
    skipped: tuple[str, ...],
    notices: tuple[str, ...],
    *,
    by: str,
    on_progress: OnProgress,
    confirmed: str = "",
) -> Card:
    """Write a version with its card, try it and record that; the first of a product judges.

    Args:
        station: gives records and files.
        outcome: what was trained.
        event: what happened, for the product's history.
        skipped, notices: sentences for the card.
        by: name of the person who taught; may be empty.
        on_progress: called with the step's name and the share of it that is done, 0..1.
        confirmed: reason of the person who says that pictures unlike anything taught show good
            parts; empty: nobody was asked.

    Raises:
        CheckpointError: if it cannot be written, or does not work once written.
    """
    now = datetime.now(UTC)
    product, detector = outcome.product, outcome.detector
    policy = read_policy(station.settings, product)
    calibration = calibrate(outcome.scores, policy)
    card = Card(
        product=product,
        detector=DetectorRef(
            algorithm=detector.algorithm,
            version=f"{now:%Y%m%d-%H%M%S-%f}",
            backbone=detector.backbone_name,
        ),
        created_at=now,
        options=detector.options.model_dump(mode="json"),
        facts={
            **detector.facts(),
            **_guarantees(policy),
            "false alarms, by the policy when taught": calibration.false_alarm.sentence(),
        },
        seed=outcome.seed,
        images=outcome.images,
        skipped=skipped,
        notices=notices,
        reading=outcome.reading,
        figures={
            "normal_score_min": outcome.scores.scores[0],
            "normal_score_median": float(np.median(outcome.scores.scores)),
            "normal_score_max": outcome.scores.scores[-1],
            "t_low": calibration.t_low,
            "t_high": calibration.t_high,
            **outcome.sizes,
        },
        conditions=outcome.conditions,
        seconds=outcome.seconds,
        versions=_versions(),
    )
    card = save_version(
        station.settings, card, outcome.scores, detector.save(), outcome.exemplars.to_bytes()
    )
    try:
        on_progress(JobStep.TRY_VERSION, 0)
        _try(station, card)
    except BaseException:
        discard_version(station.settings, card)
        raise
    is_candidate = _is_judged(station, product)
    if not is_candidate:
        activate(station.settings, product, card.detector)
        save_product(station.records, product)
    detail = {
        "version": card.detector.version,
        "images": len(card.images),
        "skipped": card.skipped,
        "candidate": is_candidate,
        **({"unlike, confirmed": confirmed} if confirmed else {}),
    }
    add_event(station.records, event, product.key, detail, actor=by.strip())
    on_progress(JobStep.DONE, 1)
    return card


def _is_judged(station: Station, product: Product) -> bool:
    """Tell whether a version judges the product: there is one, and its files are not damaged."""
    try:
        station.taught(product)
    except (ProductError, CheckpointError):
        return False
    except InspectionError:
        return True  # it lacks something else, such as weights, that may come back
    return True


def _guarantees(policy: Policy) -> dict[str, str]:
    """List the false-alarm rates that numbers of held-out normals can guarantee.

    At 95 % confidence the numbers are 29, 59, 149 and 299.
    """
    rates = {rate: normals_needed(rate, policy.confidence) for rate in STATED_RATES}
    table = ", ".join(f"{count} for {percent(rate)}" for rate, count in rates.items())
    asked = normals_needed(policy.false_alarm_rate, policy.confidence)
    confidence = f"at {percent(policy.confidence)} confidence"
    return {
        "normals needed": f"{asked} held out guarantee {percent(policy.false_alarm_rate)} "
        f"{confidence}",
        "what held-out normals can guarantee": f"{confidence}: {table}",
    }


def _try(station: Station, card: Card) -> None:
    """Load a version from disk and let it judge one of its own pictures."""
    taught = load_version(station.settings, card.product, card.version)
    station.assess(taught, StoredPictures(station, card.images, card.reading)[-1])


def held_out_predictions(
    station: Station,
    detector: Detector[Any],
    images: Sequence[TaughtImage],
    reading: Reading,
    on_progress: OnProgress,
) -> Iterator[Prediction]:
    """Predict held-out pictures, which the detector has never seen."""
    held_out = StoredPictures(
        station, [image for image in images if image.use == "held out"], reading
    )
    for done, pixels in enumerate(held_out):
        on_progress(JobStep.CALIBRATE, done / len(held_out))
        yield detector.predict(pixels)


def _cross_fitted(
    station: Station,
    images: Sequence[TaughtImage],
    reading: Reading,
    fit: Callable[[Sequence[TaughtImage]], Detector[Any]],
    seed: int,
) -> Iterator[Prediction]:
    """Predict each picture with a detector that was trained without it."""
    order = np.random.default_rng(seed).permutation(len(images))
    for fold in np.array_split(order, min(FOLDS, len(images))):
        left_out = set(fold.tolist())
        others = fit([image for i, image in enumerate(images) if i not in left_out])
        for pixels in StoredPictures(station, [images[i] for i in left_out], reading):
            yield others.predict(pixels)


def _choose_held_out(count: int, seed: int) -> frozenset[int]:
    size = min(MOST_HELD_OUT, max(1, round(count * HELD_OUT_SHARE)))
    order = np.random.default_rng(seed).permutation(count)
    return frozenset(order[:size].tolist())


def _too_few(product: Product, normals: Normals) -> str:
    message = (
        f"{product.key} needs at least {FEWEST_NORMALS} different pictures of good parts, "
        f"but {len(normals.images)} could be used."
    )
    if normals.skipped:
        message += " Skipped: " + " ".join(normals.skipped[:5])
    return f"{message} Add good pictures and teach again."


def _versions() -> dict[str, str]:
    # A converted network can be taught with where neither of these is installed.
    absent = not_installed(("anomalib", "torch"))
    installed = {name: importlib.metadata.version(name) for name in LIBRARIES if name not in absent}
    return {"python": platform.python_version(), **installed}


class Clock:
    """A stopwatch that records the time since the last lap under a name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now
