"""Inspect all pictures of a lot, from the start or from where it was left."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from pydantic import BaseModel, Field

from core.domain import (
    Context,
    EvidenceChoice,
    InspectionRequest,
    JobStep,
    Language,
    Refusal,
    WriterChoice,
)
from core.records.inspections import load_inspection
from core.records.jobs import inspected_in
from core.services.inspection import add_report, inspect_all
from core.services.jobs.task import Progress, Task
from core.services.listener import Listener
from core.services.station import Station
from core.tasks.pictures import KeptPicture

STEP = JobStep.INSPECT_PICTURES


class LotResult(BaseModel):
    """What has come of a lot so far; it grows while the lot is inspected."""

    inspections: list[str] = Field(default_factory=list, description="their ids")
    verdicts: Counter[str] = Field(default_factory=Counter)
    refused: list[Refusal] = Field(default_factory=list)

    def __len__(self) -> int:
        return len(self.inspections) + len(self.refused)

    def add(self, inspection_id: str, verdict: str) -> None:
        self.inspections.append(inspection_id)
        self.verdicts[verdict] += 1

    def refuse(self, refusal: Refusal) -> None:
        self.refused.append(refusal)


class InspectLot(Task):
    """Inspect pictures one by one; after an interruption, those that are left.

    The inspection of the nth picture has the id `<job id>-<n>`, n from 1 and of five digits: that
    is how a job that goes on knows what is done.
    """

    kind: ClassVar[str] = "inspect_lot"

    product: str = Field(description="DATASET/CATEGORY")
    pictures: tuple[KeptPicture, ...] = Field(min_length=1)
    detector: str | None = Field(None, description="algorithm that judges; None: the active one")
    context: Context = Context()
    evidence: EvidenceChoice = EvidenceChoice()
    writer: str | None = Field(None, description="None: as LLM_MODEL says")
    language: Language | None = Field(None, description="None: as REPORT_LANGUAGE says")

    def run(self, station: Station, progress: Progress) -> LotResult:
        """Inspect what is not on record yet.

        Raises:
            InspectionError: as for `core.services.inspection.inspect_all`.
        """
        request = self._request(station)
        # A report may take minutes: a job that is cancelled does not wait for its end.
        listener = Listener(on_answer=lambda text: progress.stop_here())
        ids = [f"{progress.job_id}-{number:05d}" for number in range(1, len(self.pictures) + 1)]
        known = inspected_in(station.records, ids)
        left = {
            inspection_id: picture.file(station)
            for inspection_id, picture in zip(ids, self.pictures, strict=True)
            if inspection_id not in known
        }
        result = LotResult()
        outcomes = inspect_all(
            station, request, list(left.values()), ids=list(left), listener=listener
        )
        for inspection_id in ids:
            progress(STEP, len(result), len(ids), result)
            if inspection_id in known:
                verdict, is_reported = known[inspection_id]
                if not is_reported:
                    inspection = load_inspection(station.records, inspection_id)
                    add_report(station, inspection, request.writing, listener=listener)
                result.add(inspection_id, verdict)
                continue
            outcome = next(outcomes)
            if isinstance(outcome, Refusal):
                result.refuse(outcome)
            else:
                result.add(inspection_id, outcome.judgement.verdict.value)
        return result

    def _request(self, station: Station) -> InspectionRequest:
        return InspectionRequest(
            product=station.product(self.product),
            detector=self.detector,
            context=self.context,
            evidence=self.evidence,
            writing=WriterChoice(writer=self.writer, language=self.language),
        )
