"""Tell the plant's days and shifts: by which clock, when a day begins, and when shifts do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True)
class PlantTime:
    """How a plant divides time; all moments that it gives are in its zone.

    A day and a shift are named by the moment at which they begin, also where they end on another
    date. Between two starts lie more or fewer hours where clocks change.

    Attributes:
        zone: of the plant's clocks.
        day_start: when a day begins.
        shift_starts: when shifts begin, ascending; empty: there are none.
    """

    zone: tzinfo = UTC
    day_start: time = time()
    shift_starts: tuple[time, ...] = ()

    def day(self, day: date) -> datetime:
        """Return the moment at which a day begins.

        Example:
            >>> PlantTime(day_start=time(6)).day(date(2026, 11, 1)).isoformat()
            '2026-11-01T06:00:00+00:00'
        """
        return _moment(day, self.day_start, self.zone)

    def hours(self, first: datetime, last: datetime) -> list[datetime]:
        """List the starts of the hours of the clock, from that of one moment to that of another."""
        start = first.astimezone(self.zone).replace(minute=0, second=0, microsecond=0)
        # Steps are counted in UTC: where clocks are put back, an hour comes twice.
        starts, at = [], start.astimezone(UTC)
        while at <= last:
            starts.append(at.astimezone(self.zone))
            at += timedelta(hours=1)
        return starts

    def days(self, first: datetime, last: datetime) -> list[datetime]:
        """List the starts of days, from that of one moment to that of another."""
        return self._starts((self.day_start,), first, last)

    def weeks(self, first: datetime, last: datetime) -> list[datetime]:
        """List the starts of weeks, which begin with Monday's day."""
        week = timedelta(days=7)
        return [start for start in self.days(first - week, last) if start.weekday() == 0]

    def shifts(self, first: datetime, last: datetime) -> list[datetime]:
        """List the starts of shifts, from that of one moment to that of another."""
        return self._starts(self.shift_starts, first, last)

    def _starts(self, times: Sequence[time], first: datetime, last: datetime) -> list[datetime]:
        def all_starts() -> Iterator[datetime]:
            day = first.astimezone(self.zone).date() - DAY
            while day <= last.astimezone(self.zone).date():
                for at in times:
                    yield _moment(day, at, self.zone)
                day += DAY

        starts = sorted(start for start in all_starts() if start <= last)
        # All but the last of those that begin before are over by then.
        over = sum(start <= first for start in starts) - 1
        return starts[max(0, over) :]


UTC_DAYS = PlantTime()


def clock_time(text: str) -> time:
    """Read a time of day.

    Raises:
        ValueError: if it is none.

    Example:
        >>> clock_time("6:00"), clock_time("22:30")
        (datetime.time(6, 0), datetime.time(22, 30))
    """
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError as error:
        raise ValueError(f"a time such as 06:00 was expected, not {text.strip()!r}") from error


def clock_times(text: str) -> tuple[time, ...]:
    """Read times of day with commas between them, each once, in order.

    Raises:
        ValueError: if one of them is none.

    Example:
        >>> [f"{at:%H:%M}" for at in clock_times("14:00, 22:00, 6:00")]
        ['06:00', '14:00', '22:00']
    """
    return tuple(sorted({clock_time(part) for part in text.split(",") if part.strip()}))


def time_zone(name: str) -> ZoneInfo:
    """Find a time zone by its name.

    Raises:
        ValueError: if there is none of this name.

    Example:
        >>> time_zone("Europe/Berlin").key
        'Europe/Berlin'
    """
    try:
        return ZoneInfo(name.strip())
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"the name of a time zone such as Europe/Berlin was expected, not {name.strip()!r}"
        ) from error


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return a moment of a clock; one that the clock skips is as long after the last midnight."""
    # Through UTC and back: the time that a skipping clock shows instead.
    return datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone)
