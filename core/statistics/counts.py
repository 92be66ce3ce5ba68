"""Counts of inspections that figures are made of.

Hours, days, shifts and weeks are those of the plant: see `core.domain.plant_time`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import numpy as np
from pydantic import AwareDatetime, Field

from core.domain import Disposition, Frozen, Verdict


class VerdictCount(Frozen):
    """How many inspections have the same verdict and the same newest disposition."""

    verdict: Verdict
    disposition: Disposition | None
    is_first: bool = Field(description="of the product's part of that serial, or without serial")
    is_audited: bool
    blind_disposition: Disposition | None = Field(
        None, description="the first that was decided without seeing the finding; None: none was"
    )
    count: int


class Period(StrEnum):
    """What inspections are put together by."""

    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    LOT = "lot"


class PeriodCount(Frozen):
    """Verdicts of one hour, shift, day or lot."""

    label: str = Field(description="the lot; else the start, ISO 8601 in the plant's zone")
    start: AwareDatetime = Field(description="in the plant's zone; first inspection of a lot")
    inspected: int
    first: int = Field(0, description="first inspections of their parts")
    first_passed: int = Field(0, description="of these, those that passed")
    reviewed: int
    failed: int


class TypeCount(Frozen):
    """How many defective parts of a product have the same defect type and disposition."""

    product_key: str
    defect_type: str
    disposition: Disposition | None
    is_confirmed: bool = Field(
        False, description="whether a person named the type in a report; else it is a guess"
    )
    count: int


class WritingCost(Frozen):
    """What one writer's drafts of one day took."""

    day: date = Field(description="UTC")
    writer: str
    drafts: int
    from_cache: int = Field(description="drafts that took no request")
    input_tokens: int
    output_tokens: int
    cost_usd: float = Field(description="of the drafts whose price is known")
    unpriced: int = Field(description="drafts whose price is not known")


@dataclass(frozen=True)
class ScoreWeek:
    """Scores of a week's passed parts.

    Attributes:
        start: of Monday's day.
        scores: float64 (N,), in no order.
    """

    start: datetime
    scores: np.ndarray
