"""After the resolution: the customer is asked how it went, and after the policy's days the ticket is closed."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask
from huey import crontab
from sqlalchemy import select

from portal.db import db, utcnow, writing
from portal.tickets import progress
from portal.tickets.satisfaction import ask
from portal.tickets.ticket import Ticket

log = logging.getLogger(__name__)

AT_ONCE = 500  # tickets in one round; the next round goes on


def ask_due(*, now: datetime) -> int:
    """Ask where the hours since the resolution are over; returns how many were asked. Each is asked once."""
    return _each(Ticket.ask_at, lambda ticket: ask(ticket, now=now), now=now)


def close_due(*, now: datetime) -> int:
    """Close what was resolved and has had its days; returns how many. What was reopened meanwhile stays open."""

    def end(ticket: Ticket) -> bool:
        progress.close(ticket, by=None, now=now)
        return True

    return _each(Ticket.closes_at, end, now=now)


def _each(due: Any, act: Callable[[Ticket], bool], *, now: datetime) -> int:
    """Act on every resolved ticket that is due, each in a transaction of its own, looked at again when it is held.

    One that fails is logged and tried again in the next round, and keeps no other waiting.
    """
    is_due = (Ticket.status == "resolved", due <= now)
    ids = db.session.scalars(select(Ticket.id).where(*is_due).order_by(due).limit(AT_ONCE)).all()
    count = 0
    for ticket_id in ids:
        try:
            with writing():
                held = select(Ticket).where(Ticket.id == ticket_id, *is_due).with_for_update(of=Ticket)
                ticket = db.session.scalar(held.execution_options(populate_existing=True))
                count += bool(ticket and act(ticket))
                db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("a resolved ticket could not be gone on with", extra={"ticket": ticket_id}, exc_info=error)
    return count


def init_ending(app: Flask) -> None:
    """Put both into the queue, once a minute."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="end")
    def end_each_minute() -> None:
        with app.app_context():
            ask_due(now=utcnow())
            close_due(now=utcnow())
