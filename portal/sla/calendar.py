"""Support hours: which instants count, and how business time is added and measured.

Arithmetic is on UTC seconds. Local dates are walked with `zoneinfo`, every opening interval is turned into two UTC
instants, and seconds between them are summed; no day is ever taken for 86,400 seconds. A local time that a change of
clocks skips moves later by what was skipped (an hour nearly everywhere); one that exists twice is taken the first
time. Instants are whole seconds: fractions are dropped.

Opening intervals are expanded a year at a time, on demand, into sorted arrays with running totals; adding business
time is then two bisections, however long the span.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from portal.sla.errors import QuoteError
from portal.sla.reading import Zone
from portal.sla.text import Text

Minutes = tuple[int, int]  # an interval of a local day, in minutes after its midnight; 1440 is the end of the day
Week = tuple[tuple[Minutes, ...], ...]  # Monday first
FIRST_YEAR, LAST_YEAR = 1970, 2100  # what the tables of public holidays reach
DAY = timedelta(days=1)
HOLIDAY_LANGUAGES = {"en": ("en_US", "en_GB", "en"), "de": ("de",), "nl": ("nl",), "da": ("da",), "ru": ("ru",)}
HOLIDAY_LANGUAGES["zh"] = ("zh_CN",)


@dataclass(frozen=True)
class HolidaySource:
    """Public holidays of a country (ISO 3166 code) and, where given, of one of its subdivisions."""

    country: str
    subdivision: str | None = None


@dataclass(frozen=True)
class DateRule:
    """A date of each year, or of one year only."""

    month: int
    day: int
    year: int | None = None
    name: Text | None = None

    def fits(self, day: date) -> bool:
        return (self.month, self.day) == (day.month, day.day) and self.year in (None, day.year)


class Closure(NamedTuple):
    """A local date without regular hours, and why. `name` is the holiday's or the closed date's, if it has one."""

    day: date
    why: Literal["holiday", "closed", "weekday"]
    name: Text | None


class Interval(NamedTuple):
    """An open stretch [start, end) in UTC."""

    start: datetime
    end: datetime


class _Openings(NamedTuple):
    """Open stretches of the years `first` to `last`: UTC seconds, and business seconds run up before and after each.

    `dates` are the ordinals of the local dates that have any open time.
    """

    first: int
    last: int
    opens: list[int]
    closes: list[int]
    before: list[int]
    after: list[int]
    dates: list[int]


@dataclass(frozen=True, eq=False)
class Calendar:
    """Opening hours in one zone. `hours` are by weekday; `extra` opens a date beyond them, even a closed one."""

    zone: Zone
    hours: Week
    id: str = ""
    name: Text = field(default_factory=lambda: Text(""))
    holidays: tuple[HolidaySource, ...] = ()
    closed: tuple[DateRule, ...] = ()
    extra: tuple[tuple[DateRule, tuple[Minutes, ...]], ...] = ()

    # -- questions in datetimes -------------------------------------------------------------------------------

    def add_business(self, at: datetime, seconds: int) -> datetime:
        """The instant at which `seconds` of open time have passed since `at`, in UTC.

        Used up exactly at closing, that is the closing; zero seconds give `at` if open, else the next opening.
        """
        return instant(self.add(stamp(at), seconds))

    def add_business_days(self, at: datetime, days: int) -> datetime:
        """The `days`-th open date after the local date of `at`, at the same clock time, in UTC.

        Zero days give the next opening instant.
        """
        return instant(self.add_days(stamp(at), days))

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself if open then, else the instant at which the calendar opens next, in UTC."""
        return instant(self.add(stamp(at), 0))

    def is_open(self, at: datetime) -> bool:
        return self.add(stamp(at), 0) == stamp(at)

    def business_between(self, start: datetime, end: datetime) -> int:
        """Open seconds from `start` to `end`; negative if `end` is earlier."""
        return self.elapsed(stamp(start), stamp(end))

    def intervals(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Open stretches that touch [start, end), clipped to it, in order."""
        first, last = stamp(start), stamp(end)
        openings = self._reaching(first, last)
        for i in range(bisect_right(openings.closes, first), bisect_left(openings.opens, last)):
            yield Interval(instant(max(openings.opens[i], first)), instant(min(openings.closes[i], last)))

    def closures(self, start: datetime, end: datetime) -> list[Closure]:
        """The local dates touched by [start, end) on which the calendar does not open at all, with the reason."""
        return [closure for day in self.dates(start, end) if (closure := self.why_closed(day))]

    def shortened(self, start: datetime, end: datetime) -> list[Closure]:
        """Holidays and closed dates touched by [start, end) that fall on a weekday with hours, extra hours or not."""
        found = (self._exception(day) for day in self.dates(start, end) if self.hours[day.weekday()])
        return [closure for closure in found if closure]

    def dates(self, start: datetime, end: datetime) -> Iterator[date]:
        """The local dates touched by [start, end)."""
        day = start.astimezone(self._home).date()
        last = max(start, end - timedelta(seconds=1)).astimezone(self._home).date()
        while day <= last:
            yield day
            day += DAY

    def why_closed(self, day: date) -> Closure | None:
        """Why the local date has no hours; None if it has some."""
        if self.day_hours(day):
            return None
        return self._exception(day) or Closure(day, "weekday", None)

    def day_hours(self, day: date) -> tuple[Minutes, ...]:
        """The opening intervals of a local date in minutes after midnight, after holidays, closures and extras."""
        regular = () if self._exception(day) else self.hours[day.weekday()]
        extra = tuple(part for rule, parts in self.extra if rule.fits(day) for part in parts)
        return tuple(sorted(regular + extra))

    @cached_property
    def is_always_open(self) -> bool:
        whole = all(day == ((0, 1440),) for day in self.hours)
        return whole and not self.holidays and not self.closed

    # -- the same in UTC seconds, for those who ask often ---------------------------------------------------------

    def add(self, at: int, seconds: int) -> int:
        """`add_business` in UTC seconds. Raises QuoteError where the calendar's years end."""
        openings = self._reaching(at, at)
        while True:
            i = bisect_right(openings.closes, at)
            if i < len(openings.closes):
                start = max(at, openings.opens[i])
                if not seconds:
                    return start
                wanted = openings.before[i] + start - openings.opens[i] + seconds
                j = bisect_left(openings.after, wanted, i)
                if j < len(openings.after):
                    return openings.opens[j] + wanted - openings.before[j]
            openings = self._years(openings.first, openings.last + 1)

    def add_days(self, at: int, days: int) -> int:
        """`add_business_days` in UTC seconds."""
        if not days:
            return self.add(at, 0)
        received = datetime.fromtimestamp(at, self._home)
        openings = self._reaching(at, at)
        while True:
            i = bisect_right(openings.dates, received.toordinal()) + days - 1
            if i < len(openings.dates):
                break
            openings = self._years(openings.first, openings.last + 1)
        day = date.fromordinal(openings.dates[i])
        clock_time = received.time().replace(fold=0)  # received in the second of two: due in the first
        return stamp(datetime.combine(day, clock_time, self._home))

    def elapsed(self, start: int, end: int) -> int:
        """`business_between` in UTC seconds."""
        if end < start:
            return -self.elapsed(end, start)
        openings = self._reaching(start, end)
        return _total(openings, end) - _total(openings, start)

    # -- expansion ----------------------------------------------------------------------------------------------

    @cached_property
    def _home(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _cache(self) -> dict[str, _Openings]:
        return {}

    @cached_property
    def _named_days(self) -> dict[int, dict[date, Text]]:
        return {}

    def _reaching(self, first: int, last: int) -> _Openings:
        """Openings that cover both instants, with a margin of a day at each end."""
        openings = self._cache.get("openings")
        if openings and openings.opens and openings.opens[0] <= first and last <= openings.closes[-1]:
            return openings
        start, end = max(FIRST_YEAR, _year(first - 90_000)), min(LAST_YEAR, _year(last + 90_000))
        if openings:
            start, end = min(start, openings.first), max(end, openings.last)
        return self._years(start, end)

    def _years(self, first: int, last: int) -> _Openings:
        """Openings of those local years. The new arrays replace the old in one step: threads may share a calendar."""
        known = self._cache.get("openings")
        if known:  # another thread may have added years since the caller looked
            first, last = min(first, known.first), max(last, known.last)
            if (first, last) == (known.first, known.last):
                return known
        if first < FIRST_YEAR or last > LAST_YEAR:
            raise beyond(first if first < FIRST_YEAR else last)
        if known is None:
            spans, dates = self._expand(first, last)
        else:  # years are added at either end; what is known stays
            earlier, later = self._expand(first, known.first - 1), self._expand(known.last + 1, last)
            spans = [*earlier[0], *zip(known.opens, known.closes, strict=True), *later[0]]
            dates = [*earlier[1], *known.dates, *later[1]]
        joined = merged(spans)
        after = list(accumulate(end - start for start, end in joined))
        before = [0, *after[:-1]]
        found = _Openings(first, last, [a for a, _ in joined], [b for _, b in joined], before, after, dates)
        self._cache["openings"] = found
        return found

    def _expand(self, first: int, last: int) -> tuple[list[tuple[int, int]], list[int]]:
        """Open stretches in UTC seconds, and ordinals of open dates, of those years. Stretches may touch."""
        spans: list[tuple[int, int]] = []
        dates: list[int] = []
        for ordinal in range(date(first, 1, 1).toordinal(), date(last + 1, 1, 1).toordinal()):
            day = date.fromordinal(ordinal)
            parts = self.day_hours(day)
            if parts and self._exists(day):
                found = [(self._local(day, start), self._local(day, end)) for start, end in parts]
                found = [(start, end) for start, end in found if start < end]
                spans += found
                dates += [ordinal] if found else []
        return spans, dates

    def _exists(self, day: date) -> bool:
        """False for a date that the zone skipped (Apia had no 30 December 2011)."""
        return self._local(day, 0) < self._local(day, 1440)

    def _local(self, day: date, minutes: int) -> int:
        """UTC seconds of a local clock time. `fold=0` moves skipped times later and takes the first of two."""
        day, minutes = (day + DAY, 0) if minutes == 1440 else (day, minutes)
        return stamp(datetime.combine(day, time(minutes // 60, minutes % 60), self._home))

    def _exception(self, day: date) -> Closure | None:
        for rule in self.closed:
            if rule.fits(day):
                return Closure(day, "closed", rule.name)
        name = self._holidays(day.year).get(day)
        return Closure(day, "holiday", name) if name else None

    def _holidays(self, year: int) -> dict[date, Text]:
        if year not in self._named_days:
            found: dict[date, Text] = {}
            for source in self.holidays:
                found |= public_holidays(source, year)
            self._named_days[year] = found
        return self._named_days[year]


def public_holidays(source: HolidaySource, year: int) -> dict[date, Text]:
    """Public holidays with their names in the languages known, for all other readers in the country's own.

    Raises NotImplementedError for an unknown place.
    """
    country = getattr(_tables(), source.country, None) if source.country.isupper() else None
    if country is None:
        raise NotImplementedError(f"no public holidays are known for {source.country!r}")
    home = (country.default_language or "en").split("_")[0]
    probe = country(subdiv=source.subdivision, years=year, language=country.default_language)
    names: dict[date, dict[str, str]] = {day: {home: str(probe[day])} for day in probe}
    for language, codes in HOLIDAY_LANGUAGES.items():
        code = next((code for code in codes if code in probe.supported_languages), None)
        if code:
            translated = country(subdiv=source.subdivision, years=year, language=code)
            for day, name in translated.items():
                names[day][language] = str(name)
    return {day: Text({"en": probe[day], **by_language}, home) for day, by_language in sorted(names.items())}


def _tables() -> ModuleType:
    """The package `holidays`, which loads a country when it is asked for by its code: half a second, so not before.

    Its folder of countries stands in as a package without contents: its own would load the tables of all countries
    (0.3 s, 16 MB) where one is asked for.
    """
    import holidays

    if "holidays.countries" not in sys.modules:
        countries = ModuleType("holidays.countries")
        countries.__path__ = [str(Path(folder) / "countries") for folder in holidays.__path__]
        sys.modules["holidays.countries"] = countries
    return holidays


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, those that touch or overlap joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def always(zone: str) -> Calendar:
    """The calendar that every policy has without writing it: '24x7', never closed."""
    whole = ((0, 1440),)
    return Calendar(zone=Zone(zone), hours=(whole,) * 7, id="24x7", name=Text(AROUND_THE_CLOCK))


AROUND_THE_CLOCK = {
    "en": "around the clock, every day",
    "de": "rund um die Uhr, jeden Tag",
    "nl": "dag en nacht, elke dag",
    "da": "døgnet rundt, alle dage",
    "ru": "круглосуточно, без выходных",
    "zh": "全天候，每天",
}


def stamp(moment: datetime) -> int:
    """UTC seconds of an aware datetime; fractions are dropped."""
    return int(moment.timestamp() // 1)


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _total(openings: _Openings, at: int) -> int:
    i = bisect_right(openings.closes, at)
    if i == len(openings.closes):
        return openings.after[-1] if openings.after else 0
    return openings.before[i] + max(0, at - openings.opens[i])


def _year(at: int) -> int:
    return datetime.fromtimestamp(at, UTC).year


def beyond(year: int) -> QuoteError:
    """The error for a year for which no public holidays are known."""
    return QuoteError("at", year, reason=f"support hours are known from {FIRST_YEAR} to {LAST_YEAR}, not for {year}")
