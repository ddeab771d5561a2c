"""Rounds over the tickets that are due: each in a transaction of its own, and one that fails is in no other's way."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db, writing
from portal.tickets.ticket import Ticket

log = logging.getLogger(__name__)

AT_ONCE = 500  # tickets in one round; the next round goes on
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=1)


class Setback(Model):
    """A ticket that a round could not go on with: how often, and when it tries again."""

    __tablename__ = "setback"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[str] = mapped_column(String(10), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    again_at: Mapped[datetime]


def go_round(
    name: str, due: Any, act: Callable[[Ticket], Any], *, now: datetime, where: tuple[ColumnElement[bool], ...] = ()
) -> int:
    """Act on every ticket whose column `due` has come, looked at again when it is held; returns for how many `act`
    answered yes.

    What fails is logged, and tried again after a wait that doubles each time, so that tickets that fail for good don't
    fill the rounds.
    """
    is_due = (due <= now, *where)
    mine = (Setback.ticket_id == Ticket.id) & (Setback.round == name)
    query = select(Ticket.id, Setback.failures).outerjoin(Setback, mine)
    is_turn = or_(Setback.again_at.is_(None), Setback.again_at <= now)
    found = db.session.execute(query.where(*is_due, is_turn).order_by(due, Ticket.id).limit(AT_ONCE)).all()
    count = 0
    for ticket_id, failures in found:
        try:
            with writing():
                held = select(Ticket).where(Ticket.id == ticket_id, *is_due).with_for_update(of=Ticket)
                ticket = db.session.scalar(held.execution_options(populate_existing=True))
                count += bool(ticket and act(ticket))
                if failures:
                    db.session.execute(delete(Setback).where(Setback.ticket_id == ticket_id, Setback.round == name))
                db.session.commit()
        except Exception as error:
            extra = {"ticket": ticket_id, "round": name}
            log.error("a ticket that is due could not be gone on with", extra=extra, exc_info=error)
            _put_off(ticket_id, name, now=now)
    return count


def _put_off(ticket_id: int, name: str, *, now: datetime) -> None:
    with writing():
        if db.session.get(Ticket, ticket_id, with_for_update={"of": Ticket}):
            setback = db.session.get(Setback, (ticket_id, name)) or Setback(ticket_id=ticket_id, round=name, failures=0)
            setback.again_at = now + min(FIRST_WAIT * 2 ** min(setback.failures, 10), LONGEST_WAIT)
            setback.failures += 1
            db.session.add(setback)
        db.session.commit()


def failing(*, now: datetime) -> int:
    """How many tickets a round can't go on with. What it tried again since, or what is no longer due, is over."""
    waiting = Setback.again_at > now - FIRST_WAIT
    return db.session.scalar(select(db.func.count(Setback.ticket_id.distinct())).where(waiting)) or 0
