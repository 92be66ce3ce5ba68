"""The road of one picture: console, REST, command line and benchmarks all take it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from core.conditions import condition_notices, is_of_taught_size
from core.defects import find_defects
from core.domain import (
    Context,
    Defect,
    Evidence,
    EvidenceChoice,
    Inspection,
    Judgement,
    Product,
    Report,
    Revision,
    RevisionKind,
    Step,
)
from core.errors import ImageError
from core.exemplars import find_exemplars
from core.fitting_knowledge import find_knowledge
from core.images import CheckedImage, load_image
from core.records.reports import report_sha256
from core.reporting.composer import WRITER, compose
from core.sources import PictureFile
from core.steps import optional, timed
from core.workbench import Workbench

SNIPPET_COUNT = 3
DESCRIBED_DEFECTS = 3

OnVerdict = Callable[[Judgement, tuple[Defect, ...]], object]


def inspect(
    bench: Workbench,
    picture: PictureFile,
    product: Product,
    *,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    on_verdict: OnVerdict | None = None,
) -> Inspection:
    """Inspect one picture and record everything.

    The verdict stands before evidence and report are looked up; when one of those fails, the step
    is recorded as failed with its reason and the rest is kept.

    Args:
        bench: records, detectors and retrievers.
        picture: any accepted file.
        product: that the picture shows; it must have been taught.
        context: lot, serial, station and inspector.
        evidence: which evidence to look up; as the settings say unless it is given.
        on_verdict: called as soon as verdict and defects are known.

    Raises:
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        RecordsError: if the inspection cannot be recorded.
    """
    steps: list[Step] = []
    with timed(steps, "check"):
        image = _checked(bench, picture)
        bench.files.put(picture.read())
    with timed(steps, "load detector"):
        taught = bench.taught(product)
    with timed(steps, "detect"):
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
    normals = find_exemplars(bench, product, image, defects, evidence, steps)
    knowledge = find_knowledge(bench, product, image, defects, evidence, steps)
    report: Report | None = None
    with optional(steps, "report"):
        report = compose(
            Evidence(
                product=product,
                judgement=judgement,
                defects=defects,
                exemplars=normals.exemplars,
                likeness=normals.likeness,
                snippets=knowledge.snippets,
                defect_types=knowledge.defect_types,
            )
        )
    now = datetime.now(UTC)
    with timed(steps, "store"):
        map_sha256 = bench.files.put_map(prediction.anomaly_map)
    inspection = Inspection(
        id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        created_at=now,
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
        revisions=() if report is None else (_draft(report, now),),
    )
    bench.records.save_inspection(inspection)
    return inspection


def _checked(bench: Workbench, picture: PictureFile) -> CheckedImage:
    limits = bench.settings
    try:
        return load_image(
            picture.read(),
            picture.filename,
            max_bytes=limits.max_image_bytes,
            max_pixels=limits.max_image_pixels,
        )
    except ImageError as error:
        bench.records.add_event("picture refused", picture.filename, {"reason": str(error)})
        raise


def _draft(report: Report, now: datetime) -> Revision:
    return Revision(
        number=1,
        kind=RevisionKind.DRAFTED,
        report=report,
        author=WRITER,
        created_at=now,
        sha256=report_sha256(report),
    )
