"""Availability in whole seconds: what was down, what a contract leaves out, what is owed for the rest.

Pure: no clock, no database. Intervals are [start, end) of aware datetimes; parts of seconds are cut off at both ends,
so that intervals that follow each other neither overlap nor leave a gap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from zoneinfo import ZoneInfo

from portal.sla.terms import Uptime

DOWN, MAINTENANCE = "down", "maintenance"
PLACES = 10_000  # a percentage is cut off after four decimal places
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = {"month": 1, "quarter": 3, "year": 12}

Stretch = tuple[int, int]  # [start, end) in seconds since 1970


@dataclass(frozen=True)
class Interval:
    """The service was down, or work was done on it. `announced_at` is when a maintenance was first told."""

    kind: Literal["down", "maintenance"]
    start: datetime
    end: datetime
    announced_at: datetime | None = None

    def is_excluded(self, terms: Uptime) -> bool:
        """Whether the contract leaves it out: maintenance told before it began, by as much as the notice period."""
        if self.kind != MAINTENANCE or self.announced_at is None:
            return False
        notice = terms.notice.most if terms.notice else 0
        return _second(self.start) - _second(self.announced_at) >= notice

    def to_json(self) -> dict[str, Any]:
        told = {"announced_at": self.announced_at.isoformat()} if self.announced_at else {}
        return {"kind": self.kind, "start": self.start.isoformat(), "end": self.end.isoformat(), **told}


@dataclass(frozen=True)
class Kept:
    """What was kept of a commitment in one period. `down_seconds` are those that count."""

    seconds_in_period: int
    down_seconds: int
    excluded_seconds: int
    uptime_percent: Decimal  # cut off, never rounded up
    met: bool
    credit_percent: Decimal

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: _number(value) if isinstance(value, Decimal) else value for name, value in plain.items()}


def work_out(terms: Uptime, intervals: Iterable[Interval], start: datetime, end: datetime) -> Kept:
    """The availability from `start` to `end` as the contract counts it, and the credit that it owes.

    Maintenance that is left out takes its seconds from the downtime, and with `subtracts = "both"` from the period
    too; maintenance that was told too late is downtime. A period that was all maintenance was kept. Whether a
    commitment or a step is met is decided by the exact figure, before its places are cut off.
    """
    known = tuple(intervals)
    period = (_second(start), _second(end))
    excluded = merged(_clipped((_stretch(i) for i in known if i.is_excluded(terms)), period))
    counted = merged(_clipped((_stretch(i) for i in known if not i.is_excluded(terms)), period))
    left_out = length(excluded)
    down = length(merged([*counted, *excluded])) - left_out
    seconds = period[1] - period[0]
    total = seconds - left_out if terms.subtracts == "both" else seconds
    achieved = Fraction(100 * (total - down), total) if total else Fraction(100)
    return Kept(
        seconds_in_period=seconds,
        down_seconds=down,
        excluded_seconds=left_out,
        uptime_percent=cut_off(achieved),
        met=achieved >= Fraction(terms.percent),
        credit_percent=terms.credit_for(achieved),
    )


def period_around(terms: Uptime, day: date) -> tuple[date, date]:
    """The first day of the month, quarter or year that holds this day, and the first day after."""
    several = MONTHS[terms.period]
    first = (day.month - 1) // several * several + 1
    return date(day.year, first, 1), _month_after(date(day.year, first + several - 1, 1))


def midnights(first: date, after: date, zone: str) -> tuple[datetime, datetime]:
    """When a period of whole days begins and ends in this zone, in UTC; a month in which the clocks change is an hour
    longer or shorter."""
    return _midnight(first, zone), _midnight(after, zone)


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same seconds, each once, in order."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def length(stretches: Iterable[Stretch]) -> int:
    """The seconds of stretches that don't overlap."""
    return sum(end - start for start, end in stretches)


def cut_off(percent: Fraction) -> Decimal:
    """A percentage with four places, never rounded up: 99.99999 % is not 100 %."""
    return Decimal(int(percent * PLACES)) / PLACES


@dataclass(frozen=True)
class Day:
    """One day of a component: how many of its seconds were spent in each state. Nothing is known of the others."""

    day: date
    seconds: Mapping[str, int]

    @property
    def known(self) -> int:
        return sum(self.seconds.values())

    def in_states(self, states: Iterable[str]) -> int:
        return sum(self.seconds.get(state, 0) for state in states)


def days(
    spans: Iterable[tuple[str, datetime, datetime | None]],
    first: date,
    last: date,
    *,
    zone: str = "UTC",
    now: datetime | None = None,
) -> list[Day]:
    """Each day from `first` to `last`, both included, by the spans (state, from, until) that don't overlap.

    A span that lasts (None) and any that goes beyond `now` end there.
    """
    edges = [_second(_midnight(first + timedelta(days=n), zone)) for n in range((last - first).days + 2)]
    today = _second(now) if now else edges[-1]
    found: list[dict[str, int]] = [{} for _ in edges[1:]]
    for state, start, end in spans:
        stretch = (_second(start), min(_second(end), today) if end else today)
        for seconds, began, over in zip(found, edges, edges[1:], strict=False):
            inside = min(stretch[1], over) - max(stretch[0], began)
            if inside > 0:
                seconds[state] = seconds.get(state, 0) + inside
    return [Day(first + timedelta(days=n), seconds) for n, seconds in enumerate(found)]


def share_up(found: Sequence[Day], down: Iterable[str]) -> Decimal | None:
    """The percentage of the known seconds of these days that were in none of the states `down`; None: none known."""
    known, lost = sum(day.known for day in found), tuple(down)
    if not known:
        return None
    return cut_off(Fraction(100 * (known - sum(day.in_states(lost) for day in found)), known))


def _clipped(stretches: Iterable[Stretch], period: Stretch) -> list[Stretch]:
    inside = ((max(start, period[0]), min(end, period[1])) for start, end in stretches)
    return [(start, end) for start, end in inside if start < end]


def _stretch(interval: Interval) -> Stretch:
    return _second(interval.start), _second(interval.end)


def _second(at: datetime) -> int:
    return (at - EPOCH) // timedelta(seconds=1)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
