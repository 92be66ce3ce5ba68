from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.domain import FalseAlarmRate, Product
from core.domain.errors import ProductError
from core.domain.policy import Policy


@pytest.mark.parametrize(
    "values",
    [
        {"mm_per_px": float("inf")},
        {"mm_per_px": float("nan")},
        {"mm_per_px": 0},
        {"min_area_px": 1e12},
        {"false_alarm_rate": 1e-300},
        {"confidence": 0.999999999999},
        {"severity": {"critical_peak": 0.9}},
        {"severity": {"critical_peak": float("inf")}},
        {"severity": {"critical_percent": 0.5}},
        {"severity": {"major_percent": 101, "critical_percent": 102}},
    ],
    ids=str,
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(values)


@pytest.mark.parametrize("scale", [float("inf"), float("nan"), 0, -1])
def test_a_scale_that_cannot_be_is_a_sentence(scale: float) -> None:
    with pytest.raises(ProductError, match="A scale is above 0"):
        Product.from_key("Plant/part", scale)


def test_extreme_rates_are_printed_as_they_are() -> None:
    rate = FalseAlarmRate(requested=0.0001, confidence=0.9999, held_out=60, guaranteed=0.1423)

    assert "At most 14.2% of good parts are stopped (99.99% confidence" in rate.sentence()
    assert "The 0.01% asked for" in rate.sentence()
