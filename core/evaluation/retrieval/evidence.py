"""Measure the evidence on a labelled set: exemplars in the same pose, fitting defect types."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
from pydantic import Field

from core.detection.base import OnProgress
from core.domain import Defect, Frozen, Inspection, InspectionRequest, JobStep, Product
from core.domain.errors import EvaluationError, ImageError
from core.domain.reading import UNSTATED, Reading
from core.evaluation.detection.estimates import (
    RESAMPLES,
    Estimate,
    percentile_interval,
)
from core.evaluation.detection.judging import read_pixels
from core.evaluation.detection.samples import Dataset, TestPicture, without_mask
from core.evaluation.temporary_station import temporary_station
from core.imaging.registration import Registration, register
from core.infrastructure.settings import Settings
from core.retrieval.normals.defect_types import MOST_TYPES, text_similarities
from core.retrieval.normals.labelled import LabelledCrops
from core.services.defect_labels import LabelledPicture, defect_region, label_pictures
from core.services.inspection import inspect
from core.services.knowledge_evidence import DESCRIBED_DEFECTS
from core.services.station import Station
from core.services.teaching import teach
from core.services.training_images import StoredPictures
from core.statistics.intervals import Rate, exact_rate


class PoseFigures(Frozen):
    """The nearest normal compared with a random one."""

    pictures: int
    same_pose_nearest: Rate
    same_pose_random: Rate
    difference_nearest: Estimate
    difference_random: Estimate


class RankFigures(Frozen):
    """How often the right type ranks first, and among the first three."""

    first: Rate
    among_three: Rate


class TypeFigures(Frozen):
    """How well each ranking finds the right type; None if there is nothing to rank."""

    known_types: int
    words: RankFigures | None
    crops: RankFigures | None
    crops_of_other_parts: RankFigures | None
    calibration: str


class EvidenceFigures(Frozen):
    """Figures of one labelled set."""

    dataset: str
    normals: int
    poses: PoseFigures
    types: TypeFigures
    left_out: tuple[str, ...] = Field((), description="what of the set is not in the figures, why")


Ranks = list[int]
NOT_RANKED = 1_000
MAX_ROTATION_DEG = 10.0
# Share of the longer side.
MAX_SHIFT = 0.03
# Grey differences are measured at this size.
GREY_SIDE_PX = 96


def evaluate_evidence(
    dataset: Dataset,
    settings: Settings,
    *,
    limit: int | None = None,
    reading: Reading = UNSTATED,
    seed: int = 0,
    on_progress: OnProgress,
) -> EvidenceFigures:
    """Teach a set's normals, inspect its test pictures, and measure the evidence of each.

    Args:
        dataset: the labelled set; its folder's name is the category that knowledge is looked up by.
        settings: name weights and knowledge; the records and checkpoints they name stay unchanged.
        limit: largest number of test pictures, drawn at random; None: all.
        reading: what a person states of the pictures' values; the rest is told by the pictures.
        seed: of teaching, draws and bootstrap.
        on_progress: called with the step's name and the share of it that is done.

    Raises:
        InspectionError: if the set cannot be used.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "-", dataset.name)[:60] or "set"
    product = Product(dataset="evaluation", category=name.lstrip("._-") or "set")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(dataset.test))[:limit]
    items = [dataset.test[number] for number in sorted(order.tolist())]
    both = settings.model_copy(update={"rag_enabled": True, "domain_rag_enabled": True})
    with temporary_station(both) as station:
        teach(station, product, dataset.train, reading=reading, seed=seed, on_progress=on_progress)
        card = station.taught(product).card
        left_out = [*dataset.left_out, *card.skipped]
        used, inspections = [], []
        for done, item in enumerate(items):
            on_progress(JobStep.INSPECT_TESTS, done / len(items))
            try:
                inspections.append(_inspected(station, item, product))
            except ImageError as error:
                left_out.append(f"{item.defect_type}: {error}")
                continue
            used.append(item)
        if not used:
            raise EvaluationError(f"No test picture of {dataset.name} can be used. {left_out[-1]}")
        return EvidenceFigures(
            dataset=dataset.name,
            normals=len(card.images),
            poses=_poses(station, product, used, inspections, rng),
            types=_types(station, product, used, inspections, left_out, on_progress),
            left_out=(*left_out, *without_mask(used)),
        )


def _inspected(station: Station, item: TestPicture, product: Product) -> Inspection:
    """Inspect a picture and require complete evidence: a failed step would count as a miss."""
    inspection = inspect(station, InspectionRequest(product=product), item.picture)
    for step in inspection.steps:
        if step.status == "failed":
            raise EvaluationError(
                f"The step {step.name} failed on {item.picture.filename}: {step.reason}"
            )
    return inspection


def _poses(
    station: Station,
    product: Product,
    items: Sequence[TestPicture],
    inspections: Sequence[Inspection],
    rng: np.random.Generator,
) -> PoseFigures:
    card = station.taught(product).card
    images = card.images
    normals = StoredPictures(station, images, card.reading)
    places = {image.sha256: place for place, image in enumerate(images)}
    names = sorted(places)
    same, differences = [], []
    for item, inspection in zip(items, inspections, strict=True):
        seen = read_pixels(item, station.settings, card.reading)
        pair = (inspection.exemplars[0].sha256, names[int(rng.integers(len(names)))])
        two = [normals[places[sha256]] for sha256 in pair]
        same.append([is_same_pose(register(seen, normal)) for normal in two])
        differences.append([float(np.abs(_grey(seen) - _grey(normal)).mean()) for normal in two])
    drawn = rng.integers(0, len(items), (RESAMPLES, len(items)))

    def mean(column: int) -> Estimate:
        values = np.array(differences)[:, column]
        return percentile_interval(float(values.mean()), values[drawn].mean(axis=1))

    nearest, random = (sum(pair[column] for pair in same) for column in (0, 1))
    return PoseFigures(
        pictures=len(items),
        same_pose_nearest=_rate(nearest, len(items)),
        same_pose_random=_rate(random, len(items)),
        difference_nearest=mean(0),
        difference_random=mean(1),
    )


def is_same_pose(registration: Registration) -> bool:
    """Tell whether a normal lies on the picture after 10 degrees and 3 % of the side at most."""
    return (
        registration.is_aligned
        and abs(registration.rotation_deg) <= MAX_ROTATION_DEG
        and registration.shift <= MAX_SHIFT
    )


def _grey(pixels: np.ndarray) -> np.ndarray:
    """float32 (96, 96), grey levels, whatever the picture's aspect."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    size = (GREY_SIDE_PX, GREY_SIDE_PX)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _types(
    station: Station,
    product: Product,
    items: Sequence[TestPicture],
    inspections: Sequence[Inspection],
    left_out: list[str],
    on_progress: OnProgress,
) -> TypeFigures:
    known = text_similarities(station.knowledge.search("defect", product, k=MOST_TYPES))
    ranks = Ranks()
    for item, inspection in zip(items, inspections, strict=True):
        defect = _first_true(item, inspection) if item.defect_type in known else None
        if defect is None:
            continue
        guesses = [g.defect_type for g in inspection.defect_types if g.defect_id == defect.id]
        ranks.append(_rank(item.defect_type, guesses))
    labelled = [
        LabelledPicture(item.picture, item.defect_type, item.truth)
        for item in items
        if item.is_defective and item.masks
    ]
    crops = None
    if labelled:
        labelling = label_pictures(
            station,
            product,
            labelled,
            origin="evaluation",
            by="evaluation",
            on_progress=on_progress,
        )
        crops = labelling.crops
        left_out += labelling.skipped
    return TypeFigures(
        known_types=len(known),
        words=_rank_figures(ranks),
        crops=_crop_figures(crops, without_near_duplicates=False),
        crops_of_other_parts=_crop_figures(crops, without_near_duplicates=True),
        calibration=crops.calibration.sentence() if crops and crops.calibration else "",
    )


def _first_true(item: TestPicture, inspection: Inspection) -> Defect | None:
    """Find the strongest described defect that touches a true one; None if none does."""
    try:
        truth = item.truth(inspection.image.height, inspection.image.width)
    except ImageError:
        return None  # it is named where the labelled pictures are cut
    if truth is None:
        return None
    for defect in inspection.defects[:DESCRIBED_DEFECTS]:
        if truth[defect_region(defect, truth.shape)].any():
            return defect
    return None


def _crop_figures(
    crops: LabelledCrops | None, *, without_near_duplicates: bool
) -> RankFigures | None:
    """Rank the types of each picture's first crop by the crops of other pictures."""
    if crops is None or len(crops.pictures()) < 2:
        return None
    ranks: Ranks = []
    seen: set[str] = set()
    for label, embedding in zip(crops.labels, crops.embeddings, strict=True):
        if not label.is_found or label.sha256 in seen:
            continue
        seen.add(label.sha256)
        likeness = crops.similarities(
            embedding,
            exclude_sha256=label.sha256,
            without_near_duplicates=without_near_duplicates,
        )
        ranked = sorted(likeness, key=lambda name: -likeness[name])
        ranks.append(_rank(label.defect_type, ranked))
    return _rank_figures(ranks)


def _rank(wanted: str, ranked: Sequence[str]) -> int:
    """Find the rank of the wanted type, from 1; NOT_RANKED if it is missing."""
    return ranked.index(wanted) + 1 if wanted in ranked else NOT_RANKED


def _rank_figures(ranks: Ranks) -> RankFigures | None:
    if not ranks:
        return None
    return RankFigures(
        first=_rate(sum(rank == 1 for rank in ranks), len(ranks)),
        among_three=_rate(sum(rank <= 3 for rank in ranks), len(ranks)),
    )


def _rate(count: int, out_of: int) -> Rate:
    rate = exact_rate(count, out_of)
    assert rate is not None, "there is at least one case"
    return rate
