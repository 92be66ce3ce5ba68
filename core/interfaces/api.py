"""REST under /api, served by the console's own process."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Form, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse
from starlette.routing import Mount

from core import __version__
from core.domain import Context, EvidenceChoice, Language
from core.domain.errors import ImageError, InspectionError, JobError, ProductError, WriterError
from core.imaging.picture_files import PictureFile
from core.interfaces.inspection_json import inspection_record
from core.services.inspection import inspect
from core.services.reports import WriterChoice
from core.tasks.exports import export_file
from core.tasks.shared_station import shared_station

# Errors that the caller can correct are 4xx; those that the station's owner must correct are 503.
STATUS = {ImageError: 422, ProductError: 404, JobError: 404, WriterError: 422}

api = FastAPI(title="Smart Factory Anomaly Reporting System", docs_url=None, redoc_url=None)


def routes() -> list[Mount]:
    """List the routes for the composition root."""
    return [Mount("/api", app=api)]


@api.exception_handler(InspectionError)
async def _sentence(_request: Request, error: InspectionError) -> JSONResponse:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    return JSONResponse({"error": str(error)}, status)


@api.get("/health")
def health() -> dict[str, Any]:
    """Report whether inspections can be made, and the detector's version for each product."""
    station = shared_station()
    return {
        "status": "ok",
        "program_version": __version__,
        "products": [product.key for product in station.taught_products()],
        "inspections": station.records.count(),
    }


@api.get("/exports/{job_id}")
def download_export(job_id: str) -> FileResponse:
    """Send the file of a finished export from disk: it may be larger than memory."""
    station = shared_station()
    path = export_file(station.settings, station.jobs.job(job_id))
    return FileResponse(path, filename=f"inspections-{path.name}")


@api.post("/inspect")
def inspect_picture(
    image: UploadFile,
    product: Annotated[str, Form(description="DATASET/CATEGORY")],
    lot: Annotated[str, Form()] = "",
    serial: Annotated[str, Form()] = "",
    station: Annotated[str, Form()] = "",
    inspector: Annotated[str, Form()] = "",
    exemplars: Annotated[bool | None, Form(description="look up similar normal parts")] = None,
    knowledge: Annotated[bool | None, Form(description="look up knowledge")] = None,
    writer: Annotated[str | None, Form(description="key of the report writer")] = None,
    language: Annotated[Language | None, Form(description="of the report")] = None,
) -> dict[str, Any]:
    """Inspect one picture, and respond when the inspection is recorded."""
    opened = shared_station()
    # One byte over the limit suffices for refusal, and bounds the memory for any upload.
    data = image.file.read(opened.settings.max_image_bytes + 1)
    inspection = inspect(
        opened,
        PictureFile.of(image.filename or "upload", data),
        opened.product(product),
        context=Context(lot=lot, serial=serial, station=station, inspector=inspector),
        evidence=EvidenceChoice(exemplars=exemplars, knowledge=knowledge),
        writing=WriterChoice(writer, language),
    )
    return inspection_record(inspection)
