"""What is asked for when pictures are inspected, and what is said of one that cannot be."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen
from core.domain.errors import RequestError
from core.domain.evidence import EvidenceChoice
from core.domain.judgement import Context, Product
from core.domain.report import Language

# A part is seen from a few sides; more pictures under one serial are a lot with a wrong field.
MOST_VIEWS = 5


class WriterChoice(Frozen):
    """Who is to write a report, and how."""

    writer: str | None = Field(None, description="key of the catalogue; None: as LLM_MODEL says")
    language: Language | None = Field(None, description="None: as REPORT_LANGUAGE says")
    fresh: bool = Field(
        False, description="ask again, even if the same was asked before, or the part passed"
    )
    of_pass: bool = Field(
        False, description="ask also about a part that passed, whatever LLM_FOR_PASS says"
    )


class InspectionRequest(Frozen):
    """How pictures are to be inspected, the same for one and for a whole lot."""

    product: Product = Field(description="that the pictures show; it must have been taught")
    detector: str | None = Field(
        None, description="algorithm that judges; None: the active detector"
    )
    context: Context = Context()
    evidence: EvidenceChoice = Field(EvidenceChoice(), description="which evidence to look up")
    writing: WriterChoice = WriterChoice()

    def is_one_serial_for(self, pictures: int) -> bool:
        """Tell whether so many pictures would wrongly count as one part, by their shared serial."""
        return pictures > MOST_VIEWS and bool(self.context.serial)

    def check_serial(self, pictures: int) -> None:
        """Refuse a serial for more pictures than can be views of one part.

        Raises:
            RequestError: if `is_one_serial_for` so many pictures.
        """
        if self.is_one_serial_for(pictures):
            raise RequestError(
                f"{pictures} pictures were given under the serial {self.context.serial}, which is "
                f"of one part, and of that at most {MOST_VIEWS} views. Leave the serial out, or "
                "inspect each part on its own."
            )


class RefusalKind(StrEnum):
    """Whose matter it is that a picture was not inspected."""

    PICTURE = "picture"
    NO_PICTURE = "no picture"
    UNFORESEEN = "unforeseen"


class Refusal(Frozen):
    """A picture that was not inspected; it never stops the rest."""

    filename: str
    sentence: str = Field(description="why, and what to do")
    kind: RefusalKind
    error: str = Field(description="name of the error that it met")

    @property
    def is_of_part(self) -> bool:
        """Whether a part may have been missed: not where a text lay beside the pictures."""
        return self.kind is not RefusalKind.NO_PICTURE
