"""Export inspections as a table, or their reports as a ZIP of PDFs."""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from pydantic import Field

from core.domain import Frozen
from core.domain.errors import InspectionError, OutputError
from core.infrastructure.atomic_files import whole_file
from core.infrastructure.unforeseen import unforeseen
from core.records.exports import write_table
from core.records.inspections import load_inspection
from core.records.search import Filter, ids
from core.services.inspection_images import report_pdf
from core.services.station import Station

NOT_PRINTED = "not-printed.txt"

OnPrinted = Callable[[int, int], object]


class ExportKind(StrEnum):
    """What can be exported; the value is the file's extension."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    PDFS = "zip"


# Exports of up to this many inspections take a second or two; longer ones are jobs.
AT_ONCE = {
    ExportKind.CSV: 20_000,
    ExportKind.XLSX: 5_000,
    ExportKind.PARQUET: 20_000,
    ExportKind.PDFS: 5,
}


class PdfPack(Frozen):
    """The contents of a ZIP of PDFs."""

    printed: int
    missing: tuple[str, ...] = Field(
        description="a sentence for each inspection without a PDF; also in the ZIP"
    )


def exported(station: Station, kind: ExportKind, filter: Filter) -> bytes:
    """Return the bytes of a short export (`AT_ONCE`).

    Raises:
        OutputError: if it cannot be written to a temporary folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"inspections.{kind.value}"
        write_export(station, kind, filter, path)
        return path.read_bytes()


def write_export(
    station: Station,
    kind: ExportKind,
    filter: Filter,
    path: Path,
    *,
    on_printed: OnPrinted = lambda done, count: None,
) -> tuple[str, ...]:
    """Write the inspections that match a filter to a file of a kind.

    Returns:
        A sentence for each inspection that is missing from the file.

    Raises:
        OutputError: if the file cannot be written.
    """
    match kind:
        case ExportKind.CSV:
            export_csv(station, filter, path)
        case ExportKind.XLSX:
            export_xlsx(station, filter, path)
        case ExportKind.PARQUET:
            export_parquet(station, filter, path)
        case ExportKind.PDFS:
            return export_pdfs(station, filter, path, on_printed=on_printed).missing
    return ()


def export_csv(station: Station, filter: Filter, path: Path) -> None:
    """Write the inspections that match a filter as CSV, in UTF-8 with a byte order mark.

    A text that begins like a formula is prefixed with an apostrophe (see `core.records.exports`).

    Raises:
        OutputError: if the file cannot be written.
    """
    with _written(path) as scratch:
        plain = scratch.with_suffix(".plain")
        write_table(station.records, filter, plain, "csv")
        with plain.open("rb") as source, scratch.open("wb") as target:
            # Without it a spreadsheet misreads Hangul and umlauts.
            target.write(codecs.BOM_UTF8)
            shutil.copyfileobj(source, target)


def export_xlsx(station: Station, filter: Filter, path: Path) -> None:
    """Write the inspections that match a filter as a workbook, with texts unchanged as text.

    Raises:
        OutputError: if the file cannot be written, or a sheet cannot hold so many rows.
    """
    with _written(path) as scratch:
        write_table(station.records, filter, scratch, "xlsx")


def export_parquet(station: Station, filter: Filter, path: Path) -> None:
    """Write the inspections that match a filter as Parquet, with texts unchanged.

    Raises:
        OutputError: if the file cannot be written.
    """
    with _written(path) as scratch:
        write_table(station.records, filter, scratch, "parquet")


def export_pdfs(
    station: Station,
    filter: Filter,
    path: Path,
    *,
    on_printed: OnPrinted = lambda done, count: None,
) -> PdfPack:
    """Write a ZIP with the report that counts of each inspection that matches a filter, as ID.pdf.

    An inspection that cannot be printed does not stop the rest: it is named in `not-printed.txt`.

    Args:
        station: records and files.
        filter: selects the inspections; those recorded during the export are left out.
        path: of the ZIP; the file appears only when it is complete.
        on_printed: called with the number done and the total; an exception ends the export.

    Raises:
        OutputError: if the ZIP cannot be written.
    """
    names = ids(station.records, filter)
    missing = []
    # The pictures in a PDF are compressed already.
    with _written(path) as scratch, ZipFile(scratch, "w", ZIP_STORED) as pack:
        for done, name in enumerate(names, start=1):
            pdf = _pdf_or_problem(station, name)
            if isinstance(pdf, bytes):
                pack.writestr(f"{name}.pdf", pdf)
            else:
                missing.append(pdf)
            on_printed(done, len(names))
        if missing:
            pack.writestr(NOT_PRINTED, "\n".join(missing) + "\n")
    return PdfPack(printed=len(names) - len(missing), missing=tuple(missing))


def _pdf_or_problem(station: Station, inspection_id: str) -> bytes | str:
    try:
        return report_pdf(station, load_inspection(station.records, inspection_id))
    except InspectionError as error:
        return f"{inspection_id}: {error}"
    except Exception as error:
        return str(unforeseen(f"{inspection_id} could not be printed", error))


@contextmanager
def _written(path: Path) -> Generator[Path]:
    try:
        with whole_file(path) as scratch:
            yield scratch
    except OSError as error:
        raise OutputError(
            f"{path} could not be written: {error.strerror}. Free space or name another place, and "
            "export again."
        ) from error
