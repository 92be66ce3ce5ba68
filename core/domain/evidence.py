"""What a finding stands on: normal parts and knowledge."""

from __future__ import annotations

import math

from pydantic import Field

from core.domain.base import Frozen
from core.domain.judgement import Box

# Farther than this share of the normals are from their own nearest: no normal is close.
FAR = 0.99
# Distances of the loneliest normal: on eight kinds of parts, those of another kind were 1.95 and
# more of them from the nearest normal, good parts of the same kind hardly ever more than 1.6.
FOREIGN = 1.75


class Exemplar(Frozen):
    """A normal reference picture that looks most like the inspected one."""

    sha256: str
    filename: str
    similarity: float = Field(ge=-1, le=1, description="cosine")


class Likeness(Frozen):
    """How near the nearest normal is, beside how near the normals are to each other."""

    nearest: float = Field(ge=-1, le=1, description="cosine similarity of the nearest normal")
    farther_than: float = Field(ge=0, le=1, description="share of normals nearer to their nearest")
    normals: int = Field(ge=1, description="that were compared with each other")
    beyond: float | None = Field(
        None,
        ge=0,
        description="distance of the nearest normal, in the distance that the loneliest normal has "
        "from its own nearest; None: not measured",
    )

    @property
    def is_foreign(self) -> bool:
        """Whether it is so far from all normals that it may well show another product."""
        return self.beyond is not None and self.beyond > FOREIGN

    @property
    def is_far(self) -> bool:
        """Whether no normal is close: only 1 % of normals are this far from all others."""
        return self.farther_than >= FAR

    def sentence(self) -> str:
        """State the likeness as screens and reports print it."""
        if self.is_far:
            share = "any" if self.farther_than == 1 else f"{math.floor(self.farther_than * 100)} %"
            return (
                f"No normal part is close: the nearest one is farther than {share} of the "
                f"{self.normals} normals from its own nearest. Compare with care."
            )
        return (
            f"The nearest normal part is farther than {self.farther_than:.0%} of the "
            f"{self.normals} normals from their own nearest."
        )


class Comparison(Frozen):
    """A defect and the same place on the nearest normal part; pictures are made when asked for."""

    defect_id: str
    exemplar_sha256: str
    filename: str = Field(description="of the exemplar")
    crop: Box = Field(description="the defect with a margin, on the inspected picture")
    transform: tuple[float, float, float, float, float, float] = Field(
        description="rows of the 2x3 matrix from the inspected picture's pixels to the exemplar's"
    )
    error: float = Field(ge=0, le=2, description="1 - correlation of grey values, whole picture")
    is_aligned: bool = Field(description="False: brought to the same size only")

    def sentence(self) -> str:
        """State how far the two pictures may be compared."""
        if self.is_aligned:
            return f"Aligned; alignment error {self.error:.2f}."
        return f"Not aligned (error {self.error:.2f}): the place may differ."


class ComparedPair(Frozen):
    """A defect and the same place on the nearest normal part, as pictures."""

    comparison: Comparison
    pictures: tuple[bytes, bytes] | None = Field(
        description="PNG of the part and of the normal, of one size; None when there are none"
    )
    problem: str = Field("", description="why there are no pictures")


class EvidenceChoice(Frozen):
    """Which evidence one inspection looks up; None: as the settings say."""

    exemplars: bool | None = None
    knowledge: bool | None = None


class Snippet(Frozen):
    """A piece of knowledge, as it was when it was retrieved.

    A passage of a document has no defect type; one of a document for all products has neither data
    set nor category.
    """

    id: str = Field(description="K- and a hash of what it says; stable")
    dataset: str
    category: str
    defect_type: str
    text: str
    source: str = Field(description="name of the file that it comes from")
    page: int | None = Field(None, description="of a PDF, from 1")
    heading: str = Field("", description="under which a document says it")
    similarity: float
    matched_by: str = Field(
        description="which filter step answered: 'defect type', 'product', 'category', 'any'"
    )

    @property
    def title(self) -> str:
        """What it is about, in a few words."""
        return self.defect_type.replace("_", " ") or self.heading or self.source

    @property
    def scope(self) -> str:
        """What it holds for."""
        return f"{self.dataset}/{self.category}" if self.category else "all products"

    @property
    def place(self) -> str:
        """Where it is written."""
        return self.source if self.page is None else f"{self.source}, page {self.page}"


def defect_type_name(text: str) -> str:
    """Bring a written defect type into the form that the knowledge names types in.

    Example:
        >>> defect_type_name(" Finger-interruption ")
        'finger_interruption'
    """
    return "_".join(text.lower().replace("-", " ").replace("_", " ").split())


class DefectTypeGuess(Frozen):
    """How one known defect type ranks for one defect: a likeness, not a finding."""

    defect_id: str
    defect_type: str
    rank: int = Field(ge=1, description="1 = fits best")
    text_similarity: float | None = Field(None, description="to the type's knowledge, cosine")
    example_similarity: float | None = Field(None, description="to labelled defects, cosine")
    probability: float | None = Field(
        None, ge=0, le=1, description="None unless it is calibrated on labelled defects"
    )
    calibration: str = Field("", description="what a probability stands on")
