"""Defects whose type a person has named: from labelled pictures and from signed reports."""

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
    RevisionKind,
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

PAGE = 200
# Stray pixels of a mask are no defect.
SMALLEST_MARK_PX = 10


@dataclass(frozen=True)
class LabelledPicture:
    """A picture of a part with one named type of defect.

    Attributes:
        picture: the file.
        defect_type: that a person named.
        truth: where the defect is, bool (H, W), for a picture's height and width; None when that is
            not known.
    """

    picture: PictureFile
    defect_type: str
    truth: Callable[[int, int], np.ndarray | None]


@dataclass(frozen=True)
class Labelling:
    """What a labelling led to.

    Attributes:
        crops: all labelled defects of the product, those from before included.
        added: how many defects were labelled now.
        skipped: sentences that name what could not be used, and why.
    """

    crops: LabelledCrops
    added: int
    skipped: tuple[str, ...]


@dataclass
class _Cuttings:
    """Crops on their way into the index."""

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
    """Keep a crop of each labelled defect.

    A defect is cut where the product's detector finds it, as inspection will cut those to come; one
    that the detector misses is cut where the label marks it.

    Args:
        station: where the product's detector and labels are.
        product: it must have been taught.
        pictures: labelled ones of defective parts.
        origin: where the labels come from, such as the folder's name.
        by: who vouches for them.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if the product has no detector, or no defect could be used.
        CheckpointError: if the labels of before are damaged or cannot be written.
    """
    station.taught(product)  # a product without a detector is one error, not one a picture
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
    """Keep a crop of each defect whose type a signed report names.

    The newest signed revision of an inspection counts, unless the part was found to be good (void).
    A type counts when it is one that the product's knowledge or its labels know; "_", "-", blanks
    and capitals make no difference.

    Raises:
        ProductError: if no signed report of the product names a known type.
        CheckpointError: if the labels of before are damaged or cannot be written.
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
    """The pixels within a defect's contour: bool of the given shape."""
    region = np.zeros(shape, np.uint8)
    cv2.drawContours(region, [np.array(defect.contour)], -1, color=1, thickness=cv2.FILLED)
    return region > 0


def _cut_picture(
    station: Station, product: Product, item: LabelledPicture, origin: str, cut: _Cuttings
) -> None:
    data = item.picture.read()
    image = checked_image(station.settings, data, item.picture.filename)
    truth = item.truth(*image.pixels.shape[:2])
    if truth is None:
        cut.skipped.append(
            f"{image.info.filename} has no mask, so that the place of its defect is not known."
        )
        return
    station.files.put(data, image.info.sha256)
    found = station.assess(station.taught(product), image.pixels).defects()
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
    """Boxes of found defects that touch a true one, and the true ones that none touches."""
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
    for offset in range(0, count_inspections(station.records, of_product), PAGE):
        page = search(station.records, of_product, limit=PAGE, offset=offset)
        for summary in page:
            inspection = load_inspection(station.records, summary.id)
            if inspection.image.sha256 not in seen and _signed(inspection) is not None:
                seen.add(inspection.image.sha256)
                yield inspection


def _signed(inspection: Inspection) -> Report | None:
    """The newest signed report; None when there is none, or the part was found to be good."""
    decided = inspection.dispositions
    if decided and decided[-1].disposition is Disposition.VOID:
        return None
    signed = [r.report for r in inspection.revisions if r.kind is RevisionKind.SIGNED]
    return signed[-1] if signed else None


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
