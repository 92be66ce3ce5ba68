"""Extend a taught detector with further normals, or import one that anomalib trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.detection.base import Lesson, OnProgress
from core.detection.calibration import NormalScores
from core.detection.checkpoints import Card, Taught
from core.detection.patchcore.anomalib_import import import_patchcore
from core.detection.product_files import read_policy
from core.domain import Judgement, Likeness, Product
from core.domain.errors import ProductError
from core.domain.reading import UNSTATED, Reading
from core.imaging.acquisition import joined, refuse_scale_of_sizes
from core.imaging.picture_files import PictureFile
from core.imaging.unlike import extended, taught_conditions
from core.infrastructure.memory import memory_guard
from core.services.station import Station
from core.services.taught_reading import learn_reading
from core.services.teaching import FEWEST_NORMALS, Clock, Outcome, held_out_predictions, publish
from core.services.training_images import Normals, StoredPictures, check_pictures


def add_normals(
    station: Station,
    product: Product,
    pictures: Sequence[PictureFile],
    *,
    by: str = "",
    confirmed: str = "",
    on_progress: OnProgress = lambda step, share: None,
) -> Card:
    """Add good pictures, such as false alarms, to what the version that judges has learned.

    The result is a candidate. The held-out pictures stay held out and are scored again, so the
    thresholds follow the detector and keep their guarantee. Pictures that the product knows already
    are skipped. A picture that is unlike everything taught is refused unless a person confirms it:
    learned, a part of another product would pass from then on.

    Args:
        station: gives records and files.
        product: a product that was taught already.
        pictures: of good parts only.
        by: name of the person who adds them, for the product's history; may be empty.
        confirmed: why pictures that are unlike everything taught show good parts of the product
            all the same; kept on record with the name.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if the product has no detector, no picture is new, one is unlike everything
            taught and nobody confirms it, or the thresholds were cross-fitted, which leaves nothing
            held out.
        DetectorError: if its algorithm cannot learn further pictures, or memory runs out.
    """
    taught = station.taught(product)
    clock = Clock()
    card = taught.card
    if card.held_out == 0:
        raise ProductError(
            f"The thresholds of {product.key} are cross-fitted: no picture was held out to set new "
            "ones. Teach it again from all pictures."
        )
    added = check_pictures(
        station,
        product,
        pictures,
        card.images,
        card.reading,
        on_progress,
        taught=card.conditions,
    )
    clock.lap("check and embed")
    if not added.images:
        raise ProductError(f"No picture is new to {product.key}. {' '.join(added.skipped[:5])}")
    strange = _unlike_everything(station, taught, added)
    if strange and not (confirmed.strip() and by.strip()):
        raise ProductError(
            f"Unlike everything that {product.key} was taught with: {', '.join(strange[:5])}. Once "
            "learned, such parts pass. If a picture shows another product, or is no good, leave it "
            "out. If it shows a good part all the same, a person must say so, with name and reason."
        )
    figures = joined(card.figures, added.figures())
    refuse_scale_of_sizes(taught.policy.mm_per_px or product.mm_per_px, figures)
    shown = StoredPictures(station, added.images, card.reading)
    with memory_guard(f"add pictures to {product.key}"):
        detector = taught.detector.extend(
            Lesson(product, shown, station.settings, card.seed, on_progress)
        )
    clock.lap("train")
    images = (*card.images, *added.images)
    scores = NormalScores.of(
        held_out_predictions(station, detector, images, card.reading, on_progress)
    )
    clock.lap("calibrate")
    exemplars = station.exemplars(product).index.extended(added.looked_at())
    outcome = Outcome(
        product,
        detector,
        scores,
        images,
        card.reading,
        exemplars,
        card.seed,
        figures,
        card.conditions and extended(card.conditions, added.measured),
        clock.laps,
    )
    return publish(
        station,
        outcome,
        "normals added",
        tuple(added.skipped),
        (*added.notices(), *_confirmations(strange, by, confirmed)),
        by=by,
        on_progress=on_progress,
        confirmed=confirmed.strip() if strange else "",
    )


def is_unlike_everything(judgement: Judgement, likeness: Likeness | None) -> bool:
    """Tell whether a picture looks like nothing that its product was taught with.

    Either nearly all of it is abnormal, or it is far from all normals: a false alarm of a usual
    part is abnormal in one place, and looks like the others otherwise.
    """
    return judgement.is_unlike or (likeness is not None and likeness.is_foreign)


def _unlike_everything(station: Station, taught: Taught, added: Normals) -> tuple[str, ...]:
    """Name the pictures that are unlike everything that a version was taught with."""
    index = station.exemplars(taught.card.product).index
    strange = []
    for image, look, pixels in zip(
        added.images,
        added.looks,
        StoredPictures(station, added.images, taught.card.reading),
        strict=True,
    ):
        judgement = station.assess(taught, pixels).judgement
        nearest = index.search(look, k=1)
        likeness = index.likeness(nearest[0]) if nearest else None
        if is_unlike_everything(judgement, likeness):
            strange.append(image.filename)
    return tuple(strange)


def _confirmations(strange: tuple[str, ...], by: str, confirmed: str) -> tuple[str, ...]:
    return tuple(
        f"{filename} was unlike everything taught; {by.strip()} confirmed that it shows a good "
        f"part: {confirmed.strip()}"
        for filename in strange
    )


def adopt_anomalib_checkpoint(
    station: Station,
    product: Product,
    checkpoint: Path,
    pictures: Sequence[PictureFile],
    *,
    reading: Reading = UNSTATED,
    by: str = "",
    on_progress: OnProgress = lambda step, share: None,
) -> Card:
    """Import a Patchcore trained by anomalib: a product's first version, or a candidate.

    Args:
        station: gives records and files.
        product: the product that it was trained for.
        checkpoint: the .ckpt file that anomalib wrote.
        pictures: of good parts that it was not trained with; they set the thresholds, and are the
            normals that screens and reports compare with.
        reading: what a person states of the pictures' values; the rest is told by the pictures.
        by: name of the person who imports it, for the product's history; may be empty.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        CheckpointError: if the file is not a usable Patchcore.
        ProductError: if fewer than 5 good pictures can be used.
    """
    clock = Clock()
    policy = read_policy(station.settings, product)  # an invalid one must fail before the work
    with memory_guard(f"import {checkpoint.name}"):
        detector = import_patchcore(checkpoint, station.settings)
    clock.lap("import")
    learned = learn_reading(station, pictures, reading)
    normals = check_pictures(station, product, pictures, (), learned, on_progress)
    clock.lap("check and embed")
    if len(normals.images) < FEWEST_NORMALS:
        raise ProductError(
            f"{product.key} needs at least {FEWEST_NORMALS} pictures of good parts that the "
            f"checkpoint was not trained with, but {len(normals.images)} could be used."
        )
    refuse_scale_of_sizes(policy.mm_per_px or product.mm_per_px, normals.figures())
    images = tuple(image.model_copy(update={"use": "held out"}) for image in normals.images)
    scores = NormalScores.of(held_out_predictions(station, detector, images, learned, on_progress))
    clock.lap("calibrate")
    outcome = Outcome(
        product,
        detector,
        scores,
        images,
        learned,
        normals.index(),
        0,
        normals.figures(),
        taught_conditions(normals.measured),
        clock.laps,
    )
    return publish(
        station,
        outcome,
        "detector imported",
        tuple(normals.skipped),
        normals.notices(),
        by=by,
        on_progress=on_progress,
    )
