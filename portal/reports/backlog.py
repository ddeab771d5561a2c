"""How many tickets were open at the end of each day: counted from the log, so that reopened ones are known too."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func

from portal.db import read
from portal.reports.asked import Asked
from portal.tickets.ticket import OPEN_STATUSES, Ticket, TicketEvent

MOVES = ("received", "joined", "reopened", "resolved", "closed")
MOST_DAYS = 62  # two months; longer times are told by the week


class Step(NamedTuple):
    """A day or a week, by its last day: what was filed and settled in it, and what was open at its end."""

    last: date
    filed: int
    settled: int
    open: int


class Change(NamedTuple):
    """A ticket that was opened (first or again) or settled."""

    at: datetime
    by: int
    is_new: bool


def backlog(asked: Asked) -> list[Step]:
    """The steps of that time, the oldest first."""
    query: Any = Ticket.readable(is_staff=True).with_only_columns(func.count())
    untouched = (Ticket.status.in_(OPEN_STATUSES), Ticket.updated_at < asked.start, *asked.of)
    rest = read(query.where(*untouched))[0][0]
    return steps(asked, sorted(changes(_moves(asked.start, asked.of))), rest)


def _moves(start: datetime, where: Sequence[ColumnElement[bool]]) -> Sequence[Any]:
    """The log of the tickets that something happened to since, in its order."""
    columns = (TicketEvent.ticket_id, TicketEvent.kind, TicketEvent.at, TicketEvent.detail)
    query: Any = Ticket.readable(is_staff=True).join(TicketEvent).with_only_columns(*columns)
    query = query.where(Ticket.updated_at >= start, TicketEvent.kind.in_(MOVES), *where)
    return read(query.order_by(TicketEvent.ticket_id, TicketEvent.at, TicketEvent.id))


def changes(moves: Iterable[Any]) -> Iterable[Change]:
    """`moves` are sorted by ticket. What is open already isn't opened again, and what is settled isn't settled."""
    ticket, is_open = None, False
    for move in moves:
        if move.ticket_id != ticket:
            ticket, is_open = move.ticket_id, False
        opens = move.kind in ("received", "reopened") or (move.kind == "joined" and "since" in move.detail)
        if move.kind == "joined" and not opens:
            continue
        if opens != is_open:
            is_open = opens
            yield Change(move.at, 1 if opens else -1, move.kind == "received")


def steps(asked: Asked, moved: Sequence[Change], rest: int) -> list[Step]:
    """`moved` is sorted; `rest` were open all the time."""
    found, position, number = [], 0, rest
    for last in _ends(asked):
        until = datetime.combine(last + timedelta(days=1), time(), asked.zone)
        new, settled = 0, 0
        while position < len(moved) and moved[position].at < until:
            change = moved[position]
            if change.at >= asked.start:
                new, settled = new + change.is_new, settled + (change.by < 0)
            number, position = number + change.by, position + 1
        found.append(Step(last, new, settled, number))
    return found


def _ends(asked: Asked) -> list[date]:
    """The last days of the steps; those of weeks are counted from the end."""
    days = (asked.last - asked.first).days + 1
    step = 1 if days <= MOST_DAYS else 7
    return [asked.last - timedelta(days=back) for back in range(0, days, step)][::-1]
