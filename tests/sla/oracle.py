"""An independent reckoning of quotes, minute by minute, to hold `portal.sla` against.

It shares nothing with `calendar.py`: it asks every UTC minute of a window what the clock on the wall says, finds the
opening and closing minutes by looking for those clock times, and counts open minutes one at a time.

    python -m tests.sla.oracle --cases 10000 [--seed 1]
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from portal.sla import Policy, QuoteRequest, make_quote, parse_policy

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WINDOW = 75  # days that are walked
ASKED = 30  # of them, the days in which requests are received
PER_CALENDAR = 100
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = {  # zone: dates near which its clocks changed in a way worth asking about
    "America/Sao_Paulo": [
        "2017-10-15",
        "2018-02-18",
        "2018-11-04",
        "2019-02-17",
    ],  # at midnight, back to the day before
    "Africa/Cairo": ["2010-08-11", "2014-05-16", "2023-04-28", "2023-10-27", "2026-04-24"],  # at midnight
    "Asia/Beirut": ["2022-03-27", "2023-03-30", "2025-10-26"],  # at midnight
    "America/Havana": ["2024-03-10", "2025-11-02"],  # at midnight, midnight itself twice in autumn
    "Asia/Tehran": ["2021-03-22", "2021-09-22", "2022-09-22"],  # at midnight, half hours from UTC
    "Australia/Lord_Howe": ["2024-04-07", "2024-10-06", "2026-04-05"],  # by half an hour
    "Asia/Gaza": ["2015-03-28", "2020-10-24", "2023-04-29"],
    "America/Asuncion": ["2019-10-06", "2023-03-26"],
    "America/Scoresbysund": ["2023-03-26", "2024-03-31", "2024-10-27"],
    "Pacific/Apia": ["2011-12-30", "2011-09-24", "2012-04-01"],  # a whole day left out
    "Asia/Kathmandu": ["2026-03-01"],
    "Europe/Amsterdam": ["2026-03-29", "2026-10-25", "2026-12-24"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Asia/Shanghai": ["2026-02-17"],
    "UTC": ["2028-02-29"],
}
COUNTRIES = {"Europe/Amsterdam": "NL", "America/New_York": "US", "America/Sao_Paulo": "BR", "Africa/Cairo": "EG",
             "Asia/Shanghai": "CN", "Australia/Lord_Howe": "AU"}  # fmt: skip


@dataclass
class Hours:
    """A calendar as the oracle reads it: minutes of the day by weekday, and what holds on single dates."""

    zone: str
    week: list[list[tuple[int, int]]]
    country: str | None = None
    closed: set[date] = field(default_factory=set)
    yearly: set[tuple[int, int]] = field(default_factory=set)
    extra: dict[date, list[tuple[int, int]]] = field(default_factory=dict)

    def of(self, day: date, public: "holidays.HolidayBase | dict[date, str]") -> list[tuple[int, int]]:
        off = day in public or day in self.closed or (day.month, day.day) in self.yearly
        return ([] if off else self.week[day.weekday()]) + self.extra.get(day, [])


class Wall:
    """The clock on the wall at every UTC minute of a window, and which of the minutes are open."""

    def __init__(self, hours: Hours, start: datetime) -> None:
        zone = ZoneInfo(hours.zone)
        self.start = start
        self.local = [(start + n * MINUTE).astimezone(zone).replace(tzinfo=None) for n in range(WINDOW * 1440)]
        self.first: dict[datetime, int] = {}
        for n, clock in enumerate(self.local):
            self.first.setdefault(clock, n)
        years = {clock.year for clock in (self.local[0], self.local[-1])}
        public = holidays.country_holidays(hours.country, years=years) if hours.country else {}
        self.open = bytearray(len(self.local))
        self.days = sorted({clock.date() for clock in self.local})
        for day in self.days[1:-1]:
            for begin, end in hours.of(day, public):
                opens, closes = self.minute(day, begin), self.minute(day, end)
                self.open[opens:closes] = b"\x01" * max(0, closes - opens)

    def minute(self, day: date, minutes: int) -> int:
        """The first UTC minute at which the wall shows that time; if it never does, later by what was skipped."""
        wanted = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
        if wanted in self.first:
            return self.first[wanted]
        for n in range(1, len(self.local)):
            if self.local[n - 1] < wanted < self.local[n]:
                skipped = self.local[n] - self.local[n - 1] - MINUTE
                return self.first[wanted + skipped]
        raise LookupError(f"{wanted} lies outside the window")

    def business(self, at: int, minutes: int) -> int:
        """The minute at which so many open minutes have passed; for none, the next open one."""
        if not minutes:
            while not self.open[at]:
                at += 1
            return at
        while minutes:
            minutes -= self.open[at]
            at += 1
        return at

    def business_days(self, at: int, days: int) -> int:
        """The n-th later date with an open minute, at the same time on the wall."""
        if not days:
            return self.business(at, 0)
        received, day, n = self.local[at], self.local[at].date(), at
        while days:
            while self.local[n].date() <= day:
                n += 1
            day = self.local[n].date()
            days -= any(self.open[m] for m in range(n, n + 1500) if self.local[m].date() == day)
        return self.minute(day, received.hour * 60 + received.minute)


@dataclass
class Figure:
    """A random target: text for the policy, and the numbers for the oracle (minutes, or days)."""

    text: str
    kind: str
    most: int
    least: int | None

    def due(self, wall: Wall, at: int, amount: int) -> int:
        if self.kind == "hours":
            return at + amount
        return wall.business_days(at, amount) if self.kind == "days" else wall.business(at, amount)


@dataclass(frozen=True)
class Difference:
    zone: str
    at: datetime
    figure: str
    said: object
    right: object


def differences(cases: int, seed: int = 1) -> Iterator[Difference]:
    """Quotes of random policies at random instants that are not as the oracle counts them."""
    dice = random.Random(seed)
    done = 0
    while done < cases:
        hours, near = random_hours(dice)
        figures = [random_figure(dice) for _ in range(6)]
        policy = parse_policy(policy_text(hours, figures))
        wall = Wall(hours, datetime.combine(near - 15 * DAY, datetime.min.time(), UTC))
        for _ in range(min(PER_CALENDAR, cases - done)):
            done += 1
            which = dice.randrange(len(figures))
            at = dice.randrange(2 * 1440, ASKED * 1440)
            yield from _compare(policy, wall, figures[which], which, at)


def _compare(policy: Policy, wall: Wall, figure: Figure, which: int, at: int) -> Iterator[Difference]:
    received = wall.start + at * MINUTE
    clock = make_quote(policy, QuoteRequest(plan="only", severity=f"s{which}"), received).first_response
    assert clock
    due = figure.due(wall, at, figure.most)
    earliest = None if figure.least is None else wall.start + figure.due(wall, at, figure.least) * MINUTE
    seconds = sum(wall.open[at:due]) * 60 if figure.kind == "days" else figure.most * 60
    said = (clock.due_at, clock.earliest_at, clock.business_seconds)
    right = (wall.start + due * MINUTE, earliest, seconds)
    if said != right:
        yield Difference(policy.calendars["c"].zone, received, figure.text, said, right)


def random_hours(dice: random.Random) -> tuple[Hours, date]:
    """Opening hours that touch the awkward places, and a date to look around."""
    zone = dice.choice(list(ZONES))
    near = date.fromisoformat(dice.choice(ZONES[zone])) + dice.randrange(-10, 11) * DAY
    week = [random_day(dice) if dice.random() < (0.9 if n < 5 else 0.3) else [] for n in range(7)]
    if sum(end - start for parts in week for start, end in parts) < 600:  # else the window might not suffice
        week[2] = [(0, 1440)]
    hours = Hours(zone, week, COUNTRIES.get(zone) if dice.random() < 0.6 else None)
    for _ in range(dice.randrange(4)):
        hours.closed.add(near + dice.randrange(-12, 40) * DAY)
    if dice.random() < 0.3:
        hours.yearly.add((near.month, min(near.day, 28)))
    for _ in range(dice.randrange(3)):
        hours.extra[near + dice.randrange(-12, 40) * DAY] = random_day(dice)
    return hours, near


def random_day(dice: random.Random) -> list[tuple[int, int]]:
    """One to three intervals, often at midnight or around the hours in which clocks change."""
    if dice.random() < 0.2:
        return [(0, 1440)]
    edges = [0, 15, 30, 60, 75, 90, 120, 135, 150, 180, 480, 510, 720, 765, 1020, 1380, 1395, 1410, 1440]
    count = 2 * dice.randrange(1, 4)
    marks = sorted(dice.sample(edges, count))
    return [(marks[i], marks[i + 1]) for i in range(0, count, 2)]


def random_figure(dice: random.Random) -> Figure:
    kind = dice.choice(["hours", "minutes", "minutes", "minutes", "days"])
    if kind == "days":
        most = dice.randrange(0, 6)
        least = dice.randrange(0, most) if most and dice.random() < 0.3 else None
        unit = "business days"
    else:
        most = dice.choice([0, 1, 30, 60, 120, 240, 480, dice.randrange(1, 2000)])
        least = dice.randrange(0, most) if most and dice.random() < 0.3 else None
        unit = "minutes" if kind == "hours" else "business minutes"
    return Figure(f"{least} to {most} {unit}" if least is not None else f"{most} {unit}", kind, most, least)


def policy_text(hours: Hours, figures: list[Figure]) -> str:
    """The smallest policy with that calendar and those figures, one for each severity."""

    def written(parts: list[tuple[int, int]]) -> str:
        return str([f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in parts]).replace("'", '"')

    week = "\n".join(f"{NAMES[n]} = {written(parts)}" for n, parts in enumerate(hours.week) if parts)
    closed = [day.isoformat() for day in hours.closed] + [f"{month:02}-{day:02}" for month, day in hours.yearly]
    extra = "\n".join(f'"{day}" = {written(parts)}' for day, parts in hours.extra.items())
    names = [f"s{n}" for n in range(len(figures))]
    severities = "\n".join(f'[severities.{name}]\nname = "{name}"\nwording = "-"' for name in names)
    targets = "\n".join(f'first_response.{name} = "{figure.text}"' for name, figure in zip(names, figures, strict=True))
    return f"""
[policy]
id = "random"
version = "1"
name = "Random"
vendor = "Nobody"
in_force = 2000-01-01
zone = "{hours.zone}"
free_plan = "only"
default_severity = "s0"
[calendars.c]
name = "c"
zone = "{hours.zone}"
{f'holidays = {{ country = "{hours.country}" }}' if hours.country else ""}
closed = {str(closed).replace("'", '"')}
[calendars.c.hours]
{week}
[calendars.c.extra]
{extra}
{severities}
[channels.ticket]
name = "Ticket"
[tiers.standard]
name = "Standard"
hours = "c"
severities = {str(names).replace("'", '"')}
[plans.only]
name = "Only"
rank = 1
tiers = "standard"
channels = "ticket"
[[targets]]
basis = "target"
calendar = "c"
{targets}
[queues]
support = "Support"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold random quotes against a minute-by-minute count.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.perf_counter()
    found = list(differences(asked.cases, asked.seed))
    for difference in found[:20]:
        print(difference)
    took = time.perf_counter() - began
    print(f"{asked.cases} quotes, seed {asked.seed}: {len(found)} differences in {took:.0f} s")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
