"""Counting: what became of promises, how long answers took, when tickets came. Pure, but for what `filed` asks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from portal.db import db
from portal.tickets.ticket import Ticket

Promise = Literal["first", "next", "update", "resolution"]
Key = tuple[str, str | None]  # tier, severity
PROMISES: tuple[Promise, ...] = ("first", "next", "update", "resolution")
ROUNDS: tuple[Promise, ...] = ("next", "update")  # owed anew again and again: each time is counted
AT_ONCE = 1000  # rows
SHOWN = (
    Ticket.tier,
    Ticket.severity,
    Ticket.status,
    Ticket.created_at,
    Ticket.first_promised_at,
    Ticket.first_was_late,
    Ticket.first_response_due_at,
    Ticket.first_responded_at,
    Ticket.next_promised_at,
    Ticket.next_response_due_at,
    Ticket.next_kept,
    Ticket.next_late,
    Ticket.update_promised_at,
    Ticket.update_due_at,
    Ticket.update_kept,
    Ticket.update_late,
    Ticket.resolution_promised_at,
    Ticket.resolution_was_late,
    Ticket.resolution_due_at,
    Ticket.resolved_at,
    Ticket.closed_at,
    Ticket.merged_into_id,
)


def filed(where: Sequence[ColumnElement[bool]]) -> Iterable[Any]:
    """A row for each of these tickets, not all in memory at once. Who reads it passed a gate, or reads nothing but
    counts."""
    query: Any = Ticket.readable(is_staff=True).with_only_columns(*SHOWN)
    return db.session.connection().execute(query.where(*where), execution_options={"yield_per": AT_ONCE})


@dataclass
class Tally:
    """What became of the promises of some tickets. `open` are not due yet, or wait for the customer."""

    kept: int = 0
    late: int = 0
    open: int = 0
    took: list[timedelta] = field(default_factory=list)  # of all that were answered, whatever was promised

    @property
    def decided(self) -> int:
        return self.kept + self.late

    @property
    def share(self) -> float | None:
        """Of what was decided, the part that was kept: 0 to 1."""
        return self.kept / self.decided if self.decided else None

    def within(self, part: float) -> timedelta | None:
        """The shortest time in which at least this part of the answers came (nearest rank)."""
        return sorted(self.took)[ceil(part * len(self.took)) - 1] if self.took else None


@dataclass
class Counts:
    """What became of the promises, by tier and severity, and when tickets were filed: (weekday from Monday = 0, hour)
    of the reader's week."""

    first: dict[Key, Tally] = field(default_factory=dict)
    next: dict[Key, Tally] = field(default_factory=dict)
    update: dict[Key, Tally] = field(default_factory=dict)
    resolution: dict[Key, Tally] = field(default_factory=dict)
    hours: Counter[tuple[int, int]] = field(default_factory=Counter)

    def of(self, promise: Promise) -> dict[Key, Tally]:
        found: dict[Key, Tally] = getattr(self, promise)
        return found


def count(rows: Iterable[Any], *, now: datetime, zone: ZoneInfo) -> Counts:
    """Each row once. What was merged into another ticket is answered there: it counts here only where it was late by
    then."""
    found = Counts()
    for row in rows:
        local = row.created_at.astimezone(zone)
        found.hours[local.weekday(), local.hour] += 1
        for promise in PROMISES:
            tally = found.of(promise).setdefault((row.tier, row.severity), Tally())
            if promise in ROUNDS:
                _add_rounds(tally, row, promise, now=now)
                continue
            outcome, took = what_became(row, promise, now=now), how_long(row, promise)
            if row.merged_into_id is not None:
                outcome, took = (outcome if outcome == "late" else None), None
            if outcome:
                setattr(tally, outcome, getattr(tally, outcome) + 1)
            if took is not None:
                tally.took.append(took)
    return found


def whole(tallies: Iterable[Tally]) -> Tally:
    """All of them as one."""
    found = Tally()
    for tally in tallies:
        found.kept, found.late, found.open = found.kept + tally.kept, found.late + tally.late, found.open + tally.open
        found.took += tally.took
    return found


def _add_rounds(tally: Tally, row: Any, promise: Promise, *, now: datetime) -> None:
    """Every answer that was owed after the first one, or every update; the one that is owed now too."""
    if promise == "next":
        kept, late = row.next_kept, row.next_late
        promised_at, due_at = row.next_promised_at, row.next_response_due_at
    else:
        kept, late, promised_at, due_at = row.update_kept, row.update_late, row.update_promised_at, row.update_due_at
    is_late = promised_at is not None and due_at is not None and due_at < now
    tally.kept, tally.late = tally.kept + kept, tally.late + late + is_late
    tally.open += promised_at is not None and not is_late


def what_became(row: Any, promise: Promise, *, now: datetime) -> str | None:
    """kept, late or open; None where nothing was promised."""
    is_first = promise == "first"
    promised_at, was_late = (
        (row.first_promised_at, row.first_was_late)
        if is_first
        else (row.resolution_promised_at, row.resolution_was_late)
    )
    due_at = row.first_response_due_at if is_first else row.resolution_due_at
    if was_late:
        return "late"
    if promised_at is None:
        return None
    if _is_stopped(row, promise):
        return "kept"
    return "late" if due_at is not None and due_at < now else "open"


def how_long(row: Any, promise: Promise) -> timedelta | None:
    """From filing to the answer, nights and weekends included; None while there is none."""
    if promise == "first":
        came_at = row.first_responded_at
    else:
        came_at = row.resolved_at or row.closed_at if _is_stopped(row, promise) else None
    return max(came_at - row.created_at, timedelta()) if came_at else None


def _is_stopped(row: Any, promise: Promise) -> bool:
    if promise == "first":
        return row.first_responded_at is not None
    return row.status in ("resolved", "closed")
