"""The road of one picture: console, REST, command line and benchmarks all take it."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from core.defects import find_defects
from core.domain import (
    Context,
    Defect,
    DefectTypeGuess,
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
from core.retrieval.defect_types import MOST_TYPES, comparable, rank_types, text_similarities
from core.retrieval.labelled import defect_crop
from core.retrieval.looks import measure_look
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
        product = product.model_copy(update={"mm_per_px": scale})
        defects = find_defects(prediction.anomaly_map, judgement, taught.policy, mm_per_px=scale)
    if on_verdict is not None:
        on_verdict(judgement, defects)

    exemplars = _exemplars(bench, product, image, steps)
    queries = _described(bench, image, defects, steps)
    snippets = _snippets(bench, product, queries, steps)
    guesses = _defect_types(bench, product, image, defects, queries, steps)
    report: Report | None = None
    with _optional(steps, "report"):
        report = compose(product, judgement, defects, exemplars, snippets, guesses)
    now = datetime.now(UTC)
    with _timed(steps, "store"):
        map_sha256 = bench.files.put_map(prediction.anomaly_map)
    inspection = Inspection(
        id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        created_at=now,
        product=product,
        context=context or Context(),
        image=image.info,
        detector=taught.card.detector,
        judgement=judgement,
        map_sha256=map_sha256,
        defects=defects,
        exemplars=exemplars,
        snippets=snippets,
        defect_types=guesses,
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


def _described(
    bench: Workbench, image: CheckedImage, defects: tuple[Defect, ...], steps: list[Step]
) -> dict[str, str]:
    """Queries of the strongest defects by their ids, in the words of an inspector."""
    if not bench.settings.domain_rag_enabled or not defects:
        return {}
    with _optional(steps, "describe"):
        return {
            defect.id: describe_defect(defect, measure_look(image.pixels, defect))
            for defect in defects[:DESCRIBED_DEFECTS]
        }
    return {}


def _snippets(
    bench: Workbench, product: Product, queries: dict[str, str], steps: list[Step]
) -> tuple[Snippet, ...]:
    if reason := _why_no_knowledge(bench, queries):
        steps.append(Step(name="knowledge", seconds=0, status="off", reason=reason))
        return ()
    with _optional(steps, "knowledge"):
        return bench.knowledge.search("; ".join(queries.values()), product, k=SNIPPET_COUNT)
    return ()


def _defect_types(
    bench: Workbench,
    product: Product,
    image: CheckedImage,
    defects: tuple[Defect, ...],
    queries: dict[str, str],
    steps: list[Step],
) -> tuple[DefectTypeGuess, ...]:
    """Which known types fit each described defect, by words and by labelled crops."""
    if reason := _why_no_knowledge(bench, queries):
        steps.append(Step(name="defect types", seconds=0, status="off", reason=reason))
        return ()
    with _optional(steps, "defect types"):
        labelled = bench.labelled_crops(product)
        guesses: list[DefectTypeGuess] = []
        for defect in defects[: len(queries)]:
            texts = text_similarities(
                bench.knowledge.search(queries[defect.id], product, k=MOST_TYPES)
            )
            examples: dict[str, float] = {}
            if labelled is not None:
                seen = bench.visual_encoder(defect_crop(image.pixels, defect.box))
                likeness = labelled.similarities(seen, exclude_sha256=image.info.sha256)
                examples = comparable(likeness, labelled.pictures())
            calibration = labelled.calibration if labelled is not None else None
            guesses += rank_types(defect.id, texts, examples, calibration)
        return tuple(guesses)
    return ()


def _why_no_knowledge(bench: Workbench, queries: dict[str, str]) -> str:
    if not bench.settings.domain_rag_enabled:
        return "DOMAIN_RAG_ENABLED is off"
    return "" if queries else "no defect to look up"


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
