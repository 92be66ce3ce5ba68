"""Inspect all pictures of a lot, from the start or from where it was left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from core.domain import (
    Context,
    EvidenceChoice,
    InspectionRequest,
    Language,
    Refusal,
    WriterChoice,
)
from core.records.jobs import inspected_in
from core.services.inspection import add_report, inspect_all
from core.services.jobs.task import Progress, Task
from core.services.listener import Listener
from core.services.station import Station
from core.tasks.pictures import KeptPicture

KIND = "inspect_lot"
STEP = "Inspect the pictures"


@dataclass
class LotResult:
    """What has come of a lot so far."""

    inspections: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.inspections) + len(self.refused)

    def add(self, inspection_id: str, verdict: str) -> None:
        self.inspections.append(inspection_id)
        self.verdicts[verdict] += 1

    def refuse(self, refusal: Refusal) -> None:
        self.refused.append(refusal.model_dump(mode="json", include={"filename", "sentence"}))

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
            progress(STEP, len(result), len(ids), result.as_json())
            if inspection_id in known:
                verdict, is_reported = known[inspection_id]
                if not is_reported:
                    inspection = station.records.inspection(inspection_id)
                    add_report(station, inspection, request.writing, listener=listener)
                result.add(inspection_id, verdict)
                continue
            outcome = next(outcomes)
            if isinstance(outcome, Refusal):
                result.refuse(outcome)
            else:
                result.add(inspection_id, outcome.judgement.verdict.value)
        return result.as_json()

    def _request(self, station: Station) -> InspectionRequest:
        return InspectionRequest(
            product=station.product(self.product),
            detector=self.detector,
            context=self.context,
            evidence=self.evidence,
            writing=WriterChoice(writer=self.writer, language=self.language),
        )
