"""What reports count, for tickets that are older than the columns: written after an upgrade, some at a time."""

from sqlalchemy import select

from portal.db import db, utcnow
from portal.jobs import enqueue, job
from portal.tickets import clocks
from portal.tickets.ticket import Ticket

AT_ONCE = 200  # tickets in one transaction: others wait for it


@job("measure_tickets")
def measure(after: int = 0) -> None:
    """Compute the caches of the next tickets anew, and leave those behind them to the next job."""
    held = select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(AT_ONCE).with_for_update(of=Ticket)
    found = db.session.scalars(held).all()
    for ticket in found:
        clocks.refresh(ticket, now=utcnow())
    if len(found) == AT_ONCE:
        enqueue("measure_tickets", after=found[-1].id)
