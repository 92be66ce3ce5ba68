"""Inspect all pictures of a lot; one that cannot be used never stops the rest."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from core.domain import Context, EvidenceChoice, Job, Language, Product
from core.domain.errors import (
    CheckpointError,
    DetectorError,
    InspectionError,
    ProductError,
    RecordsError,
    WeightsError,
    WriterError,
)
from core.imaging.picture_files import PictureFile
from core.records.inspections import load_inspection
from core.records.jobs import inspected_in
from core.services.inspection import add_report, inspect
from core.services.jobs.task import Progress, Task
from core.services.reports import WriterChoice
from core.services.station import Station
from core.tasks.pictures import KeptPicture, keep_pictures

log = logging.getLogger(__name__)

KIND = "inspect_lot"
STEP = "Inspect the pictures"
# With these, no other picture would fare better: the job stops, and can be resumed.
FOR_ALL = (
    ProductError,
    CheckpointError,
    DetectorError,
    WeightsError,
    WriterError,
    RecordsError,
)


@dataclass
class LotResult:
    """What has come of a lot so far."""

    inspections: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, str]] = field(default_factory=list)

    def add(self, inspection_id: str, verdict: str) -> None:
        self.inspections.append(inspection_id)
        self.verdicts[verdict] += 1

    def refuse(self, filename: str, sentence: str) -> None:
        self.refused.append({"filename": filename, "sentence": sentence})

    def as_json(self) -> dict[str, Any]:
        """Ids of inspections, counts of verdicts, and refusals with their sentences."""
        return {
            "inspections": self.inspections,
            "verdicts": dict(self.verdicts),
            "refused": self.refused,
        }


class InspectLot(Task):
    """Inspect pictures one by one; after an interruption, those that are left.

    The inspection of the nth picture has the id `<job id>-<n>`, n from 1 and of five digits: that
    is how a job that goes on knows what is done.
    """

    product: str = Field(description="DATASET/CATEGORY")
    pictures: tuple[KeptPicture, ...] = Field(min_length=1)
    detector: str | None = Field(None, description="algorithm that judges; None: the active one")
    context: Context = Context()
    evidence: EvidenceChoice = EvidenceChoice()
    writer: str | None = Field(None, description="None: as LLM_MODEL says")
    language: Language | None = Field(None, description="None: as REPORT_LANGUAGE says")

    def run(self, station: Station, progress: Progress) -> dict[str, Any]:
        """Inspect what is not on record yet.

        Raises:
            ProductError, CheckpointError, WeightsError: if there is no detector that works.
            DetectorError: if the product was not taught with that algorithm.
            WriterError: if there is no such report writer.
            RecordsError: if an inspection cannot be recorded.
        """
        product = station.product(self.product)
        # A product without a detector is one error, not one a picture.
        station.taught(product, self.detector)
        ids = [f"{progress.job_id}-{number:05d}" for number in range(1, len(self.pictures) + 1)]
        known = inspected_in(station.records, ids)
        result = LotResult()
        writing = self._writing(progress)
        for done, (inspection_id, picture) in enumerate(zip(ids, self.pictures, strict=True)):
            progress(STEP, done, len(ids), result.as_json())
            if inspection_id in known:
                verdict, is_reported = known[inspection_id]
                if not is_reported:
                    add_report(station, load_inspection(station.records, inspection_id), writing)
                result.add(inspection_id, verdict)
                continue
            self._inspect(station, product, picture, inspection_id, writing, result)
        return result.as_json()

    def _writing(self, progress: Progress) -> WriterChoice:
        # A report may take minutes: a job that is cancelled does not wait for its end.
        return WriterChoice(self.writer, self.language, on_answer=lambda text: progress.stop_here())

    def _inspect(
        self,
        station: Station,
        product: Product,
        picture: KeptPicture,
        inspection_id: str,
        writing: WriterChoice,
        result: LotResult,
    ) -> None:
        try:
            inspection = inspect(
                station,
                picture.file(station),
                product,
                detector=self.detector,
                context=self.context,
                evidence=self.evidence,
                writing=writing,
                inspection_id=inspection_id,
            )
        except FOR_ALL:
            raise
        except InspectionError as error:
            result.refuse(picture.filename, str(error))
        except Exception as error:
            log.exception("%s could not be inspected", picture.filename)
            result.refuse(
                picture.filename,
                f"{picture.filename} could not be inspected ({type(error).__name__}: {error}). "
                "The program's log says where.",
            )
        else:
            result.add(inspection_id, inspection.judgement.verdict.value)


def inspect_later(
    station: Station,
    pictures: Sequence[PictureFile],
    product: Product,
    *,
    detector: str | None = None,
    context: Context | None = None,
    evidence: EvidenceChoice | None = None,
    writing: WriterChoice | None = None,
    who: str = "",
) -> Job:
    """Keep pictures, and have them inspected in the background.

    Args:
        station: whose jobs inspect.
        pictures: one at least.
        product, detector, context, evidence: as for `core.services.inspection.inspect`.
        writing: writer and language of the reports.
        who: asks for it.

    Raises:
        JobError, RecordsError: if the job cannot be put in the queue.
    """
    context, writing = context or Context(), writing or WriterChoice()
    arguments = {
        "product": product.key,
        "pictures": keep_pictures(station, pictures),
        "detector": detector,
        "context": context.model_dump(),
        "evidence": (evidence or EvidenceChoice()).model_dump(),
        "writer": writing.writer,
        "language": writing.language,
    }
    title = f"{product.key}, {context.lot}" if context.lot else product.key
    return station.jobs.submit(KIND, title, arguments, who)
