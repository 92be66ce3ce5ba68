"""The two doors to the road of a picture: for a person who waits, and in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain import Inspection, InspectionRequest, Job, Refusal
from core.imaging.picture_files import PictureFile
from core.services.decoded_pictures import DecodedPictures
from core.services.inspection import add_report, inspect_all
from core.services.listener import SILENT, Listener
from core.services.station import Station
from core.tasks.lot import InspectLot
from core.tasks.pictures import keep_pictures
from core.tasks.report import is_slow, write_later


def inspect_now(
    station: Station,
    request: InspectionRequest,
    pictures: Sequence[PictureFile],
    *,
    listener: Listener = SILENT,
) -> Iterator[Inspection | Refusal]:
    """Inspect pictures for a person who waits: a model writes its reports in the background.

    Args, result and errors: as for `core.services.inspection.inspect_all`.
    """

    def report(inspection: Inspection, decoded: DecodedPictures) -> Inspection:
        if not is_slow(station, request.writing):
            return add_report(station, inspection, request.writing, decoded, listener)
        write_later(station, inspection, request.writing, request.context.inspector)
        return inspection

    return inspect_all(station, request, pictures, report=report, listener=listener)


def inspect_later(
    station: Station,
    request: InspectionRequest,
    pictures: Sequence[PictureFile],
    who: str = "",
) -> Job:
    """Keep pictures, and have them inspected in the background.

    Args:
        station: whose jobs inspect.
        request: how all of them are inspected.
        pictures: one at least.
        who: asks for it.

    Raises:
        RequestError: if more pictures have one serial than a part has views.
        JobError, RecordsError: if the job cannot be put in the queue.
    """
    request.check_serial(len(pictures))
    inspections = InspectLot(
        product=request.product.key,
        pictures=keep_pictures(station, pictures),
        detector=request.detector,
        context=request.context,
        evidence=request.evidence,
        writer=request.writing.writer,
        language=request.writing.language,
    )
    lot = request.context.lot
    title = f"{request.product.key}, {lot}" if lot else request.product.key
    return station.jobs.submit(inspections, title, who)
