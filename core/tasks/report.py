"""Write the report of a recorded inspection: a slow model may take minutes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from core.domain import (
    Frozen,
    Inspection,
    Job,
    JobStep,
    Language,
    StepName,
    WriterChoice,
)
from core.records.inspections import load_inspection
from core.reporting.answers import prose_so_far
from core.reporting.catalogue import find_model
from core.services.inspection import add_report
from core.services.jobs.task import Progress, Task
from core.services.listener import Listener
from core.services.reports import draft_report
from core.services.station import Station

STEP = JobStep.WRITE_REPORT
WAIT = JobStep.WAIT_FOR_MODEL


class WritingResult(Frozen):
    """What has come of a report."""

    revision: int | None = Field(None, description="its number; None: not yet, or its step failed")
    answer: str = Field("", description="what the model has written so far")
    before: int = Field(0, description="how many wait for the local model before it")


class WriteReport(Task):
    """Have a report drafted; the answer so far is told while it comes.

    Begun anew when it is resumed. The first report of an inspection is one of its steps; later ones
    are further revisions.
    """

    kind: ClassVar[str] = "write_report"

    inspection: str = Field(description="id of an inspection on record")
    writer: str | None = Field(None, description="None: as LLM_MODEL says")
    language: Language | None = Field(None, description="None: as REPORT_LANGUAGE says")
    fresh: bool = Field(False, description="ask again, even if the same was asked before")
    reason: str = Field("", description="for another report than one that was signed")

    def run(self, station: Station, progress: Progress) -> WritingResult:
        """Write it.

        Raises:
            WriterError: if there is no such report writer.
            RecordsError: if the inspection is not on record, or cannot be added to.
        """
        find_model(self.writer or station.settings.llm_model)
        inspection = load_inspection(station.records, self.inspection)
        progress(STEP, 0)
        choice = WriterChoice(writer=self.writer, language=self.language, fresh=self.fresh)
        listener = Listener(
            on_answer=lambda text: progress(
                STEP, 0, result=WritingResult(answer=prose_so_far(text))
            ),
            on_wait=lambda before: progress(WAIT, 0, result=WritingResult(before=before)),
        )
        if any(step.name is StepName.REPORT for step in inspection.steps) or inspection.revisions:
            revision = draft_report(
                station, inspection, choice, listener=listener, reason=self.reason
            )
            return WritingResult(revision=revision.number)
        revisions = add_report(station, inspection, choice, listener=listener).revisions
        return WritingResult(revision=revisions[-1].number if revisions else None)


def is_slow(station: Station, choice: WriterChoice) -> bool:
    """Tell whether a writer may take longer than a person waits, as every model does."""
    return not find_model(choice.writer or station.settings.llm_model).is_offline


def write_later(
    station: Station, inspection: Inspection, choice: WriterChoice, who: str, reason: str = ""
) -> Job:
    """Have a report written in the background.

    Args:
        station: whose jobs write.
        inspection: on record.
        choice: writer, language and whether to ask again.
        who: asks for it.
        reason: for another report than one that was signed.

    Raises:
        JobError, RecordsError: if the job cannot be put in the queue.
    """
    report = WriteReport(
        inspection=inspection.id,
        writer=choice.writer,
        language=choice.language,
        fresh=choice.fresh,
        reason=reason,
    )
    return station.jobs.submit(report, inspection.image.filename, who)
