"""Export inspections to a file for download."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from core.domain import Frozen, Job, JobStep
from core.domain.errors import JobError
from core.infrastructure.settings import Settings
from core.records.search import Filter, count
from core.services.exports import ExportKind, write_export
from core.services.jobs.task import Progress, Task
from core.services.station import Station

STEPS = {
    ExportKind.CSV: JobStep.WRITE_TABLE,
    ExportKind.XLSX: JobStep.WRITE_TABLE,
    ExportKind.PARQUET: JobStep.WRITE_TABLE,
    ExportKind.PDFS: JobStep.PRINT_REPORTS,
}
KEPT_S = 7 * 24 * 3600
MAX_LISTED_MISSING = 20


class ExportResult(Frozen):
    """A file ready for download."""

    file: str = Field(description="its name in the folder of exports")
    inspections: int = Field(description="number of selected inspections")
    missing: int = Field(description="number of them without a PDF")
    sentences: tuple[str, ...] = Field(description="the reason, for the first of those")


class Export(Task):
    """Write the inspections that match a filter to a file; when resumed it starts again.

    Files of earlier exports are deleted after a week: they are copies of the records.
    """

    kind: ClassVar[str] = "export"

    what: ExportKind
    filter: Filter = Filter()

    def run(self, station: Station, progress: Progress) -> ExportResult:
        """Write the file.

        Raises:
            OutputError: if the file cannot be written.
        """
        step = STEPS[self.what]
        progress(step, 0)
        remove_old_exports(station.settings)
        path = station.settings.exports_dir / f"{progress.job_id}.{self.what.value}"
        selected = count(station.records, self.filter)
        missing = write_export(
            station,
            self.what,
            self.filter,
            path,
            on_printed=lambda done, total: progress(step, done, total),
        )
        return ExportResult(
            file=path.name,
            inspections=selected,
            missing=len(missing),
            sentences=missing[:MAX_LISTED_MISSING],
        )


def export_file(settings: Settings, job: Job) -> Path:
    """Find the file of a finished export.

    Raises:
        JobError: if the job is not an export or not done, or its file was removed.
    """
    is_done = job.kind == Export.kind and not job.is_active
    made = job.result_as(ExportResult) if is_done else None
    path = None if made is None else settings.exports_dir / made.file
    if path is None or not path.is_file():
        raise JobError(
            f"The job {job.id} has no file to download. Files appear when an export is done and "
            "are kept for a week. Export again."
        )
    return path


def remove_old_exports(settings: Settings) -> None:
    """Remove the files of exports that are older than a week."""
    oldest = time.time() - KEPT_S
    for path in settings.exports_dir.glob("*"):
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
