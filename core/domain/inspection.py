"""One picture on its whole way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from core.domain.base import Frozen
from core.domain.evidence import Comparison, DefectTypeGuess, Exemplar, Likeness, Snippet
from core.domain.judgement import (
    Context,
    Defect,
    DetectorRef,
    ImageInfo,
    Judgement,
    Product,
    Verdict,
)
from core.domain.report import Disposition, DispositionEntry, Report, Revision, RevisionKind
from core.domain.steps import StepName

# Defect type of an inspection whose defects were given none.
NOT_CLASSIFIED = "not classified"

# What can be corrected of an inspection.
Corrected = Literal["product", "lot", "serial"]


def _on_record(context: object) -> object:
    return Context.on_record(context) if isinstance(context, Mapping) else context


class Step(Frozen):
    """One step of an inspection: how long it took and how it ended."""

    name: StepName
    seconds: float
    status: Literal["ok", "off", "failed"] = "ok"
    reason: str = ""


class Evidence(Frozen):
    """What a report may say: all that was measured and looked up of one picture."""

    product: Product
    judgement: Judgement
    defects: tuple[Defect, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    likeness: Likeness | None = None
    snippets: tuple[Snippet, ...] = ()
    defect_types: tuple[DefectTypeGuess, ...] = ()


class Correction(Frozen):
    """A change of what had been said of a picture when it was inspected.

    A corrected product says what the picture shows; the product that judged it stays on record.
    """

    corrected_by: str
    corrected_at: AwareDatetime
    reason: str
    before: dict[Corrected, str]
    after: dict[Corrected, str]

    def sentence(self) -> str:
        """State the correction as reports print it."""
        what = ", ".join(
            f"{name} {self.before[name] or '-'} → {value or '-'}"
            for name, value in self.after.items()
        )
        judged = (
            " Another product's detector judged the picture." if "product" in self.after else ""
        )
        return (
            f"Corrected by {self.corrected_by} on {self.corrected_at:%Y-%m-%d}: {what} "
            f"({self.reason}).{judged}"
        )


class Inspection(Frozen):
    """One picture's whole way through the system."""

    id: str
    created_at: AwareDatetime
    program_version: str = Field(description="of the program that judged the picture")
    product: Product
    context: Annotated[Context, BeforeValidator(_on_record)]
    image: ImageInfo
    detector: DetectorRef
    judgement: Judgement
    map_sha256: str
    defects: tuple[Defect, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    likeness: Likeness | None = Field(None, description="None: not compared")
    comparisons: tuple[Comparison, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    defect_types: tuple[DefectTypeGuess, ...] = ()
    steps: tuple[Step, ...] = ()
    revisions: tuple[Revision, ...] = ()
    dispositions: tuple[DispositionEntry, ...] = ()
    corrections: tuple[Correction, ...] = Field((), description="the newest last")
    seen_before: AwareDatetime | None = Field(
        None, description="when the same picture was inspected last; None: it was not"
    )

    @property
    def evidence(self) -> Evidence:
        """What its report stands on."""
        return Evidence(**{name: getattr(self, name) for name in Evidence.model_fields})

    @property
    def decided(self) -> Disposition | None:
        """The newest disposition; None: nobody has decided."""
        return self.dispositions[-1].disposition if self.dispositions else None

    @property
    def is_nonconforming(self) -> bool:
        """Whether the part does not conform: as a person decided, else as the machine found."""
        if self.decided in (Disposition.ACCEPTED, Disposition.VOID, Disposition.IN_ERROR):
            return False
        is_stopped = self.judgement.verdict is not Verdict.PASS
        return is_stopped or (self.decided is not None and not self.decided.is_of_good_part)

    @property
    def signed(self) -> Revision | None:
        """The revision that was signed last; later ones do not take its place by themselves."""
        kinds = (each for each in reversed(self.revisions) if each.kind is RevisionKind.SIGNED)
        return next(kinds, None)

    @property
    def revision(self) -> Revision | None:
        """The revision that counts and is printed: the signed one, else the newest."""
        return self.signed or (self.revisions[-1] if self.revisions else None)

    @property
    def newest_revision(self) -> int:
        """Number of the newest revision; 0: there is none."""
        return self.revisions[-1].number if self.revisions else 0

    @property
    def report(self) -> Report | None:
        """The report that counts; None when no report could be written."""
        return self.revision.report if self.revision else None


class InspectionSummary(Frozen):
    """One row of a list of inspections."""

    id: str
    created_at: datetime
    product_key: str
    filename: str
    lot: str
    serial: str
    station: str
    inspector: str
    score: float
    verdict: Verdict
    defect_count: int
    defect_type: str = Field(description="NOT_CLASSIFIED: of no known type; empty: no defect")
    is_audited: bool = Field(description="passed, and drawn at random for a person to look at")
    is_sealed: bool = Field(
        description="drawn, and neither decided nor shown: its finding is hidden until then"
    )
    disposition: Disposition | None
    is_corrected: bool = Field(description="lot, serial or product were changed afterwards")
    signed_revision: int | None = Field(description="the revision signed last; None: none was")
