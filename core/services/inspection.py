"""The road of a picture: console, jobs, REST, command line and benchmarks all take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from core import __version__
from core.detection.checkpoints import Card
from core.domain import (
    Inspection,
    InspectionRequest,
    Refusal,
    RefusalKind,
    Revision,
    Step,
    StepName,
    WriterChoice,
)
from core.domain.conditions import Unlike
from core.domain.errors import ImageError, InspectionError, NoPictureError
from core.domain.reading import FULL_DEPTH, Reading
from core.imaging.acquisition import condition_notices, is_of_taught_size, scale_holds
from core.imaging.conditions import LEAST_LIGHT, least_light_of, measure, refuse_blank
from core.imaging.decoding import CheckedImage, checked_image
from core.imaging.folder_contents import readable
from core.imaging.picture_files import PictureFile
from core.imaging.unlike import unlike as compared
from core.infrastructure.ids import id_of
from core.infrastructure.memory import memory_guard
from core.infrastructure.step_log import optional, timed
from core.infrastructure.unforeseen import unforeseen
from core.records.events import add_event
from core.records.inspections import add_step, last_seen, save_inspection
from core.reporting.catalogue import find_model
from core.services.decoded_pictures import DecodedPictures
from core.services.exemplar_evidence import find_exemplars
from core.services.knowledge_evidence import find_knowledge
from core.services.listener import SILENT, Listener
from core.services.reports import draft_report
from core.services.station import Station

# Makes the report of a recorded inspection, from pictures that are decoded already.
MakeReport = Callable[[Inspection, DecodedPictures], Inspection]


def inspect_all(
    station: Station,
    request: InspectionRequest,
    pictures: Sequence[PictureFile],
    *,
    ids: Sequence[str] | None = None,
    report: MakeReport | None = None,
    listener: Listener = SILENT,
) -> Iterator[Inspection | Refusal]:
    """Inspect pictures one by one, each when it is asked for; what is unfit never stops the rest.

    A picture that cannot be used, and one that meets an error that nobody foresaw, are refused.
    Every other error would meet all pictures alike, so it is raised and ends the rest.

    Args:
        station: records, detectors and retrievers.
        request: how all of them are inspected.
        pictures: any accepted files.
        ids: of the inspections, that nothing on record has, one a picture; None: new ones.
        report: makes the report of each; None: it is written before the next picture's turn.
        listener: who is told while each is inspected.

    Returns:
        What came of each picture, in their order.

    Raises:
        RequestError: if more pictures have one serial than a part has views.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        DetectorError: if the product was not taught with that algorithm, or the machine's memory is
            too small.
        WriterError: if the catalogue has no such report writer.
        RecordsError: if an inspection cannot be recorded.
        UnforeseenError: if something else is wrong before the first picture.
    """
    request.check_serial(len(pictures))
    _check_writer(station, request)
    try:
        with memory_guard("load the detector"):
            station.taught(request.product, request.detector)
    except InspectionError:
        raise
    except Exception as error:
        raise unforeseen(f"{request.product.key} could not be inspected", error) from error
    return (
        _outcome(station, request, picture, inspection_id, report, listener)
        for picture, inspection_id in zip(pictures, ids or [None] * len(pictures), strict=True)
    )


def inspect(
    station: Station,
    request: InspectionRequest,
    picture: PictureFile,
    *,
    inspection_id: str | None = None,
    report: MakeReport | None = None,
    listener: Listener = SILENT,
) -> Inspection:
    """Inspect one picture and record everything.

    The verdict stands before evidence and report are looked up; when one of those fails, the step
    is recorded as failed with its reason and the rest is kept. All that was found is on record
    before a report is asked for, which may take minutes.

    Args:
        station, request, report, listener: as for `inspect_all`.
        picture: any accepted file.
        inspection_id: that nothing on record has; a new one unless it is given.

    Raises:
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError, DetectorError, WriterError, RecordsError: as
            for `inspect_all`.
    """
    _check_writer(station, request)
    steps: list[Step] = []
    decoded = DecodedPictures(station)
    with timed(steps, StepName.CHECK):
        reading = station.taught(request.product, request.detector).card.reading
        image = take_in(station, picture, reading)
        decoded.add(image)
    inspection = examine(
        station,
        request,
        image,
        decoded=decoded,
        before=steps,
        inspection_id=inspection_id,
        listener=listener,
    )
    save_inspection(station.records, inspection)
    if report is not None:
        return report(inspection, decoded)
    return add_report(station, inspection, request.writing, decoded, listener)


def add_report(
    station: Station,
    inspection: Inspection,
    choice: WriterChoice,
    decoded: DecodedPictures | None = None,
    listener: Listener = SILENT,
) -> Inspection:
    """Have the report of a recorded inspection drafted; a failure is recorded, not raised.

    Raises:
        RecordsError: if that cannot be recorded.
    """
    steps: list[Step] = []
    revisions: tuple[Revision, ...] = ()
    with optional(steps, StepName.REPORT):
        revisions = (draft_report(station, inspection, choice, decoded, listener),)
    add_step(station.records, inspection.id, steps[0])
    return inspection.model_copy(
        update={"steps": (*inspection.steps, *steps), "revisions": revisions}
    )


def take_in(station: Station, picture: PictureFile, reading: Reading = FULL_DEPTH) -> CheckedImage:
    """Check a picture and keep it: it is read once, so what is judged is what is kept.

    Args:
        station: keeps it.
        picture: any accepted file.
        reading: of the detector that is to judge it, if it is known already.

    Raises:
        ImageError: if the picture cannot be used; the refusal is recorded as an event.
        RecordsError: if the picture cannot be kept.
    """
    try:
        data = picture.read()
        image = checked_image(
            station.settings, data, picture.filename, picture.sha256 or None, reading
        )
    except ImageError as error:
        _record_refusal(station, picture.filename, error)
        raise
    if not picture.sha256:
        station.files.put(data, image.info.sha256)
    return image


def examine(
    station: Station,
    request: InspectionRequest,
    image: CheckedImage,
    *,
    decoded: DecodedPictures | None = None,
    before: Sequence[Step] = (),
    inspection_id: str | None = None,
    listener: Listener = SILENT,
) -> Inspection:
    """Judge one picture and look up its evidence; nothing is recorded, and there is no report yet.

    Args:
        station, request, inspection_id, listener: as for `inspect`.
        image: that was taken in; it is read anew if the detector's pictures are read otherwise.
        decoded: keeps the normal part that the picture is compared with for who asks next.
        before: steps that were taken already.

    Raises:
        ImageError: if nothing can be seen on the picture; the refusal is recorded as an event.
        ProductError, CheckpointError, WeightsError: if there is no detector that works.
        DetectorError: if the product was not taught with that algorithm.
    """
    steps = list(before)
    with timed(steps, StepName.LOAD_DETECTOR):
        taught = station.taught(request.product, request.detector)
    image = _as_taught(station, image, taught.card.reading)
    unlike = _conditions(station, taught.card, image)
    assessment = station.assess(taught, image.pixels, steps)
    judgement = assessment.judgement
    with timed(steps, StepName.MEASURE):
        scale = taught.policy.mm_per_px or request.product.mm_per_px
        taught_with = taught.card.figures
        differences = condition_notices(taught_with, image, has_scale=scale is not None)
        if not scale_holds(taught_with, image.info):
            scale = None
        product = request.product.model_copy(update={"mm_per_px": scale})
        defects = assessment.defects(scale)
    if listener.on_verdict is not None:
        listener.on_verdict(judgement, defects)

    decoded = decoded or DecodedPictures(station)
    normals = find_exemplars(station, product, image, defects, request.evidence, decoded, steps)
    knowledge = find_knowledge(station, product, image, defects, request.evidence, steps)
    now = datetime.now(UTC)
    with timed(steps, StepName.STORE):
        map_sha256 = station.files.put_map(assessment.anomaly_map)
    return Inspection(
        id=inspection_id or id_of(now),
        created_at=now,
        program_version=__version__,
        product=product,
        context=request.context,
        image=image.info.model_copy(
            update={"notices": (*image.info.notices, *differences), "unlike": unlike}
        ),
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
        seen_before=last_seen(
            station.records, product.key, image.info.sha256, request.context.serial
        ),
    )


def _as_taught(station: Station, image: CheckedImage, reading: Reading) -> CheckedImage:
    info = image.info
    if info.reading == reading:
        return image
    data = station.files.read(info.sha256)
    return checked_image(station.settings, data, info.filename, info.sha256, reading)


def _conditions(station: Station, card: Card, image: CheckedImage) -> tuple[Unlike, ...]:
    """Compare how a picture was taken with those taught; one that shows nothing is refused.

    Raises:
        ImageError: if it is nearly dark or flat; the refusal is recorded as an event.
    """
    measured, taught = measure(image.pixels), card.conditions
    try:
        least = LEAST_LIGHT if taught is None else least_light_of(taught)
        refuse_blank(measured, image.info.filename, least)
    except ImageError as error:
        _record_refusal(station, image.info.filename, error)
        raise
    if taught is None:
        return ()
    of_taught_size = is_of_taught_size(card.figures, image.info)
    return compared(taught, measured, of_taught_size=of_taught_size)


def _record_refusal(station: Station, filename: str, error: ImageError) -> None:
    add_event(station.records, "picture refused", filename, {"reason": str(error)})


def _outcome(
    station: Station,
    request: InspectionRequest,
    picture: PictureFile,
    inspection_id: str | None,
    report: MakeReport | None,
    listener: Listener,
) -> Inspection | Refusal:
    """Inspect one picture under the one policy for which errors stop the rest."""
    try:
        with memory_guard("inspect pictures"):
            return inspect(
                station,
                request,
                picture,
                inspection_id=inspection_id,
                report=report,
                listener=listener,
            )
    except ImageError as error:
        is_none = isinstance(error, NoPictureError)
        kind = RefusalKind.NO_PICTURE if is_none else RefusalKind.PICTURE
        return _refused(picture, kind, error, error)
    except InspectionError:
        raise
    except Exception as error:
        said = unforeseen(f"{picture.filename} could not be inspected", error)
        return _refused(picture, RefusalKind.UNFORESEEN, said, error)


def _refused(
    picture: PictureFile, kind: RefusalKind, said: InspectionError, error: Exception
) -> Refusal:
    return Refusal(
        filename=picture.filename,
        sentence=readable(str(said)),
        kind=kind,
        error=type(error).__name__,
    )


def _check_writer(station: Station, request: InspectionRequest) -> None:
    find_model(request.writing.writer or station.settings.llm_model)
