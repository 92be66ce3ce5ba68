"""Detectors and writers side by side on one picture; a person chooses which becomes the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from itertools import product as pairs

from core.detection.checkpoints import Active, judging_versions
from core.domain import (
    Inspection,
    InspectionRequest,
    Product,
    SideBySide,
    SideBySideColumn,
    Step,
    StepName,
)
from core.domain.errors import NotTaughtError, RecordsError
from core.imaging.picture_files import PictureFile
from core.infrastructure.ids import id_of
from core.infrastructure.step_log import timed
from core.records.audits import require_unsealed
from core.records.inspections import load_inspection
from core.records.side_by_side import save_choice, save_side_by_side, side_by_side
from core.reporting.catalogue import find_model
from core.reporting.grounding import check
from core.services.decoded_pictures import DecodedPictures
from core.services.inspection import examine, take_in
from core.services.reports import author_of, write_report
from core.services.station import Station

AT_ONCE = 8

# Called with how many reports are written, of how many.
OnProgress = Callable[[int, int], object]


def detectors_of(station: Station, product: Product) -> dict[str, Active]:
    """List the version of each algorithm that judges when asked for, the active one first.

    Raises:
        ProductError: if the product has no detector.
    """
    return judging_versions(station.settings, product)


def put_side_by_side(
    station: Station,
    request: InspectionRequest,
    picture: PictureFile,
    detectors: Sequence[str] = (),
    writers: Sequence[str] = (),
    *,
    recorded: Inspection | None = None,
    on_progress: OnProgress | None = None,
) -> SideBySide:
    """Run every detector, and every writer on what each of them found, and record all of it.

    Detectors run at the same time, and then writers; a local model is asked once at a time. The
    picture is read and decoded once for all of them.

    Args:
        station: records, detectors and writers.
        request: what all columns share, and the detector and writer where none is named below.
        picture: any accepted file.
        detectors: algorithms that the product was taught with; none: as the request says.
        writers: keys of the catalogue, each asked also if the part passed; none: as the request and
            LLM_FOR_PASS say.
        recorded: the inspection whose report is in question; its own findings are not made anew.
        on_progress: called in this thread each time that a report is written.

    Raises:
        RecordsError: if the finding of `recorded` is sealed for an audit.
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        DetectorError: if the product was not taught with one of the detectors.
        WriterError: if the catalogue has no such writer.
    """
    named = writers or (request.writing.writer or station.settings.llm_model,)
    models = dict.fromkeys(find_model(key).key for key in named)
    chosen = _chosen_versions(station, request, detectors)
    decoded = DecodedPictures(station)
    if recorded is not None:
        require_unsealed(station.records, recorded.id)
    known = {} if recorded is None else {recorded.detector.algorithm: recorded}
    missing = [version.algorithm for version in chosen if version.algorithm not in known]
    known |= _examined(station, request, picture, missing, decoded)
    found = [known[version.algorithm] for version in chosen]

    def column(inspection: Inspection, writer: str) -> SideBySideColumn:
        # Columns that all come from the composer would compare nothing.
        of_pass = request.writing.of_pass or bool(writers)
        choice = request.writing.model_copy(update={"writer": writer, "of_pass": of_pass})
        report, writing = write_report(station, inspection, choice, decoded)
        return SideBySideColumn(
            inspection=inspection.model_copy(update={"revisions": (), "dispositions": ()}),
            report=report,
            writing=writing,
            remarks=check(report, inspection.evidence),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(column, *pair) for pair in pairs(found, models)]
        for done, _ in enumerate(as_completed(running), start=1):
            if on_progress is not None:
                on_progress(done, len(running))
    now = datetime.now(UTC)
    comparison = SideBySide(
        id=id_of(now, "C"),
        created_at=now,
        product_key=request.product.key,
        image_sha256=found[0].image.sha256,
        inspection_id=None if recorded is None else recorded.id,
        columns=tuple(job.result() for job in running),
    )
    save_side_by_side(station.records, comparison)
    return comparison


def choose(station: Station, comparison_id: str, position: int, person: str) -> Inspection:
    """Make one column's report that of the inspection, and put the choice on record.

    Args:
        station: records.
        comparison_id: of a comparison in which nothing was chosen yet.
        position: of the column, from 0.
        person: who chooses.

    Returns:
        The inspection as it is on record then.

    Raises:
        RecordsError: if there is no such comparison or column, a choice was made, nobody is named,
            or the report cannot be recorded; then nothing was chosen.
    """
    comparison = side_by_side(station.records, comparison_id)
    if not 0 <= position < len(comparison.columns):
        raise RecordsError(
            f"Comparison {comparison_id} has {len(comparison.columns)} reports; "
            f"there is no number {position + 1}."
        )
    chosen = comparison.columns[position]
    save_choice(station.records, comparison, position, person, author_of(chosen.writing))
    return load_inspection(station.records, chosen.inspection.id)


def _chosen_versions(
    station: Station, request: InspectionRequest, detectors: Sequence[str]
) -> tuple[Active, ...]:
    known = detectors_of(station, request.product)
    if request.detector is not None and not detectors:
        detectors = (request.detector,)
    if missing := [name for name in detectors if name not in known]:
        raise NotTaughtError(
            f"{request.product.key} was not taught with {', '.join(missing)}; it was with "
            f"{', '.join(known)}. Teach it with --detector first, or leave it out."
        )
    wanted = dict.fromkeys(detectors) if detectors else [next(iter(known))]
    return tuple(known[name] for name in wanted)


def _examined(
    station: Station,
    request: InspectionRequest,
    picture: PictureFile,
    detectors: Sequence[str],
    decoded: DecodedPictures,
) -> dict[str, Inspection]:
    """Examine the picture by each detector; it is read and decoded once for all of them."""
    if not detectors:
        return {}
    steps: list[Step] = []
    with timed(steps, StepName.CHECK):
        reading = station.taught(request.product, detectors[0]).card.reading
        image = take_in(station, picture, reading)
        decoded.add(image)

    def found_by(detector: str) -> Inspection:
        asked = request.model_copy(update={"detector": detector})
        return examine(station, asked, image, decoded=decoded, before=steps)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(detectors, pool.map(found_by, detectors), strict=True))
