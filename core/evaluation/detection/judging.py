"""Teach a fresh detector and let it judge every test picture of a labelled set."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from core.detection.base import OnProgress
from core.detection.checkpoints import Taught
from core.detection.registry import DEFAULT_DETECTOR
from core.domain import JobStep, Product, Verdict
from core.domain.errors import EvaluationError, ImageError
from core.domain.reading import UNSTATED, Reading
from core.evaluation.detection.localisation import Overlap, overlap
from core.evaluation.detection.samples import Dataset, TestPicture, without_mask
from core.evaluation.temporary_station import temporary_station
from core.imaging.decoding import checked_image
from core.infrastructure.settings import Settings
from core.services.teaching import teach

# Maps and masks are compared at this size in px, to give all pictures equal weight.
COMPARED_SIZE_PX = (256, 256)
# Maps of 400 pictures take 100 MB, but sorting their pixels takes 1.5 GB for some seconds. Of more
# pictures, a seeded sample is compared.
MAX_COMPARED = 400


@dataclass(frozen=True)
class Compared:
    """Map and mask of one picture, at `COMPARED_SIZE_PX`: float32 and bool (H, W)."""

    anomaly_map: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class JudgedPicture:
    """A test picture with its label and the detector's judgement.

    Attributes:
        item: picture and label.
        score: of the picture.
        verdict: by the calibrated thresholds.
        overlap: of found and true defects, at full size; None when the truth is not known.
        compared: None if the truth is not known or the picture was not sampled for comparison.
    """

    item: TestPicture
    score: float
    verdict: Verdict
    overlap: Overlap | None
    compared: Compared | None


@dataclass(frozen=True)
class Judged:
    """A labelled set and the detector that judged it.

    Attributes:
        dataset: whose normals the detector was taught with.
        taught: the detector with its card and thresholds; it still predicts.
        pictures: of the test set, in its order.
        seconds: that teaching and predicting took.
        left_out: what was not taught, not judged or not compared, and why, a sentence each.
    """

    dataset: Dataset
    taught: Taught
    pictures: list[JudgedPicture]
    seconds: dict[str, float]
    left_out: tuple[str, ...] = ()

    @property
    def scores(self) -> np.ndarray:
        """Scores of all pictures: float64 (N,)."""
        return np.array([picture.score for picture in self.pictures])

    @property
    def labels(self) -> np.ndarray:
        """Labels of all pictures: bool (N,), True = defective."""
        return np.array([picture.item.is_defective for picture in self.pictures])


def judge_dataset(
    dataset: Dataset,
    settings: Settings,
    *,
    algorithm: str = DEFAULT_DETECTOR,
    options: dict[str, Any] | None = None,
    reading: Reading = UNSTATED,
    seed: int = 0,
    on_progress: OnProgress,
) -> Judged:
    """Teach a fresh detector on the set's normals and let it judge the test pictures.

    The thresholds come from held-out training normals; no test label influences them. The records
    and checkpoints that the settings name stay unchanged.

    Raises:
        InspectionError: if the set cannot be used.
    """
    product = Product.from_key("evaluation/set")
    with temporary_station(settings) as station:
        started = time.perf_counter()
        teach(
            station,
            product,
            dataset.train,
            algorithm=algorithm,
            options=options,
            reading=reading,
            seed=seed,
            on_progress=on_progress,
        )
        taught = station.taught(product)
        is_taught = time.perf_counter()
        compared = chosen_to_compare(dataset.test, seed)
        pictures = []
        left_out = [*dataset.left_out, *taught.card.skipped]
        for number, item in enumerate(dataset.test):
            on_progress(JobStep.JUDGE_TESTS, number / len(dataset.test))
            try:
                pixels = read_pixels(item, settings, taught.card.reading)
            except ImageError as error:
                left_out.append(f"{item.defect_type}: {error}")
                continue
            truth = _truth(item, pixels, left_out)
            compare = number in compared
            pictures.append(_judged(item, pixels, truth, taught, compare=compare))
        on_progress(JobStep.JUDGE_TESTS, 1)
    seconds = {"teach": is_taught - started, "predict": time.perf_counter() - is_taught}
    if not pictures:
        raise EvaluationError(f"No test picture of {dataset.name} can be used. {left_out[-1]}")
    left_out += without_mask(picture.item for picture in pictures)
    return Judged(dataset, taught, pictures, seconds, tuple(left_out))


def read_pixels(item: TestPicture, settings: Settings, reading: Reading) -> np.ndarray:
    """Read a test picture as those taught are read: uint8 (H, W, 3), RGB.

    Raises:
        ImageError: if it cannot be used.
    """
    data, name = item.picture.read(), item.picture.filename
    return checked_image(settings, data, name, reading=reading).pixels


def _truth(item: TestPicture, pixels: np.ndarray, left_out: list[str]) -> np.ndarray | None:
    """Read what is known of a picture's defective pixels; a mask that cannot be used is named."""
    try:
        return item.truth(*pixels.shape[:2])
    except ImageError as error:
        left_out.append(f"{item.defect_type}: {error}")
        return None


def _judged(
    item: TestPicture,
    pixels: np.ndarray,
    truth: np.ndarray | None,
    taught: Taught,
    *,
    compare: bool,
) -> JudgedPicture:
    assessment = taught.assess(pixels)
    judgement = assessment.judgement
    if truth is None:
        return JudgedPicture(item, judgement.score, judgement.verdict, None, None)
    agreement = overlap(assessment.anomaly_map, truth, judgement, taught.policy)
    pair = None
    if compare:
        small = cv2.resize(
            truth.astype(np.uint8), COMPARED_SIZE_PX, interpolation=cv2.INTER_NEAREST
        )
        pair = Compared(cv2.resize(assessment.anomaly_map, COMPARED_SIZE_PX), small > 0)
    return JudgedPicture(item, judgement.score, judgement.verdict, agreement, pair)


def chosen_to_compare(items: list[TestPicture], seed: int) -> frozenset[int]:
    """Choose the pictures whose maps are compared: all, or a seeded sample stratified by kind."""
    known = [n for n, item in enumerate(items) if not item.is_defective or item.masks]
    share = min(1.0, MAX_COMPARED / max(1, len(known)))
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for kind in (False, True):
        members = [number for number in known if items[number].is_defective == kind]
        chosen += rng.permutation(members)[: round(share * len(members))].tolist()
    return frozenset(chosen)
