"""Detectors and writers side by side on one picture."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from core.domain.base import Frozen
from core.domain.inspection import Inspection
from core.domain.report import Remark, Report, Writing


class SideBySideColumn(Frozen):
    """What one detector found and one writer wrote of it."""

    inspection: Inspection = Field(description="what the detector found; without a report of ours")
    report: Report
    writing: Writing
    remarks: tuple[Remark, ...] = Field(description="of the grounding check")

    @property
    def detector(self) -> str:
        """Algorithm that judged."""
        return self.inspection.detector.algorithm

    @property
    def writer(self) -> str:
        """Key of the writer that was asked; after a fallback the offline composer wrote."""
        return self.writing.writer

    @property
    def name(self) -> str:
        """What commands call it: the detector, and who wrote in the end."""
        if self.writing.fell_back:
            return f"{self.detector}/offline composer; {self.writer} failed"
        return f"{self.detector}/{self.writer}"

    @property
    def violations(self) -> tuple[Remark, ...]:
        """Sentences that the evidence contradicts."""
        return tuple(remark for remark in self.remarks if remark.is_violation)


class SideBySide(Frozen):
    """Combinations that ran on one picture, and which one a person chose."""

    id: str
    created_at: AwareDatetime
    product_key: str
    image_sha256: str
    inspection_id: str | None = Field(None, description="whose report was in question; None: new")
    columns: tuple[SideBySideColumn, ...] = Field(min_length=1)
    chosen: int | None = Field(None, ge=0, description="position of the one that became the report")
    chosen_by: str = ""
    chosen_at: AwareDatetime | None = None


class WinRate(Frozen):
    """How often one detector or writer was chosen among others."""

    kind: str = Field(description="'detector' or 'writer'")
    name: str
    decided: int = Field(ge=0, description="comparisons with another of its kind, and a choice")
    won: int = Field(ge=0)
