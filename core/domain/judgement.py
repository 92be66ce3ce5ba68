"""What is inspected, and what the machine says of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, field_validator

from core.domain.base import Frozen, percent
from core.domain.conditions import Unlike
from core.domain.errors import ProductError
from core.domain.identifiers import Identifier, composed
from core.domain.reading import Reading

MOST_MM_PER_PX = 1000
Scale = Annotated[float, Field(gt=0, le=MOST_MM_PER_PX)]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Verdict(StrEnum):
    """The machine's decision, from score and policy. Never overwritten."""

    PASS = "PASS"
    REVIEW = "REVIEW"
    FAIL = "FAIL"


class Severity(StrEnum):
    """How bad one defect is, by the written rule of `core.detection.defects`."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


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
        """Make the product of a key.

        Raises:
            ProductError: if the key is not `DATASET/CATEGORY` in plain names, or the scale cannot
                be.
        """
        parts = composed(key).split("/")
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
    format: str = Field(description="such as PNG; core.imaging.decoding.formats names all")
    width: int
    height: int
    bit_depth: int = Field(description="bits of a value, as far as they are used")
    size_bytes: int
    notices: tuple[str, ...] = Field((), description="what the reader should know of it")
    unlike: tuple[Unlike, ...] = Field((), description="how it was taken unlike those taught")
    reading: Reading = Field(Reading(), description="that its values were made 8 bits with")


class Context(Frozen):
    r"""Where a picture comes from, as far as the person or the line says.

    Example:
        >>> Context(serial=" 007\r").serial
        '007'
    """

    lot: Identifier = ""
    serial: Identifier = ""
    station: Identifier = ""
    inspector: Identifier = ""

    @classmethod
    def on_record(cls, texts: Mapping[str, Any]) -> Self:
        """Take texts as they are on record, where an older program may have kept any."""
        return cls.model_construct(**{name: texts[name] for name in cls.model_fields})


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
        """State the guarantee as screens and reports print it."""
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

    @property
    def percent_below(self) -> int:
        """The percentile as it is told: 100 only where every held-out normal scores lower."""
        return math.floor(self.percentile)

    def notices(self) -> tuple[str, ...]:
        """List what the reader of the verdict should know besides it."""
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
