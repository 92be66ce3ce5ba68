"""REST under /api, served by the console's own process."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Form, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse
from starlette.routing import Mount

from core import __version__
from core.domain import (
    Context,
    EvidenceChoice,
    InspectionRequest,
    Language,
    Refusal,
    RefusalKind,
    WriterChoice,
)
from core.domain.errors import (
    InspectionError,
    JobError,
    NotTaughtError,
    ProductError,
    RequestError,
    UnforeseenError,
    WriterError,
)
from core.imaging.picture_files import PictureFile
from core.infrastructure.unforeseen import unforeseen
from core.interfaces.inspection_json import inspection_record
from core.records.search import count
from core.services.inspection import inspect_all
from core.tasks.exports import export_file
from core.tasks.shared_station import shared_station

# Errors that the caller can correct are 4xx; those that the station's owner must correct are 503.
STATUS = {
    RequestError: 422,
    ProductError: 404,
    JobError: 404,
    WriterError: 422,
    NotTaughtError: 422,
    UnforeseenError: 500,
}
REFUSED = {RefusalKind.PICTURE: 422, RefusalKind.NO_PICTURE: 422, RefusalKind.UNFORESEEN: 500}

api = FastAPI(
    title="Smart Factory Anomaly Reporting System",
    version=__version__,
    docs_url=None,
    redoc_url=None,
)


def routes() -> list[Mount]:
    """List the routes for the composition root."""
    return [Mount("/api", app=api)]


@api.exception_handler(InspectionError)
async def _sentence(_request: Request, error: InspectionError) -> JSONResponse:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    return JSONResponse({"error": str(error)}, status)


@api.exception_handler(Exception)
async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    said = unforeseen(f"{request.method} {request.url.path} could not be answered", error)
    return JSONResponse({"error": str(said)}, STATUS[UnforeseenError])


@api.get("/health")
def health() -> dict[str, Any]:
    """Report whether inspections can be made: the program's version and the taught products."""
    station = shared_station()
    return {
        "status": "ok",
        "program_version": __version__,
        "products": [product.key for product in station.taught_products()],
        "inspections": count(station.records),
    }


@api.get("/exports/{job_id}")
def download_export(job_id: str) -> FileResponse:
    """Send the file of a finished export from disk: it may be larger than memory."""
    station = shared_station()
    path = export_file(station.settings, station.jobs.job(job_id))
    return FileResponse(path, filename=f"inspections-{path.name}")


@api.post("/inspect", response_model=None)
def inspect_picture(
    image: UploadFile,
    product: Annotated[str, Form(description="DATASET/CATEGORY")],
    lot: Annotated[str, Form()] = "",
    serial: Annotated[str, Form()] = "",
    station: Annotated[str, Form()] = "",
    inspector: Annotated[str, Form()] = "",
    detector: Annotated[
        str | None, Form(description="algorithm that judges; the active one unless given")
    ] = None,
    exemplars: Annotated[bool | None, Form(description="look up similar normal parts")] = None,
    knowledge: Annotated[bool | None, Form(description="look up knowledge")] = None,
    writer: Annotated[str | None, Form(description="key of the report writer")] = None,
    language: Annotated[Language | None, Form(description="of the report")] = None,
) -> dict[str, Any] | JSONResponse:
    """Inspect one picture, and respond when the inspection is recorded."""
    opened = shared_station()
    # One byte over the limit suffices for refusal, and bounds the memory for any upload.
    data = image.file.read(opened.settings.max_image_bytes + 1)
    request = InspectionRequest(
        product=opened.product(product),
        detector=detector,
        context=Context(lot=lot, serial=serial, station=station, inspector=inspector),
        evidence=EvidenceChoice(exemplars=exemplars, knowledge=knowledge),
        writing=WriterChoice(writer=writer, language=language),
    )
    (outcome,) = inspect_all(opened, request, [PictureFile.of(image.filename or "upload", data)])
    if isinstance(outcome, Refusal):
        return JSONResponse({"error": outcome.sentence}, REFUSED[outcome.kind])
    return inspection_record(outcome)
