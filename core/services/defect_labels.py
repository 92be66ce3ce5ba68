"""Collect defects whose type a person named, from labelled pictures and signed reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.detection.base import OnProgress
from core.domain import (
    Box,
    Defect,
    Disposition,
    Inspection,
    JobStep,
    Product,
    Report,
    defect_type_name,
)
from core.domain.errors import ImageError, ProductError
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.records.events import add_event
from core.records.inspections import load_inspection
from core.records.search import Filter, search
from core.records.search import count as count_inspections
from core.retrieval.normals.defect_types import MOST_TYPES, text_similarities
from core.retrieval.normals.labelled import Label, LabelledCrops, defect_crop
from core.services.inspection_images import picture
from core.services.station import Station

PAGE_SIZE = 200
# Smaller marks of a mask are stray pixels.
SMALLEST_MARK_PX = 10


@dataclass(frozen=True)
class LabelledPicture:
    """A picture of a part with defects of one named type.

    Attributes:
        picture: the file.
        defect_type: the type that a person named.
        truth: returns the defect's pixels, bool (H, W), for the picture's height and width; None if
            they are not known.
    """

    picture: PictureFile
    defect_type: str
    truth: Callable[[int, int], np.ndarray | None]


@dataclass(frozen=True)
class Labelling:
    """The result of a labelling.

    Attributes:
        crops: all labelled defects of the product, including earlier ones.
        added: number of defects labelled this time.
        skipped: a sentence for each item that could not be used, with the reason.
    """

    crops: LabelledCrops
    added: int
    skipped: tuple[str, ...]


@dataclass
class _Cuttings:
    """Crops to be added to the index."""

    embeddings: list[np.ndarray]
    labels: list[Label]
    skipped: list[str]


def label_pictures(
    station: Station,
    product: Product,
    pictures: Sequence[LabelledPicture],
    *,
    origin: str,
    by: str,
    on_progress: OnProgress = lambda step, share: None,
) -> Labelling:
    """Store a crop of each labelled defect.

    A defect is cut where the product's detector finds it, as in an inspection. One that the
    detector misses is cut where the label marks it.

    Args:
        station: where the product's detector and labels are.
        product: it must have been taught.
        pictures: labelled pictures of defective parts.
        origin: where the labels come from, such as the folder's name.
        by: name of the person who vouches for them.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if the product has no detector, or no defect could be used.
        CheckpointError: if the existing labels are damaged, or the file cannot be written.
    """
    station.taught(product)  # a missing detector must fail once, not for each picture
    cut = _Cuttings([], [], [])
    for done, item in enumerate(pictures):
        on_progress(JobStep.CUT_DEFECTS, done / len(pictures))
        try:
            _cut_picture(station, product, item, origin, cut)
        except ImageError as error:
            cut.skipped.append(str(error))
    on_progress(JobStep.CUT_DEFECTS, 1)
    return _kept(station, product, cut, by)


def label_from_records(station: Station, product: Product, *, by: str) -> Labelling:
    """Store a crop of each defect whose type a signed report names.

    The newest signed revision of an inspection is used, unless the part was found to be good
    (void). The type must occur in the product's knowledge or labels; "_", "-", spaces and case are
    ignored.

    Raises:
        ProductError: if no signed report of the product names a known type.
        CheckpointError: if the existing labels are damaged, or the file cannot be written.
    """
    before = station.labelled_crops(product)
    known = set(text_similarities(station.knowledge.search("defect", product, k=MOST_TYPES)))
    known |= set(before.pictures()) if before is not None else set()
    cut = _Cuttings([], [], [])
    for inspection in _newest_of_each_picture(station, product):
        report = _signed(inspection)
        if report is not None:
            _cut_inspection(station, inspection, report, known, cut)
    return _kept(station, product, cut, by)


def defect_region(defect: Defect, shape: tuple[int, ...]) -> np.ndarray:
    """Fill a defect's contour: bool of the given shape."""
    region = np.zeros(shape, np.uint8)
    cv2.drawContours(region, [np.array(defect.contour)], -1, color=1, thickness=cv2.FILLED)
    return region > 0


def _cut_picture(
    station: Station, product: Product, item: LabelledPicture, origin: str, cut: _Cuttings
) -> None:
    data = item.picture.read()
    taught = station.taught(product)
    image = checked_image(
        station.settings, data, item.picture.filename, reading=taught.card.reading
    )
    truth = item.truth(*image.pixels.shape[:2])
    if truth is None:
        cut.skipped.append(
            f"{image.info.filename} has no mask, so the place of its defect is not known."
        )
        return
    station.files.put(data, image.info.sha256)
    found = station.assess(taught, image.pixels).defects()
    boxes, left = _found_boxes(found, truth)
    for box, is_found in [(box, True) for box in boxes] + [(box, False) for box in _boxes(left)]:
        cut.embeddings.append(station.visual_encoder(defect_crop(image.pixels, box)))
        cut.labels.append(
            Label(
                defect_type=item.defect_type,
                sha256=image.info.sha256,
                origin=origin,
                is_found=is_found,
            )
        )


def _found_boxes(found: Sequence[Defect], truth: np.ndarray) -> tuple[list[Box], np.ndarray]:
    """List the boxes of found defects that touch a true one, and the true ones left untouched."""
    _, labels = cv2.connectedComponents(truth.astype(np.uint8), connectivity=8)
    boxes, touched = [], set[int]()
    for defect in found:
        below = set(np.unique(labels[defect_region(defect, truth.shape)]).tolist()) - {0}
        if below:
            boxes.append(defect.box)
            touched |= below
    return boxes, truth & ~np.isin(labels, sorted(touched))


def _boxes(mask: np.ndarray) -> list[Box]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sizes = [tuple(int(value) for value in stats[label]) for label in range(1, count)]
    return [
        Box(x=x, y=y, width=width, height=height)
        for x, y, width, height, area in sizes
        if area >= SMALLEST_MARK_PX
    ]


def _newest_of_each_picture(station: Station, product: Product) -> Iterator[Inspection]:
    seen: set[str] = set()
    of_product = Filter(product_key=product.key)
    for offset in range(0, count_inspections(station.records, of_product), PAGE_SIZE):
        page = search(station.records, of_product, limit=PAGE_SIZE, offset=offset)
        for summary in page:
            inspection = load_inspection(station.records, summary.id)
            if inspection.image.sha256 not in seen and _signed(inspection) is not None:
                seen.add(inspection.image.sha256)
                yield inspection


def _signed(inspection: Inspection) -> Report | None:
    """Find the newest signed report; None: there is none, or nothing is to be learned from it."""
    decided = inspection.dispositions
    if decided and decided[-1].disposition in (Disposition.VOID, Disposition.IN_ERROR):
        return None
    return inspection.signed.report if inspection.signed else None


def _cut_inspection(
    station: Station, inspection: Inspection, report: Report, known: set[str], cut: _Cuttings
) -> None:
    boxes = {defect.id: defect.box for defect in inspection.defects}
    named = [
        (boxes[defect_id], defect_type_name(finding.probable_defect_type))
        for finding in report.findings
        for defect_id in finding.defect_ids
        if defect_id in boxes and defect_type_name(finding.probable_defect_type) in known
    ]
    if not named:
        cut.skipped.append(f"The signed report {inspection.id} names no known type of defect.")
        return
    pixels = picture(station, inspection)
    for box, defect_type in named:
        cut.embeddings.append(station.visual_encoder(defect_crop(pixels, box)))
        cut.labels.append(
            Label(
                defect_type=defect_type,
                sha256=inspection.image.sha256,
                origin=inspection.id,
                is_found=True,
            )
        )


def _kept(station: Station, product: Product, cut: _Cuttings, by: str) -> Labelling:
    if not cut.labels:
        reasons = " ".join(cut.skipped[:5]) or "No picture or signed report was found."
        raise ProductError(f"No labelled defect of {product.key} could be used. {reasons}")
    new = LabelledCrops(np.stack(cut.embeddings), cut.labels, station.visual_encoder.name)
    before = station.labelled_crops(product)
    crops = new if before is None else before.with_more(new)
    crops.save(station.labelled_path(product))
    detail = {"added": len(cut.labels), "pictures": crops.pictures(), "skipped": cut.skipped}
    add_event(station.records, "defects labelled", product.key, detail, actor=by)
    return Labelling(crops, len(cut.labels), tuple(cut.skipped))
