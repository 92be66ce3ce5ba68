"""Write the report of a recorded inspection: a slow model may take minutes."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.domain import Context, EvidenceChoice, Inspection, Job, Language, Product
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection
from core.reporting.answers import prose_so_far
from core.reporting.catalogue import find_model
from core.services.inspection import OnVerdict, add_report, record
from core.services.jobs.task import Progress, Task
from core.services.reports import WriterChoice, draft_report
from core.services.station import Station

KIND = "write_report"
STEP = "Write the report"
WAIT = "Wait for the local model"


class WriteReport(Task):
    """Have a report drafted; the answer so far is told while it comes.

    Begun anew when it is resumed. The first report of an inspection is one of its steps; later ones
    are further revisions.
    """

    inspection: str = Field(description="id of an inspection on record")
    writer: str | None = Field(None, description="None: as LLM_MODEL says")
    language: Language | None = Field(None, description="None: as REPORT_LANGUAGE says")
    fresh: bool = Field(False, description="ask again, even if the same was asked before")

    def run(self, station: Station, progress: Progress) -> dict[str, Any]:
        """Write it.

        Returns:
            `revision`: number of the report; None: its step failed, and says why.

        Raises:
            WriterError: if there is no such report writer.
            RecordsError: if the inspection is not on record, or cannot be added to.
        """
        find_model(self.writer or station.settings.llm_model)
        inspection = load_inspection(station.records, self.inspection)
        progress(STEP, 0)
        choice = WriterChoice(
            self.writer,
            self.language,
            self.fresh,
            on_answer=lambda text: progress(STEP, 0, result={"answer": prose_so_far(text)}),
            on_wait=lambda before: progress(WAIT, 0, result={"before": before}),
        )
        if any(step.name == "report" for step in inspection.steps) or inspection.revisions:
            return {"revision": draft_report(station, inspection, choice).number}
        revisions = add_report(station, inspection, choice).revisions
        return {"revision": revisions[-1].number if revisions else None}


def is_slow(station: Station, choice: WriterChoice) -> bool:
    """Whether a writer may take longer than a person waits: every model does."""
    return find_model(choice.writer or station.settings.llm_model).provider != "offline"


def inspect_now(
    station: Station,
    picture: PictureFile,
    product: Product,
    *,
    detector: str | None = None,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    writing: WriterChoice | None = None,
    on_verdict: OnVerdict | None = None,
) -> Inspection:
    """Inspect one picture for a person who waits: a model writes its report in the background.

    Args and errors: as for `core.services.inspection.inspect`.
    """
    writing = writing or WriterChoice()
    can_wait = is_slow(station, writing)
    inspection = record(
        station,
        picture,
        product,
        detector=detector,
        context=context,
        evidence=evidence,
        on_verdict=on_verdict,
    )
    if not can_wait:
        return add_report(station, inspection, writing)
    write_later(station, inspection, writing, inspection.context.inspector)
    return inspection


def write_later(station: Station, inspection: Inspection, choice: WriterChoice, who: str) -> Job:
    """Have a report written in the background.

    Args:
        station: whose jobs write.
        inspection: on record.
        choice: writer, language and whether to ask again.
        who: asks for it.

    Raises:
        JobError, RecordsError: if the job cannot be put in the queue.
    """
    arguments = {
        "inspection": inspection.id,
        "writer": choice.writer,
        "language": choice.language,
        "fresh": choice.fresh,
    }
    return station.jobs.submit(KIND, inspection.image.filename, arguments, who)
