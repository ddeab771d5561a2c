"""How opening hours are written: by weekday, by date, and the dates that are closed."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from portal.sla.calendar import DateRule, Minutes
from portal.sla.reading import BROKEN, Reader
from portal.sla.text import Text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
DATE = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")


def read_week(reader: Reader, value: Any, key: str) -> Any:
    """A table of hours by weekday or span of weekdays: { mon-thu = ["08:30-12:00", "13:00-17:30"], fri = … }."""
    if not isinstance(value, Mapping):
        return reader.fault(key, 'must be a table of hours by weekday, such as { mon-fri = ["09:00-17:00"] }')
    week: list[tuple[Minutes, ...]] = [() for _ in DAYS]
    sound = True
    for name, hours in value.items():
        place = f"{key}.{name}"
        days = list(_days(name))
        if not days:
            reader.fault(place, "is no weekday; write mon, tue, … sun, or a span such as mon-fri")
        intervals = read_intervals(reader, hours, place)
        sound = sound and bool(days) and intervals is not BROKEN
        for day in days:
            if week[day]:
                sound = False
                reader.fault(place, f"gives hours for {DAYS[day]}, which has some from another key already")
            elif intervals is not BROKEN:
                week[day] = intervals
    if sound and not any(week):
        return reader.fault(key, "opens on no day; a calendar needs hours")
    return tuple(week) if sound else BROKEN


def read_intervals(reader: Reader, value: Any, key: str) -> Any:
    """One or more intervals of a day, '09:00-17:00', in order and apart."""
    read = [_interval(reader, item, key) for item in (value if isinstance(value, list) else [value])]
    if any(item is BROKEN for item in read):
        return BROKEN
    intervals = sorted(read)
    for (_, end), (start, _) in pairwise(intervals):
        if start < end:
            return reader.fault(key, f"has overlapping intervals: one starts at {_said(start)}, before {_said(end)}")
    return tuple(intervals)


def read_closed(reader: Reader, value: Any, key: str) -> Any:
    """Closed dates: '12-24' each year, '2026-12-24' once, or { on = '12-24', name = 'Christmas Eve' }."""
    read = []
    for i, item in enumerate(value if isinstance(value, list) else [value]):
        place = f"{key}[{i}]"
        name: Any = None
        if isinstance(item, Mapping):
            if set(item) - {"on", "name"} or "on" not in item:
                read.append(reader.fault(place, "must have 'on' and may have 'name', nothing else"))
                continue
            name = reader.read(Text, item["name"], f"{place}.name") if "name" in item else None
            item = item["on"]
        read.append(BROKEN if name is BROKEN else _date(reader, item, place, name))
    return BROKEN if any(item is BROKEN for item in read) else tuple(read)


def read_extra(reader: Reader, value: Any, key: str) -> Any:
    """Hours on dates beyond the regular ones: { "2026-12-19" = ["10:00-14:00"] }."""
    if not isinstance(value, Mapping):
        return reader.fault(key, 'must be a table of hours by date, such as { "2026-12-19" = ["10:00-14:00"] }')
    read = [(_date(reader, on, f"{key}.{on}", None), read_intervals(reader, hours, f"{key}.{on}"))
            for on, hours in value.items()]  # fmt: skip
    return BROKEN if any(BROKEN in (rule, hours) for rule, hours in read) else tuple(read)


def _days(name: str) -> Iterator[int]:
    first, _, last = name.partition("-")
    if first in DAYS and (last or first) in DAYS:
        start, end = DAYS.index(first), DAYS.index(last or first)
        yield from range(start, end + 1)


def _interval(reader: Reader, value: Any, key: str) -> Any:
    parts = value.split("-") if isinstance(value, str) else []
    clocks = [CLOCK.fullmatch(part.strip()) for part in parts]
    if len(clocks) != 2 or not clocks[0] or not clocks[1]:
        return reader.fault(key, f"{value!r} is no interval; write '09:00-17:00', up to '24:00'")
    start, end = (int(clock[1]) * 60 + int(clock[2]) for clock in clocks if clock)
    if end > 1440 or start == end:
        return reader.fault(key, f"{value!r} is no interval of one day")
    if end < start:
        return reader.fault(key, f"{value!r} ends before it starts; past midnight, write the rest under the next day")
    return (start, end)


def _date(reader: Reader, value: Any, key: str, name: Text | None) -> Any:
    if isinstance(value, date):
        return DateRule(value.month, value.day, value.year, name)
    found = DATE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return reader.fault(key, f"{value!r} is no date; write '12-24' for each year or '2026-12-24' for one")
    year = int(found[1]) if found[1] else None
    try:
        date(year or 2024, int(found[2]), int(found[3]))
    except ValueError:
        return reader.fault(key, f"{value!r} is no date of the calendar")
    return DateRule(int(found[2]), int(found[3]), year, name)


def _said(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
