"""The promise band of a quote and of a ticket: which stretch it shows, and what of the calendar lies in it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from babel import Locale

from portal.band import Band, Closure, Span, draw, window_of
from portal.formats import closure_words
from portal.sla import Policy
from portal.sla.calendar import Calendar


def band_of(
    policy: Policy,
    calendar: str | None,
    *,
    received_at: datetime,
    due_at: datetime,
    now: datetime,
    zone: str,
    locale: Locale,
    earliest_at: datetime | None = None,
    answered_at: datetime | None = None,
    pauses: Iterable[Span] = (),
) -> Band:
    """One clock on its calendar, in the reader's zone and language. A quote has `now` at receipt."""
    hours = policy.calendar(calendar)
    start, end = window_of(received_at, due_at, now=now, zone=zone, answered_at=answered_at)
    return draw(
        hours.intervals(start, end),
        received_at=received_at,
        due_at=due_at,
        earliest_at=earliest_at,
        answered_at=answered_at,
        now=now,
        zone=zone,
        locale=locale,
        closures=closures_of(hours, start, end),
        pauses=pauses,
        window=(start, end),
        rtl=locale.text_direction == "rtl",
    )


def closures_of(hours: Calendar, start: datetime, end: datetime) -> list[Closure]:
    """Holidays and closed dates within, from midnight to midnight where support is at home."""
    home = ZoneInfo(hours.zone)
    found = []
    for closure in hours.shortened(start, end):
        opens, closes = (datetime.combine(closure.day + timedelta(days=n), clock(), home) for n in (0, 1))
        found.append(Closure(opens, closes, closure_words(closure.name)))
    return found
