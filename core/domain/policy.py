"""What an engineer decides of a product's inspection; changed without teaching again."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.domain import Disposition, Frozen, Scale, Severity

MOST_RATE = 0.5
MOST_MARGIN = 100


class SeverityRule(Frozen):
    """How bad a defect is: by its peak, in units of the FAIL threshold, or by its area.

    Critical: peak at least `critical_peak` or area at least `critical_percent` of the picture.
    Major: the same with the `major_` limits. Minor: everything else, and what lies below the REVIEW
    threshold of the map.
    """

    critical_peak: float = Field(1.5, gt=0)
    critical_percent: float = Field(5.0, gt=0, le=100)
    major_peak: float = Field(1.0, gt=0)
    major_percent: float = Field(1.0, gt=0, le=100)

    @model_validator(mode="after")
    def _critical_is_worse(self) -> Self:
        for of in ("peak", "percent"):
            major, critical = getattr(self, f"major_{of}"), getattr(self, f"critical_{of}")
            if critical < major:
                raise ValueError(
                    f"critical_{of} ({critical:g}) must not lie below major_{of} ({major:g})"
                )
        return self

    def severity(self, peak: float, area_percent: float) -> Severity:
        """Rate a peak (in units of the FAIL threshold) and an area (% of the picture)."""
        if peak >= self.critical_peak or area_percent >= self.critical_percent:
            return Severity.CRITICAL
        if peak >= self.major_peak or area_percent >= self.major_percent:
            return Severity.MAJOR
        return Severity.MINOR


class Line(Frozen):
    """What a line makes in a day and what its errors cost; None: not said."""

    parts_per_day: int | None = Field(None, ge=1, le=1_000_000_000)
    defect_share: float | None = Field(None, ge=0, le=1, description="share of parts that are bad")
    false_alarm_cost: float | None = Field(
        None, ge=0, le=1e12, description="of a good part that is stopped, in the plant's currency"
    )
    escape_cost: float | None = Field(
        None, ge=0, le=1e12, description="of a bad part that passes, in the plant's currency"
    )


class Policy(Frozen):
    """Policy of one product, `checkpoints/<dataset>/<category>/policy.json`.

    Example:
        >>> Policy(false_alarm_rate=0.02).confidence
        0.95
    """

    false_alarm_rate: float = Field(
        0.05, ge=0.0001, le=MOST_RATE, description="share of good parts that may be stopped"
    )
    confidence: float = Field(0.95, ge=0.5, le=0.9999, description="with which that shall hold")
    fail_margin: float = Field(
        0.5,
        ge=0,
        le=MOST_MARGIN,
        description="how far the FAIL threshold lies above the REVIEW threshold, in distances of "
        "that one from the median normal",
    )
    location: Literal["grid", "clock"] = Field(
        "grid", description="how a place is named: on a 3x3 grid, or by the hour for round parts"
    )
    severity: SeverityRule = SeverityRule()
    min_area_px: int = Field(16, ge=1, le=10_000_000, description="smallest region that counts")
    mm_per_px: Scale | None = Field(None, description="scale of the pictures; None: the product's")
    disposition_costs: dict[Disposition, Annotated[float, Field(ge=0)]] = Field(
        {}, description="what a part costs by its disposition, in the plant's own currency"
    )
    line: Line = Line()
