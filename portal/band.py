"""Geometry of the promise band: time in, percentages out. Pure; `templates/macros/band.html` draws it.

Every `x` and `width` is a percentage of the drawing's width, already mirrored for right-to-left readers.
Instants are aware datetimes; columns and labels are in the reader's zone. Positions follow UTC, so a day of
23 or 25 hours is drawn as long as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import cached_property, lru_cache
from typing import Literal, Self
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time
from babel.lists import format_list

Span = tuple[datetime, datetime]
Kind = Literal["open", "holiday", "counted", "spent", "expected", "spare", "paused", "late"]
MarkKind = Literal["received", "earliest", "due", "now", "answered"]

HOUR = timedelta(hours=1)
SHORT = timedelta(hours=14)  # up to here the band shows hours instead of whole days
STEPS = tuple(timedelta(minutes=m) for m in (10, 15, 30, 60, 120, 180, 240, 360))
MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Closure:
    """A stretch that would be open but for a reason (a public holiday, a company day)."""

    start: datetime
    end: datetime
    reason: str

    @classmethod
    def of(cls, day: date, zone: ZoneInfo | str, reason: str) -> Self:
        """A closed local date of a calendar in `zone`."""
        return cls(_midnight(day, _zone(zone)), _midnight(day + timedelta(days=1), _zone(zone)), reason)


@dataclass(frozen=True, slots=True)
class Slice:
    """A rectangle over the closed ground. Later slices lie on earlier ones. `title` is a closure's reason."""

    kind: Kind
    x: float
    width: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in time. `side` is where its label reads to; `beyond` tells that it lies outside the window."""

    kind: MarkKind
    at: datetime
    x: float
    label: str
    side: Literal["left", "right"]
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A local day, or the part of it in the window.

    `edge` is where it begins, which is the right end for right-to-left readers. For a week, `hours` are its
    opening hours in words ("" for the whole day) and `note` says why it is closed.
    """

    day: date
    edge: float
    width: float
    weekday: str
    number: str
    hours: tuple[str, ...]
    note: str
    is_labelled: bool


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """A drawn band. `room` (percent) between received and due decides whether both labels fit above it."""

    start: datetime
    end: datetime
    columns: tuple[Column, ...]
    slices: tuple[Slice, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    room: float
    rtl: bool
    today: date | None

    @property
    def kinds(self) -> frozenset[str]:
        """Which kinds of slice are drawn: the key names only these."""
        return frozenset(piece.kind for piece in self.slices)

    @property
    def is_open_throughout(self) -> bool:
        return sum(piece.width for piece in self.slices if piece.kind == "open") > 99.9

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(piece.title for piece in self.slices if piece.title))


def draw(
    opening: Iterable[Sequence[datetime]],
    *,
    received_at: datetime,
    due_at: datetime | None,
    now: datetime,
    zone: ZoneInfo | str,
    locale: Locale | str = "en_GB",
    earliest_at: datetime | None = None,
    answered_at: datetime | None = None,
    closures: Iterable[Closure] = (),
    pauses: Iterable[Span] = (),
    window: Span | None = None,
    rtl: bool = False,
) -> Band:
    """A promise: opening hours, the time counted from `received_at` to `due_at`, and what became of it.

    `opening` holds (start, end, …) and must cover `window_of(…)`. With `now` at receipt it is a quote. Time
    counted is open time between receipt and due outside `pauses`. Raises ValueError for an empty window.
    """
    closures = tuple(closures)
    shown = window or window_of(received_at, due_at, now=now, zone=zone, answered_at=answered_at)
    sheet = _sheet(*shown, _zone(zone), _locale(locale), rtl)
    hours = merge((part[0], part[1]) for part in opening)
    paused = merge(pauses)
    counted = _without(_within(hours, received_at, due_at or received_at), paused)
    slices = sheet.ground(hours, closures)
    for kind, start, end in _phases(received_at, due_at, earliest_at, answered_at, now):
        parts = [(start, end)] if kind == "late" else _within(counted, start, end)
        slices += sheet.slices(kind, parts)
    slices += sheet.slices("paused", _within(paused, received_at, max(due_at or now, now)))
    marks = sheet.marks(
        received=received_at,
        earliest=earliest_at,
        due=due_at,
        now=now if now > received_at and not answered_at else None,
        answered=answered_at,
    )
    return sheet.band(slices, marks, sheet.columns, today=now)


def draw_week(
    opening: Iterable[Sequence[datetime]],
    *,
    first: date,
    zone: ZoneInfo | str,
    locale: Locale | str = "en_GB",
    closures: Iterable[Closure] = (),
    now: datetime | None = None,
    days: int = 7,
    rtl: bool = False,
) -> Band:
    """The opening hours of `days` local days from `first`; with `now`, a mark where we are."""
    home, closures = _zone(zone), tuple(closures)
    shown = (_midnight(first, home), _midnight(first + timedelta(days=days), home))
    sheet = _sheet(*shown, home, _locale(locale), rtl)
    hours = merge((part[0], part[1]) for part in opening)
    marks = sheet.marks(now=now if now and shown[0] <= now < shown[1] else None)
    columns = tuple(sheet.told(column, hours, closures) for column in sheet.columns)
    return sheet.band(sheet.ground(hours, closures), marks, columns, today=now)


def window_of(
    received_at: datetime,
    due_at: datetime | None,
    *,
    now: datetime,
    zone: ZoneInfo | str,
    answered_at: datetime | None = None,
) -> Span:
    """What a band of this promise shows: whole local days, or round hours if all lies within 14 hours.

    Call it first to know for which stretch the calendar's intervals are needed.
    """
    home = _zone(zone)
    last = max(received_at, due_at or received_at + timedelta(days=2), answered_at or max(received_at, now))
    if last - received_at > SHORT:
        final = (last - timedelta(microseconds=1)).astimezone(home).date()
        return _midnight(received_at.astimezone(home).date(), home), _midnight(final + timedelta(days=1), home)
    pad = max((last - received_at) * 0.2, HOUR / 2)
    start = (received_at - pad).astimezone(home).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    hours = -((start - last - pad) // HOUR)
    return start, start + hours * HOUR


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same stretches in UTC, in order, those that touch joined and empty ones dropped."""
    joined: list[Span] = []
    for start, end in sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _phases(
    received: datetime,
    due: datetime | None,
    earliest: datetime | None,
    answered: datetime | None,
    now: datetime,
) -> list[tuple[Kind, datetime, datetime]]:
    """The promise cut where its meaning changes: spent, still counted, expected, spare, late."""
    if due is None:
        return []
    until = answered or now
    if answered:
        phases: list[tuple[Kind, datetime, datetime]] = [
            ("counted", received, min(answered, due)),
            ("spare", answered, due),
        ]
    else:
        soonest = min(max(earliest or due, received), due)
        phases = [
            ("spent", received, min(now, due)),
            ("counted", max(now, received), soonest),
            ("expected", max(now, soonest), due),
        ]
    phases.append(("late", due, until))
    return [(kind, start, end) for kind, start, end in phases if start < end]


def _within(spans: list[Span], start: datetime, end: datetime) -> list[Span]:
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]


def _without(spans: list[Span], gaps: list[Span]) -> list[Span]:
    for gap_start, gap_end in gaps:
        spans = [
            part
            for start, end in spans
            for part in ((start, min(end, gap_start)), (max(start, gap_end), end))
            if part[0] < part[1]
        ]
    return spans


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, also where midnight itself is skipped by a change of clocks."""
    return datetime.combine(day, clock(), zone).astimezone(UTC)


def _zone(zone: ZoneInfo | str) -> ZoneInfo:
    return ZoneInfo(zone) if isinstance(zone, str) else zone


@lru_cache(4096)
def _date_words(day: date, skeleton: str, locale: Locale) -> str:
    return format_skeleton(skeleton, day, locale=locale)


@lru_cache(4096)
def _clock_words(hour: int, minute: int, locale: Locale) -> str:
    return format_time(clock(hour, minute), "short", locale=locale)


@lru_cache(64)
def _weekdays(locale: Locale, width: str) -> tuple[str, ...]:
    return tuple(locale.days["stand-alone"][width][n] for n in range(7))


@lru_cache(64)
def _locale(locale: Locale | str) -> Locale:
    return Locale.parse(locale.replace("-", "_")) if isinstance(locale, str) else locale


@lru_cache(256)
def _sheet(start: datetime, end: datetime, zone: ZoneInfo, locale: Locale, rtl: bool) -> "_Sheet":
    return _Sheet(start, end, zone, locale, rtl)


class _Sheet:
    """A window of time laid on 0 to 100 percent, in one zone, language and direction. Shared, so never changed."""

    def __init__(self, start: datetime, end: datetime, zone: ZoneInfo, locale: Locale, rtl: bool) -> None:
        self.start, self.end = start.astimezone(UTC), end.astimezone(UTC)
        if self.start >= self.end:
            raise ValueError("a band needs a window that ends after it starts")
        self.zone, self.locale, self.rtl = zone, locale, rtl
        self.counts_to_24 = "a" not in locale.time_formats["short"].pattern

    def x(self, moment: datetime) -> float:
        """Where an instant stands, kept inside the drawing."""
        part = (min(max(moment, self.start), self.end) - self.start) / (self.end - self.start) * 100
        return round(100 - part if self.rtl else part, 3)

    def stretch(self, start: datetime, end: datetime) -> tuple[float, float]:
        """(x, width) of a stretch clipped to the window."""
        near, far = self.x(start), self.x(end)
        return min(near, far), round(abs(far - near), 3)

    def slices(self, kind: Kind, spans: Iterable[Span], title: str = "") -> list[Slice]:
        placed = [self.stretch(start, end) for start, end in spans if start < self.end and end > self.start]
        return [Slice(kind, x, width, title) for x, width in placed if width > 0]

    def ground(self, hours: list[Span], closures: tuple[Closure, ...]) -> list[Slice]:
        slices = self.slices("open", hours)
        for closure in closures:
            slices += self.slices("holiday", [(closure.start, closure.end)], closure.reason)
        return slices

    def marks(self, **moments: datetime | None) -> tuple[Mark, ...]:
        """Marks in the order of their kinds as given; a label reads towards the wider side."""
        placed = []
        for kind, at in moments.items():
            if at is not None:
                x = self.x(at)
                beyond = not self.start <= at <= self.end
                placed.append(Mark(kind, at, x, self.label(at), "left" if x > 50 else "right", beyond))  # type: ignore[arg-type]
        return tuple(placed)

    def label(self, at: datetime) -> str:
        """'Tue 24 Nov, 10:30' in the reader's language and zone."""
        return f"{_date_words(at.astimezone(self.zone).date(), 'MMMEd', self.locale)}, {self.clock(at)}"

    def clock(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return _clock_words(local.hour, local.minute, self.locale)

    def band(
        self, slices: list[Slice], marks: tuple[Mark, ...], columns: tuple[Column, ...], today: datetime | None
    ) -> Band:
        ends = [mark.x for mark in marks if mark.kind in ("received", "due")]
        room = round(max(ends) - min(ends), 3) if ends else 0.0
        current = today.astimezone(self.zone).date() if today else None
        return Band(self.start, self.end, columns, tuple(slices), marks, self.ticks, room, self.rtl, current)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        first = self.start.astimezone(self.zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()
        days = (last - first).days + 1
        return tuple(self.column(first + timedelta(days=n), days) for n in range(days))

    def column(self, day: date, days: int) -> Column:
        start, end = _midnight(day, self.zone), _midnight(day + timedelta(days=1), self.zone)
        is_first = start <= self.start or day.day == 1
        return Column(
            day=day,
            edge=self.x(start),
            width=self.stretch(start, end)[1],
            weekday=_weekdays(self.locale, "narrow" if days > 10 else "abbreviated")[day.weekday()],
            number=_date_words(day, "MMMd", self.locale) if is_first and days < 8 else str(day.day),
            hours=(),
            note="",
            is_labelled=days <= 16 or day.weekday() == 0,
        )

    def told(self, column: Column, hours: list[Span], closures: tuple[Closure, ...]) -> Column:
        """The column with its opening hours and closures in words."""
        start, end = _midnight(column.day, self.zone), _midnight(column.day + timedelta(days=1), self.zone)
        notes = {closure.reason: None for closure in closures if closure.start < end and closure.end > start}
        told = tuple(self.hours(a, b, start, end) for a, b in _within(hours, start, end))
        return replace(column, hours=told, note=format_list(list(notes), locale=self.locale))

    def hours(self, start: datetime, end: datetime, day_start: datetime, day_end: datetime) -> str:
        """'09:00–17:00'; empty for the whole day, which the template puts into words."""
        if (start, end) == (day_start, day_end):
            return ""
        return f"{self.clock(start)}–{'24:00' if end == day_end and self.counts_to_24 else self.clock(end)}"

    @cached_property
    def ticks(self) -> tuple[Tick, ...]:
        """Round local hours: as many as can be read on a phone, none where days are too narrow."""
        span, days = self.end - self.start, len(self.columns)
        if days > 4:
            return ()
        if span > 2 * SHORT:
            step = timedelta(hours=6 if days <= 2 and self.counts_to_24 else 12)
        else:
            step = next(step for step in (*STEPS, timedelta(days=1)) if span / step <= MOST_TICKS)
        begin = self.start.astimezone(self.zone).replace(tzinfo=None)
        midnight = datetime.combine(begin.date(), clock())
        local = midnight - (midnight - begin) // step * step
        ticks: list[Tick] = []
        while (at := local.replace(tzinfo=self.zone)) < self.end:
            if at > self.start and local.time() != clock():  # midnight has the day's name
                ticks.append(Tick(self.x(at), self.clock(at)))
            local += step
        return tuple(ticks)
