"""Tickets of one problem: those of many customers under a parent, and one message to all of them."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.tickets import conversation, progress
from portal.tickets.ticket import OPEN_STATUSES, Message, Ticket

MOST = 200  # children of one ticket: a message to all is one transaction, 3 ms each


def children(ticket: Ticket) -> Sequence[Ticket]:
    """The tickets below it, those that are open first."""
    order = (Ticket.status.not_in(OPEN_STATUSES), Ticket.id)
    below = select(Ticket).where(Ticket.parent_id == ticket.id).options(joinedload(Ticket.requester))
    return db.session.scalars(below.order_by(*order)).all()


def put_below(ticket: Ticket, parent: Ticket | None, *, by: User, now: datetime) -> None:
    """Make it a part of `parent`'s problem, or of none. Two levels are all there are. Customers learn nothing of it."""
    if parent is not None:
        _refuse_strange(ticket, parent)
    before, ticket.parent_id = ticket.parent_id, parent.id if parent else None
    if before != ticket.parent_id:
        ticket.record("moved", by=by, at=now, below=parent.number if parent else None)
        db.session.flush()


def unite(ticket: Ticket, into: Ticket) -> None:
    """The ticket was merged into another one, which takes its place; there are still two levels."""
    if into.parent_id == ticket.id:
        into.parent_id = None
    own = select(Ticket.id).where(Ticket.parent_id == into.id, Ticket.id != ticket.id).limit(1)
    if into.parent_id is None and ticket.parent_id != into.id and db.session.scalar(own) is None:
        into.parent_id = ticket.parent_id
    ticket.parent_id = None
    db.session.flush()
    below = update(Ticket).where(Ticket.parent_id == ticket.id, Ticket.id != into.id)
    db.session.execute(below.values(parent_id=into.parent_id or into.id))


def tell_all(parent: Ticket, body: str, *, by: User, now: datetime, solved: bool = False) -> list[Message]:
    """Send one answer on every open ticket below it, each to its own customer; with `solved` it resolves them."""
    query = select(Ticket).where(Ticket.parent_id == parent.id, Ticket.status.in_(OPEN_STATUSES)).order_by(Ticket.id)
    open_ones = db.session.scalars(query.with_for_update(of=Ticket)).all()
    if not open_ones:
        raise Refused(_("None of its tickets is open."))
    verb = progress.resolve if solved else conversation.reply
    return [verb(ticket, body, by=by, now=now) for ticket in open_ones]


def _refuse_strange(ticket: Ticket, parent: Ticket) -> None:
    if parent.id == ticket.id:
        raise Refused(_("A ticket can't be a part of itself."))
    if parent.parent_id is not None:
        raise Refused(_("#%(number)s is a part of another ticket itself.", number=parent.number))
    below = children(parent)
    if children(ticket):
        raise Refused(_("This ticket has parts of its own."))
    if len(below) >= MOST and ticket not in below:
        raise Refused(_("A ticket has %(max)d parts at most.", max=MOST))
