"""The nouns of the system: frozen models that every other module speaks in.

Units: lengths in pixels of the inspected picture (after EXIF rotation), origin at the top left,
x to the right, y down; scores on the detector's own absolute scale; times in UTC.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from core.errors import ProductError

REPORT_SCHEMA_VERSION = 1
MOST_MM_PER_PX = 1000
Scale = Annotated[float, Field(gt=0, le=MOST_MM_PER_PX)]
# Farther than this share of the normals are from their own nearest: no normal is close.
FAR = 0.99
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Frozen(BaseModel):
    """Immutable model that rejects unknown fields, and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def percent(share: float, digits: int = 10) -> str:
    """A share in percent, with as many digits as it needs up to a number.

    Example:
        >>> percent(0.05), percent(0.9999), percent(0.046417, 3)
        ('5%', '99.99%', '4.64%')
    """
    return f"{100 * share:.{digits}g}%"


class Verdict(StrEnum):
    """The machine's decision, from score and policy. Never overwritten."""

    PASS = "PASS"
    REVIEW = "REVIEW"
    FAIL = "FAIL"


class Severity(StrEnum):
    """How bad one defect is, by the written rule of `core.defects`."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


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


class Product(Frozen):
    """What is inspected, keyed `dataset/category`.

    Example:
        >>> Product.from_key("ELPV/mono").category
        'mono'
    """

    dataset: str
    category: str
    mm_per_px: Scale | None = Field(None, description="scale of the picture")

    @field_validator("dataset", "category")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        # Names become folder names: a plain pattern keeps paths inside the checkpoint folder.
        if not _NAME.fullmatch(value):
            raise ValueError("letters, digits, '.', '_' and '-' only, at most 64 of them")
        return value

    @property
    def key(self) -> str:
        return f"{self.dataset}/{self.category}"

    @classmethod
    def from_key(cls, key: str, mm_per_px: float | None = None) -> Self:
        """Product of a key.

        Raises:
            ProductError: if the key is not `DATASET/CATEGORY` in plain names, or the scale cannot
                be.
        """
        parts = key.split("/")
        if len(parts) != 2 or not all(_NAME.fullmatch(part) for part in parts):
            raise ProductError(
                f"A product is named DATASET/CATEGORY, in letters, digits, '.', '_' and '-' "
                f"(such as ELPV/mono), but {key!r} was given."
            )
        if mm_per_px is not None and not 0 < mm_per_px <= MOST_MM_PER_PX:
            raise ProductError(
                f"A scale is above 0 and at most {MOST_MM_PER_PX} mm per pixel, but {mm_per_px} "
                "was given."
            )
        return cls(dataset=parts[0], category=parts[1], mm_per_px=mm_per_px)


class ImageInfo(Frozen):
    """Facts about an accepted picture."""

    sha256: str = Field(description="of the file's bytes as they came")
    filename: str
    format: str = Field(description="PNG, JPEG, BMP, TIFF or WEBP")
    width: int
    height: int
    bit_depth: Literal[1, 8, 16]
    size_bytes: int
    notices: tuple[str, ...] = Field((), description="what the reader should know of it")


class Context(Frozen):
    """Where a picture comes from, as far as the person or the line says."""

    lot: str = ""
    serial: str = ""
    station: str = ""
    inspector: str = ""


class DetectorRef(Frozen):
    """Which detector judged."""

    algorithm: str
    version: str
    backbone: str


class FalseAlarmRate(Frozen):
    """What is known of the share of good parts that the lower threshold stops."""

    requested: float = Field(gt=0, lt=1)
    confidence: float = Field(gt=0, lt=1)
    held_out: int = Field(ge=0, description="normals that the detector has never seen")
    guaranteed: float = Field(gt=0, le=1, description="upper bound that held_out supports")
    is_estimate: bool = Field(False, description="from cross-fitted normals: no guarantee")

    @property
    def is_met(self) -> bool:
        """Whether the held-out normals are enough for the requested rate."""
        return not self.is_estimate and self.guaranteed <= self.requested + 1e-9

    def sentence(self) -> str:
        """The statement that screens and reports print."""
        bound = percent(self.guaranteed, 3)
        if self.is_estimate:
            return (
                f"About {bound} of good parts are stopped: an estimate from "
                f"{self.held_out} cross-fitted normal parts, without a guarantee."
            )
        text = (
            f"At most {bound} of good parts are stopped "
            f"({percent(self.confidence)} confidence, from {self.held_out} held-out normal parts)."
        )
        if not self.is_met:
            text += (
                f" The {percent(self.requested)} asked for cannot be guaranteed "
                "with so few: teach with more good images."
            )
        return text


class Judgement(Frozen):
    """Score and verdict, with the thresholds that led from one to the other."""

    score: float
    t_low: float = Field(description="PASS below")
    t_high: float = Field(description="FAIL at or above; REVIEW between")
    map_t_low: float = Field(description="t_low on the scale of the map")
    map_t_high: float = Field(description="t_high on the scale of the map")
    percentile: float = Field(ge=0, le=100, description="share of held-out normals scoring lower")
    verdict: Verdict
    is_unlike: bool = Field(False, description="most of the picture is unlike anything taught")
    false_alarm: FalseAlarmRate

    def notices(self) -> tuple[str, ...]:
        """What the reader of the verdict should know beside it."""
        if not self.is_unlike:
            return ()
        return (
            "More than half of this picture is unlike anything taught: is it the right product, "
            "and are camera and light as they were?",
        )


class Box(Frozen):
    """Axis-aligned box, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Defect(Frozen):
    """One connected region of the anomaly map above the threshold."""

    id: str = Field(description="D1, D2, ... by falling peak; unique in its inspection")
    box: Box
    contour: tuple[tuple[int, int], ...]
    centroid: tuple[float, float]
    region: str = Field(description="'top left' ... 'centre' ... 'bottom right' on a 3x3 grid")
    area_px: int
    area_percent: float = Field(description="of the whole picture")
    area_mm2: float | None = Field(None, description="None when the product has no scale")
    elongation: float = Field(ge=1, description="long side over short side of the fitted box")
    orientation_deg: float = Field(ge=0, lt=180, description="of the long axis; 0 = horizontal")
    peak: float
    mean: float
    severity: Severity


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

    @property
    def is_far(self) -> bool:
        """Whether no normal is close: only 1 % of normals are this far from all others."""
        return self.farther_than >= FAR

    def sentence(self) -> str:
        """The statement that screens and reports print."""
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
        """How far the two pictures may be compared."""
        if self.is_aligned:
            return f"Aligned; alignment error {self.error:.2f}."
        return f"Not aligned (error {self.error:.2f}): the place may differ."


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


class Step(Frozen):
    """One step of an inspection: how long it took and how it ended."""

    name: str
    seconds: float
    status: Literal["ok", "off", "failed"] = "ok"
    reason: str = ""


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


class Inspection(Frozen):
    """One picture's whole way through the system."""

    id: str
    created_at: AwareDatetime
    product: Product
    context: Context
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

    @property
    def report(self) -> Report | None:
        """The newest revision's report; None when no report could be written."""
        return self.revisions[-1].report if self.revisions else None


class InspectionSummary(Frozen):
    """One row of a list of inspections."""

    id: str
    created_at: datetime
    product_key: str
    filename: str
    lot: str
    serial: str
    score: float
    verdict: Verdict
    defect_count: int
    disposition: Disposition | None
