"""What is written and decided."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from core.domain.base import Frozen

REPORT_SCHEMA_VERSION = 1


class Disposition(StrEnum):
    """The person's decision about the part."""

    USE_AS_IS = "use as is"
    REWORK = "rework"
    REPAIR = "repair"
    SCRAP = "scrap"
    RETURN_TO_SUPPLIER = "return to supplier"
    REINSPECT = "reinspect"
    VOID = "void (false alarm)"


class RevisionKind(StrEnum):
    """How a revision of a report came to be."""

    DRAFTED = "drafted"
    EDITED = "edited"
    SIGNED = "signed"


class Finding(Frozen):
    """One statement of a report, with what it stands on."""

    defect_ids: tuple[str, ...]
    observation: str
    probable_defect_type: str = ""
    cause: str = ""
    snippet_ids: tuple[str, ...] = ()


class Report(Frozen):
    """The structured nonconformity report."""

    schema_version: int = REPORT_SCHEMA_VERSION
    language: str = "en"
    summary: str
    findings: tuple[Finding, ...] = ()
    effect: str = ""
    containment: str = ""
    recommended_action: str = ""
    proposed_disposition: Disposition | None = None
    open_questions: tuple[str, ...] = ()
    confidence: Literal["low", "medium", "high"] = "low"


class Revision(Frozen):
    """One saved state of a report; old ones stay."""

    number: int = Field(ge=1)
    kind: RevisionKind
    report: Report
    author: str = Field(description="a person's name, or the writer's key")
    created_at: AwareDatetime
    sha256: str = Field(description="of the report's canonical JSON")


class DispositionEntry(Frozen):
    """A person's decision: what, why, who and when."""

    disposition: Disposition
    reason: str
    decided_by: str
    decided_at: AwareDatetime
