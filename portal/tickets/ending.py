"""After the resolution: the customer is asked how it went, and after the policy's days the ticket is closed."""

from datetime import datetime

from flask import Flask
from huey import crontab

from portal.db import utcnow
from portal.tickets import progress
from portal.tickets.rounds import go_round
from portal.tickets.satisfaction import ask
from portal.tickets.ticket import Ticket

RESOLVED = (Ticket.status == "resolved",)


def ask_due(*, now: datetime) -> int:
    """Ask where the hours since the resolution are over; returns how many were asked. Each is asked once."""
    return go_round("ask", Ticket.ask_at, lambda ticket: ask(ticket, now=now), now=now, where=RESOLVED)


def close_due(*, now: datetime) -> int:
    """Close what was resolved and has had its days; returns how many. What was reopened meanwhile stays open."""

    def end(ticket: Ticket) -> bool:
        progress.close(ticket, by=None, now=now)
        return True

    return go_round("close", Ticket.closes_at, end, now=now, where=RESOLVED)


def init_ending(app: Flask) -> None:
    """Put both into the queue, once a minute."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="end")
    def end_each_minute() -> None:
        with app.app_context():
            ask_due(now=utcnow())
            close_due(now=utcnow())
