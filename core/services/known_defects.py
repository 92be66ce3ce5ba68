"""Score a product's known defects, to see which of them a threshold would pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.detection.base import OnProgress
from core.detection.checkpoints import Taught
from core.domain import JobStep, Product, identifier
from core.domain.errors import ImageError, InspectionError, ProductError
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.records.decided import known_defects, save_known_defect, save_known_score
from core.records.events import add_event
from core.services.decoded_pictures import DecodedPictures
from core.services.station import Station


@dataclass(frozen=True)
class Scored:
    """The result of a scoring.

    Attributes:
        added: number of labelled pictures that are new.
        scored: number of known defects that the active version scored this time.
        skipped: a sentence for each picture that could not be used, with the reason.
    """

    added: int
    scored: int
    skipped: tuple[str, ...]


def score_known_defects(
    station: Station,
    product: Product,
    pictures: Sequence[PictureFile],
    *,
    by: str,
    on_progress: OnProgress = lambda step, share: None,
) -> Scored:
    """Store labelled pictures of bad parts, and score all known defects with the active version.

    Known defects are the labelled pictures and the inspected parts that a person found bad. Those
    that the active version has scored already are left out. No threshold changes.

    Args:
        station: where the product's detector and records are.
        product: it must have been taught.
        pictures: of bad parts only; if empty, the defects known already are scored.
        by: name of the person who vouches for the pictures.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if the product has no detector, or pictures are given but no person.
        RecordsError: if the records or files cannot be written.
    """
    by = identifier(by, "name")
    if pictures and not by:
        raise ProductError("Name the person who says that these parts are bad.")
    taught = station.taught(product)
    skipped: list[str] = []
    added = 0
    for done, picture in enumerate(pictures):
        on_progress(JobStep.KEEP_LABELLED, done / len(pictures))
        try:
            added += _kept(station, taught, picture, by)
        except ImageError as error:
            skipped.append(str(error))
    scored, unusable = score_unscored(station, taught, on_progress)
    if added:
        add_event(station.records, "known defects added", product.key, {"added": added}, actor=by)
    on_progress(JobStep.SCORE_DEFECTS, 1)
    return Scored(added, scored, (*skipped, *unusable))


def score_unscored(
    station: Station, taught: Taught, on_progress: OnProgress
) -> tuple[int, tuple[str, ...]]:
    """Score the known defects that a version has not scored yet.

    Returns:
        How many were scored, and a sentence for each that could not be.
    """
    product_key, version = taught.card.product.key, taught.card.detector.version
    skipped: list[str] = []
    unscored = [
        each for each in known_defects(station.records, product_key, version) if each.score is None
    ]
    scored = 0
    for done, each in enumerate(unscored):
        on_progress(JobStep.SCORE_DEFECTS, done / len(unscored))
        try:
            pixels = DecodedPictures(station).pixels(
                each.image_sha256, each.filename, taught.card.reading
            )
            score = station.assess(taught, pixels).judgement.score
        except InspectionError as error:
            skipped.append(str(error))
            continue
        save_known_score(station.records, product_key, version, each.image_sha256, score)
        scored += 1
    return scored, tuple(skipped)


def _kept(station: Station, taught: Taught, picture: PictureFile, by: str) -> bool:
    product, data = taught.card.product, picture.read()
    image = checked_image(station.settings, data, picture.filename, reading=taught.card.reading)
    sha256 = station.files.put(data, image.info.sha256)
    if any(sha256 == normal.sha256 for normal in taught.card.images):
        raise ImageError(
            f"{picture.filename} is one of the good pictures that {product.key} was taught with."
        )
    return save_known_defect(station.records, product.key, sha256, picture.filename, by)
