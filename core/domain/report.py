"""What is written and decided."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from core.domain.base import Frozen
from core.domain.judgement import Severity

# 1: a finding had one `cause` in words. 2: hypotheses with their 6M class; proposed severity.
REPORT_SCHEMA_VERSION = 2

# A person may write at length, but no report fills a disk or a screen without end.
Text = Annotated[str, Field(max_length=4000)]
Confidence = Literal["low", "medium", "high"]


class Language(StrEnum):
    """Language that a report is written in (ISO 639-1)."""

    ENGLISH = "en"
    KOREAN = "ko"
    GERMAN = "de"


class Disposition(StrEnum):
    """The person's decision about the part.

    ACCEPTED is of a part that conforms. USE_AS_IS is a concession: the part does not conform, and
    is used all the same. IN_ERROR is one about the picture: it shows another product, or nothing
    that can be judged. It stays on record, is never learned from, and counts in no figure of
    quality.
    """

    ACCEPTED = "accepted"
    USE_AS_IS = "use as is"
    REWORK = "rework"
    REPAIR = "repair"
    SCRAP = "scrap"
    RETURN_TO_SUPPLIER = "return to supplier"
    REINSPECT = "reinspect"
    VOID = "void (false alarm)"
    IN_ERROR = "inspected in error"

    @property
    def is_of_good_part(self) -> bool | None:
        """Whether it says that the part may be used as it is; None: that is left open."""
        if self in (Disposition.REINSPECT, Disposition.IN_ERROR):
            return None
        return self in (Disposition.ACCEPTED, Disposition.USE_AS_IS, Disposition.VOID)


class RevisionKind(StrEnum):
    """How a revision of a report came to be."""

    DRAFTED = "drafted"
    EDITED = "edited"
    SIGNED = "signed"


class CauseClass(StrEnum):
    """The six classes of cause of an Ishikawa diagram (6M)."""

    MAN = "man"
    MACHINE = "machine"
    MATERIAL = "material"
    METHOD = "method"
    MEASUREMENT = "measurement"
    ENVIRONMENT = "environment"


class Hypothesis(Frozen):
    """A possible cause; one that cites no snippet is the writer's own."""

    cause: Text
    cause_class: CauseClass | None = Field(None, description="6M class; None: not known")
    confidence: Confidence = "low"
    snippet_ids: tuple[str, ...] = Field((), max_length=20)


class Finding(Frozen):
    """One statement of a report, with what it stands on."""

    defect_ids: tuple[str, ...] = Field(max_length=1000)
    observation: Text
    probable_defect_type: Text = ""
    snippet_ids: tuple[str, ...] = Field(
        (), max_length=20, description="knowledge that the type stands on"
    )
    hypotheses: tuple[Hypothesis, ...] = Field((), max_length=20)


class Report(Frozen):
    """The structured nonconformity report."""

    schema_version: int = REPORT_SCHEMA_VERSION
    language: Language = Language.ENGLISH
    summary: Text = Field(description="what, where, how bad, what next")
    findings: tuple[Finding, ...] = Field((), max_length=100)
    not_assessed: tuple[str, ...] = Field(
        (), max_length=1000, description="ids of defects that no finding speaks of"
    )
    effect: Text = ""
    proposed_severity: Severity | None = Field(None, description="None: nothing to grade")
    containment: Text = ""
    recommended_action: Text = ""
    proposed_disposition: Disposition | None = None
    open_questions: tuple[Text, ...] = Field((), max_length=50)
    confidence: Confidence = "low"


class Outcome(StrEnum):
    """How the writing of a draft went."""

    WRITTEN = "written"
    REPAIRED = "repaired"
    FELL_BACK = "fell back"


class Writing(Frozen):
    """How a draft came to be: by which model, from which prompt, at what cost."""

    writer: str = Field(description="key that was asked for")
    model: str = Field(description="the provider's own name of the model; empty: offline")
    outcome: Outcome
    reason: str = Field("", description="what was wrong before a repair or a fallback")
    prompt_version: int
    prompt_sha256: str = Field(description="of all that the model was sent, pictures included")
    pictures: int = Field(ge=0, description="that were sent along")
    attempts: int = Field(ge=0, description="answers that were asked for; 0: offline or cached")
    input_tokens: int | None = Field(None, description="None: not told")
    output_tokens: int | None = None
    cost_usd: float | None = Field(None, ge=0, description="None: the price is not known")
    seconds: float = Field(ge=0)
    from_cache: bool = False

    @property
    def fell_back(self) -> bool:
        """Whether the offline composer wrote, because the writer that was asked failed."""
        return self.outcome is Outcome.FELL_BACK


class Rule(StrEnum):
    """What the grounding check holds a report to."""

    KNOWN_ID = "known id"
    COVERED = "every defect covered"
    PLACE = "place"
    NUMBER = "number"
    SEVERITY = "severity"
    VERDICT = "verdict"
    SUPPORTED = "cause supported"
    OWN_HYPOTHESIS = "own hypothesis"


class Remark(Frozen):
    """What the grounding check says of one sentence of a report."""

    rule: Rule
    place: str = Field(description="path of the field, such as 'findings.0.hypotheses.1.cause'")
    sentence: str = Field("", description="as it stands in that field; empty: the whole field")
    message: str = Field(description="what is wrong, for the person who edits")

    @property
    def is_violation(self) -> bool:
        """Whether the evidence is contradicted; a writer's own hypothesis is only marked."""
        return self.rule is not Rule.OWN_HYPOTHESIS


class Revision(Frozen):
    """One saved state of a report; old ones stay."""

    number: int = Field(ge=1)
    kind: RevisionKind
    report: Report
    author: str = Field(description="a person's name, or the writer's key")
    created_at: AwareDatetime
    program_version: str = Field(description="of the program that saved it")
    sha256: str = Field(description="of the report's canonical JSON")
    writing: Writing | None = Field(None, description="None: a person wrote it")
    remarks: tuple[Remark, ...] | None = Field(None, description="None: not checked")
    reason: str = Field("", description="for changing a report that was signed before")

    @property
    def violations(self) -> tuple[Remark, ...]:
        """Sentences that the evidence contradicts."""
        return tuple(remark for remark in self.remarks or () if remark.is_violation)


class DispositionEntry(Frozen):
    """A person's decision: what, why, who and when."""

    disposition: Disposition
    reason: str
    decided_by: str
    decided_at: AwareDatetime
    concession: str = Field("", description="number of the concession to use the part as it is")
    is_blind: bool = Field(False, description="decided without seeing the machine's finding")
