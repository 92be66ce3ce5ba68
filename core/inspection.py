"""The road of one picture: console, REST, command line and benchmarks all take it."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from core.conditions import condition_notices, is_of_taught_size
from core.defects import find_defects
from core.domain import (
    Context,
    Defect,
    Exemplar,
    Inspection,
    Judgement,
    Product,
    Report,
    Revision,
    RevisionKind,
    Snippet,
    Step,
)
from core.errors import ImageError, InspectionError
from core.images import CheckedImage, load_image
from core.records.reports import report_sha256
from core.reporting.composer import WRITER, compose
from core.retrieval.queries import describe_defect
from core.sources import PictureFile
from core.workbench import Workbench

log = logging.getLogger(__name__)

EXEMPLAR_COUNT = 3
SNIPPET_COUNT = 3
DESCRIBED_DEFECTS = 3

OnVerdict = Callable[[Judgement, tuple[Defect, ...]], object]


def inspect(
    bench: Workbench,
    picture: PictureFile,
    product: Product,
    *,
    context: Context | None = None,
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
        on_verdict: called as soon as verdict and defects are known.

    Raises:
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        RecordsError: if the inspection cannot be recorded.
    """
    steps: list[Step] = []
    with _timed(steps, "check"):
        image = _checked(bench, picture)
        bench.files.put(picture.read())
    with _timed(steps, "load detector"):
        taught = bench.taught(product)
    with _timed(steps, "detect"):
        prediction = taught.detector.predict(image.pixels)
    with _timed(steps, "measure"):
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

    exemplars = _exemplars(bench, product, image, steps)
    snippets = _snippets(bench, product, defects, steps)
    report: Report | None = None
    with _optional(steps, "report"):
        report = compose(product, judgement, defects, exemplars, snippets)
    now = datetime.now(UTC)
    with _timed(steps, "store"):
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
        exemplars=exemplars,
        snippets=snippets,
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


def _exemplars(
    bench: Workbench, product: Product, image: CheckedImage, steps: list[Step]
) -> tuple[Exemplar, ...]:
    if not bench.settings.rag_enabled:
        steps.append(Step(name="exemplars", seconds=0, status="off", reason="RAG_ENABLED is off"))
        return ()
    with _optional(steps, "exemplars"):
        index = bench.exemplars(product)
        seen = bench.visual_encoder(image.pixels)
        return index.search(seen, k=EXEMPLAR_COUNT, exclude_sha256=image.info.sha256)
    return ()


def _snippets(
    bench: Workbench, product: Product, defects: tuple[Defect, ...], steps: list[Step]
) -> tuple[Snippet, ...]:
    if not bench.settings.domain_rag_enabled:
        reason = "DOMAIN_RAG_ENABLED is off"
        steps.append(Step(name="knowledge", seconds=0, status="off", reason=reason))
        return ()
    if not defects:
        reason = "no defect to look up"
        steps.append(Step(name="knowledge", seconds=0, status="off", reason=reason))
        return ()
    with _optional(steps, "knowledge"):
        query = "; ".join(describe_defect(defect) for defect in defects[:DESCRIBED_DEFECTS])
        return bench.knowledge.search(query, product, k=SNIPPET_COUNT)
    return ()


def _draft(report: Report, now: datetime) -> Revision:
    return Revision(
        number=1,
        kind=RevisionKind.DRAFTED,
        report=report,
        author=WRITER,
        created_at=now,
        sha256=report_sha256(report),
    )


@contextmanager
def _timed(steps: list[Step], name: str) -> Generator[None]:
    start = time.perf_counter()
    yield
    steps.append(Step(name=name, seconds=time.perf_counter() - start))


@contextmanager
def _optional(steps: list[Step], name: str) -> Generator[None]:
    """Time a step without which an inspection still stands; its failure is recorded, not raised."""
    start = time.perf_counter()
    try:
        yield
    except Exception as error:
        if not isinstance(error, InspectionError):
            log.exception("The step %s failed", name)
        steps.append(
            Step(
                name=name,
                seconds=time.perf_counter() - start,
                status="failed",
                reason=str(error) or type(error).__name__,
            )
        )
    else:
        steps.append(Step(name=name, seconds=time.perf_counter() - start))
