"""Policies read anew for the simulated year: from the file's own words, with a clock on the wall for every minute.

Nothing here comes from `portal.sla`: the file is read with tomllib, open minutes are marked one by one, and what is
promised is looked up in the file's blocks.
"""

import tomllib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from tests.sla.oracle import NAMES, Hours

FIRST, DAYS = date(2025, 12, 20), 620  # what is walked: the year, and what its last tickets reach into
START = datetime.combine(FIRST, datetime.min.time(), UTC)
WHOLE = "24x7"


def instant(minute: int, seconds: int = 0) -> datetime:
    return START + timedelta(minutes=minute, seconds=seconds)


def minute_of(moment: datetime) -> int:
    return round((moment - START).total_seconds() / 60)


class Local(NamedTuple):
    """The wall at every UTC minute: the ordinal of its date, and minutes after midnight."""

    dates: "array[int]"
    clock: "array[int]"


@cache
def local_times(zone: str) -> Local:
    home, dates, clock = ZoneInfo(zone), array("i"), array("h")
    for n in range(DAYS * 1440):
        wall = (START + timedelta(minutes=n)).astimezone(home)
        dates.append(wall.toordinal())
        clock.append(wall.hour * 60 + wall.minute)
    return Local(dates, clock)


class Wall:
    """One calendar: which minutes are open."""

    def __init__(self, hours: Hours) -> None:
        self.local = local_times(hours.zone)
        public = _public(hours.country) if hours.country else {}
        self.open = bytearray(len(self.local.dates))
        for ordinal in range(self.local.dates[0] + 2, self.local.dates[-1] - 1):
            for begin, end in hours.of(date.fromordinal(ordinal), public):
                first, last = self.minute(ordinal, begin), self.minute(ordinal, end)
                self.open[first:last] = b"\x01" * max(0, last - first)
        self.open_dates = {day for day, is_open in zip(self.local.dates, self.open, strict=True) if is_open}

    def minute(self, ordinal: int, wanted: int) -> int:
        """The first minute at which the wall shows that time; if it never does, later by what was skipped."""
        if wanted == 1440:
            ordinal, wanted = ordinal + 1, 0
        dates, clock = self.local
        near = max(1, (ordinal - FIRST.toordinal()) * 1440 - 1800)
        for n in range(near, near + 4320):
            if dates[n] == ordinal and clock[n] == wanted:
                return n
        for n in range(near, near + 4320):
            shown, before = (dates[n], clock[n]), (dates[n - 1], clock[n - 1])
            if before < (ordinal, wanted) < shown:
                skipped = (dates[n] - dates[n - 1]) * 1440 + clock[n] - clock[n - 1] - 1
                day, rest = divmod(wanted + skipped, 1440)
                return self.minute(ordinal + day, rest)
        raise LookupError(f"{date.fromordinal(ordinal)} {wanted} lies outside of what is walked")

    def day_after(self, at: int, days: int) -> int:
        """The n-th later date with an open minute, at the same time on the wall."""
        ordinal = self.local.dates[at]
        while days:
            ordinal += 1
            days -= ordinal in self.open_dates
        return self.minute(ordinal, self.local.clock[at])

    def next_open(self, at: int) -> int:
        while not self.open[at]:
            at += 1
        return at


class Figure(NamedTuple):
    """A time that is promised. `unit` is 'hours' (around the clock), 'minutes' (open ones) or 'days'."""

    unit: str
    most: int
    least: int | None
    calendar: str
    basis: str


@dataclass(frozen=True)
class Case:
    plan: str
    tier: str
    severity: str | None
    product: str | None = None
    region: str | None = None
    channel: str = "ticket"
    topic: str = "product"
    reseller: bool = False


class Rules:
    """A policy's file."""

    def __init__(self, text: str) -> None:
        self.raw = tomllib.loads(text)
        self.known: dict[tuple[Case, str], Figure | None] = {}

    @cached_property
    def clocks(self) -> dict[str, Any]:
        return self.raw.get("clocks", {})

    @cached_property
    def paused(self) -> tuple[str, ...]:
        waits = "waiting_on_customer" in _several(self.clocks.get("pauses", "waiting_on_customer"))
        return tuple(_several(self.clocks.get("paused_clocks", ["update", "resolution"]))) if waits else ()

    @cache  # noqa: B019 - rules live as long as the simulation
    def wall(self, name: str) -> Wall:
        raw = self.raw["calendars"][name]
        week: list[list[tuple[int, int]]] = [[] for _ in NAMES]
        for days, spans in raw["hours"].items():
            first, _, last = days.partition("-")
            for n in range(NAMES.index(first), NAMES.index(last or first) + 1):
                week[n] = [_span(span) for span in _several(spans)]
        hours = Hours(raw["zone"], week)
        if "holidays" in raw:
            hours.country = "/".join(filter(None, (raw["holidays"]["country"], raw["holidays"].get("subdivision"))))
        for closed in raw.get("closed", []):
            on = str(closed["on"] if isinstance(closed, dict) else closed)
            if len(on) == 5:
                hours.yearly.add((int(on[:2]), int(on[3:])))
            else:
                hours.closed.add(date.fromisoformat(on))
        for on, spans in raw.get("extra", {}).items():
            hours.extra[date.fromisoformat(on)] = [_span(span) for span in _several(spans)]
        return Wall(hours)

    def severities(self, tier: str) -> list[str]:
        return list(_several(self.raw["tiers"][tier].get("severities", [])))

    def severity(self, case: Case, wanted: str | None) -> str | None:
        """What a tier makes of a severity that it may not have."""
        offered = self.severities(case.tier)
        if case.topic == "billing" or not offered:
            return None
        usual = self.raw["tiers"][case.tier].get("default_severity") or self.raw["policy"].get("default_severity")
        return wanted if wanted in offered else usual

    def tiers_of(self, plan: str) -> list[str]:
        return list(_several(self.raw["plans"][plan]["tiers"]))

    def worth(self, case: Case) -> tuple[int, int, int]:
        """Better service first: tier as far down the file as possible, rank, severity as far up."""
        tiers, severities = list(self.raw["tiers"]), list(self.raw.get("severities", {}))
        place = severities.index(case.severity) if case.severity else len(severities)
        return (-tiers.index(case.tier), self.raw["plans"][case.plan]["rank"], place)

    def stops_on(self, case: Case) -> str:
        said = [block["stops_on"] for block in self._fitting(case) if "stops_on" in block]
        return said[-1] if said else self.clocks.get("stops_on", "human_reply")

    def figure(self, case: Case, clock: str) -> Figure | None:
        if (case, clock) not in self.known:
            self.known[case, clock] = self._figure(case, clock)
        return self.known[case, clock]

    def _figure(self, case: Case, clock: str) -> Figure | None:
        found: Any = None
        basis, calendar = "none", WHOLE
        for block in self._fitting(case):
            if block.get("basis") == "none":
                found = None
            basis, calendar = block.get("basis", basis), block.get("calendar", calendar)
            said = block.get(clock)
            if isinstance(said, dict) and "within" not in said:
                said = said.get(case.severity or "")
            found = found if said is None else said
        if found in (None, "none"):
            return None
        table = found if isinstance(found, dict) else {"within": found}
        unit, most, least = _duration(table["within"])
        counted = table.get("calendar", calendar) if unit != "hours" else WHOLE
        return Figure(unit, most, least, counted, table.get("basis", basis))

    def _fitting(self, case: Case) -> Iterator[dict[str, Any]]:
        for block in self.raw["targets"]:
            about = case.topic in _several(block.get("topic", "product"))
            wanted = (name for name in ("tier", "plan", "severity", "product", "region", "channel") if name in block)
            named = all(getattr(case, name) in _several(block[name]) for name in wanted)
            if about and named and block.get("reseller", False) == case.reseller:
                yield block


def _several(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _span(text: str) -> tuple[int, int]:
    first, last = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    return first, last


def _public(place: str) -> holidays.HolidayBase:
    country, _, subdivision = place.partition("/")
    years = range(FIRST.year, FIRST.year + 3)
    return holidays.country_holidays(country, subdiv=subdivision or None, years=years)


def _duration(text: str) -> tuple[str, int, int | None]:
    words = text.split()
    numbers = [float(word) for word in words if word[0].isdigit()]
    unit = words[-1].rstrip("s")
    size = {"minute": 1, "hour": 60, "day": 1}[unit]
    amounts = [round(number * size) for number in numbers]
    kind = "days" if unit == "day" else "minutes" if "business" in words else "hours"
    return kind, amounts[-1], amounts[0] if len(amounts) == 2 else None
