"""The road of one picture: console, REST, command line and benchmarks all take it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from core import __version__
from core.detection.defects import find_defects
from core.domain import (
    Context,
    Defect,
    EvidenceChoice,
    Inspection,
    Judgement,
    Product,
    Revision,
    Step,
)
from core.domain.errors import ImageError
from core.imaging.acquisition import condition_notices, is_of_taught_size
from core.imaging.decoding import CheckedImage, load_image
from core.imaging.picture_files import PictureFile
from core.infrastructure.step_log import optional, timed
from core.records.events import add_event
from core.records.inspections import add_step, save_inspection
from core.reporting.catalogue import find_model
from core.services.exemplar_evidence import find_exemplars
from core.services.knowledge_evidence import find_knowledge
from core.services.reports import WriterChoice, draft_report
from core.services.station import Station

SNIPPET_COUNT = 3
DESCRIBED_DEFECTS = 3

OnVerdict = Callable[[Judgement, tuple[Defect, ...]], object]


def inspect(
    station: Station,
    picture: PictureFile,
    product: Product,
    *,
    detector: str | None = None,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    writing: WriterChoice | None = None,
    on_verdict: OnVerdict | None = None,
    inspection_id: str | None = None,
) -> Inspection:
    """Inspect one picture and record everything.

    The verdict stands before evidence and report are looked up; when one of those fails, the step
    is recorded as failed with its reason and the rest is kept. All that was found is on record
    before a report is asked for, which may take minutes.

    Args:
        station: records, detectors and retrievers.
        picture: any accepted file.
        product: that the picture shows; it must have been taught.
        detector: the algorithm that judges, in its newest version; None: the active detector.
        context: lot, serial, station and inspector.
        evidence: which evidence to look up; as the settings say unless it is given.
        writing: who writes the report, and how; as the settings say unless it is given.
        on_verdict: called as soon as verdict and defects are known.
        inspection_id: that nothing on record has; a new one unless it is given.

    Raises:
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        DetectorError: if the product was not taught with that algorithm.
        WriterError: if the catalogue has no such report writer.
        RecordsError: if the inspection cannot be recorded.
    """
    writing = writing or WriterChoice()
    find_model(writing.writer or station.settings.llm_model)
    inspection = record(
        station,
        picture,
        product,
        detector=detector,
        context=context,
        evidence=evidence,
        on_verdict=on_verdict,
        inspection_id=inspection_id,
    )
    return add_report(station, inspection, writing)


def record(
    station: Station,
    picture: PictureFile,
    product: Product,
    *,
    detector: str | None = None,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    on_verdict: OnVerdict | None = None,
    inspection_id: str | None = None,
) -> Inspection:
    """Inspect one picture and record it without a report, which `add_report` makes.

    Args and errors: as for `inspect`.
    """
    inspection = examine(
        station,
        picture,
        product,
        detector=detector,
        context=context,
        evidence=evidence,
        on_verdict=on_verdict,
        inspection_id=inspection_id,
    )
    save_inspection(station.records, inspection)
    return inspection


def add_report(station: Station, inspection: Inspection, writing: WriterChoice) -> Inspection:
    """Have the report of a recorded inspection drafted; a failure is recorded, not raised.

    Raises:
        RecordsError: if that cannot be recorded.
    """
    steps: list[Step] = []
    revisions: tuple[Revision, ...] = ()
    with optional(steps, "report"):
        revisions = (draft_report(station, inspection, writing),)
    add_step(station.records, inspection.id, steps[0])
    return inspection.model_copy(
        update={"steps": (*inspection.steps, *steps), "revisions": revisions}
    )


def examine(
    station: Station,
    picture: PictureFile,
    product: Product,
    *,
    detector: str | None = None,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    on_verdict: OnVerdict | None = None,
    inspection_id: str | None = None,
) -> Inspection:
    """Judge one picture and look up its evidence; nothing is recorded, and there is no report yet.

    Args:
        station, picture, product, detector, context, evidence, on_verdict, inspection_id: as for
            `inspect`.

    Raises:
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        DetectorError: if the product was not taught with that algorithm.
    """
    steps: list[Step] = []
    with timed(steps, "check"):
        image = _checked(station, picture)
        station.files.put(picture.read())
    with timed(steps, "load detector"):
        taught = station.taught(product, detector)
    with station.judging.turn(steps), timed(steps, "detect"):
        prediction = taught.detector.predict(image.pixels)
    with timed(steps, "measure"):
        judgement = taught.calibration.judge(prediction)
        scale = taught.policy.mm_per_px or product.mm_per_px
        taught_with = taught.card.figures
        differences = condition_notices(taught_with, image, has_scale=scale is not None)
        if not is_of_taught_size(taught_with, image.info):
            scale = None
        product = product.model_copy(update={"mm_per_px": scale})
        defects = find_defects(prediction.anomaly_map, judgement, taught.policy, mm_per_px=scale)
    if on_verdict is not None:
        on_verdict(judgement, defects)

    evidence = evidence or EvidenceChoice()
    normals = find_exemplars(station, product, image, defects, evidence, steps)
    knowledge = find_knowledge(station, product, image, defects, evidence, steps)
    now = datetime.now(UTC)
    with timed(steps, "store"):
        map_sha256 = station.files.put_map(prediction.anomaly_map)
    return Inspection(
        id=inspection_id or f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        created_at=now,
        program_version=__version__,
        product=product,
        context=context or Context(),
        image=image.info.model_copy(update={"notices": (*image.info.notices, *differences)}),
        detector=taught.card.detector,
        judgement=judgement,
        map_sha256=map_sha256,
        defects=defects,
        exemplars=normals.exemplars,
        likeness=normals.likeness,
        comparisons=normals.comparisons,
        snippets=knowledge.snippets,
        defect_types=knowledge.defect_types,
        steps=tuple(steps),
    )


def _checked(station: Station, picture: PictureFile) -> CheckedImage:
    limits = station.settings
    try:
        return load_image(
            picture.read(),
            picture.filename,
            max_bytes=limits.max_image_bytes,
            max_pixels=limits.max_image_pixels,
        )
    except ImageError as error:
        add_event(station.records, "picture refused", picture.filename, {"reason": str(error)})
        raise
