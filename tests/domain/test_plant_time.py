"""A plant's days and shifts where clocks change, and where they do not."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.domain.plant_time import PlantTime, clock_time, clock_times, time_zone

BERLIN = ZoneInfo("Europe/Berlin")
THREE_SHIFTS = (time(6), time(14), time(22))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(starts: list[datetime]) -> list[float]:
    return [
        (after.astimezone(UTC) - before.astimezone(UTC)) / timedelta(hours=1)
        for before, after in pairwise(starts)
    ]


def test_the_night_before_the_day_begins_belongs_to_the_day_before() -> None:
    plant = PlantTime(BERLIN, time(6))

    # 5:59 and 6:00 in Berlin.
    assert plant.days(at("2026-11-10T04:59"), at("2026-11-10T04:59")) == [at("2026-11-09T05:00")]
    assert plant.days(at("2026-11-10T05:00"), at("2026-11-10T05:00")) == [at("2026-11-10T05:00")]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-03-27T12:00", "2026-03-30T12:00", [24, 23, 24]),
        ("2026-10-23T12:00", "2026-10-26T12:00", [24, 25, 24]),
    ],
)
def test_days_are_longer_or_shorter_where_clocks_change(
    first: str, last: str, expected: list[float]
) -> None:
    starts = PlantTime(BERLIN, time(6)).days(at(first), at(last))

    assert hours(starts) == expected
    assert {start.time() for start in starts} == {time(6)}


def test_the_night_shift_is_the_one_that_clocks_change_in() -> None:
    plant = PlantTime(BERLIN, time(6), THREE_SHIFTS)

    starts = plant.shifts(at("2026-10-24T04:00"), at("2026-10-25T12:00"))

    assert [f"{start:%d %H}" for start in starts] == ["24 06", "24 14", "24 22", "25 06"]
    assert hours(starts) == [8, 8, 9]


def test_an_hour_that_comes_twice_is_two_hours() -> None:
    starts = PlantTime(BERLIN).hours(at("2026-10-24T23:30"), at("2026-10-25T01:30"))

    assert [start.isoformat(timespec="minutes") for start in starts] == [
        "2026-10-25T01:00+02:00",
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
    ]


def test_a_start_that_the_clock_skips_comes_when_it_has_skipped() -> None:
    plant = PlantTime(BERLIN, time(2, 30))

    (start,) = plant.days(at("2026-03-29T12:00"), at("2026-03-29T12:00"))

    assert start.isoformat(timespec="minutes") == "2026-03-29T03:30+02:00"


def test_hours_of_a_zone_off_by_half_an_hour_begin_when_its_clock_says() -> None:
    kolkata = PlantTime(timezone(timedelta(hours=5, minutes=30)))

    assert kolkata.hours(at("2026-11-10T04:10"), at("2026-11-10T04:40")) == [
        at("2026-11-10T03:30"),
        at("2026-11-10T04:30"),
    ]


def test_weeks_begin_with_mondays_day() -> None:
    plant = PlantTime(BERLIN, time(6))

    # Monday 9 November, 5:59 in Berlin, is still the week before.
    assert [
        f"{start:%m-%d %H}" for start in plant.weeks(at("2026-11-09T04:59"), at("2026-11-16T12:00"))
    ] == [
        "11-02 06",
        "11-09 06",
        "11-16 06",
    ]


def test_a_plant_without_shifts_has_none() -> None:
    assert PlantTime(BERLIN).shifts(at("2026-11-09T04:59"), at("2026-11-10T04:59")) == []


def test_what_is_no_time_and_no_zone_is_said() -> None:
    for wrong in ("25:00", "six", ""):
        with pytest.raises(ValueError, match="a time such as 06:00"):
            clock_time(wrong)
    assert clock_times(" ") == ()
    for wrong in ("Berlin", "", "../etc/passwd", "Europe"):
        with pytest.raises(ValueError, match="the name of a time zone"):
            time_zone(wrong)
