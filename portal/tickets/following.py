"""Open tickets follow what their customer holds: an upgrade counts at once (R7), and takes nothing back."""

from datetime import datetime

from sqlalchemy import or_, select

from portal.db import db, utcnow, writing
from portal.jobs import job
from portal.tickets import progress, quoting
from portal.tickets.ticket import OPEN_STATUSES, Ticket


def follow(ticket: Ticket, *, now: datetime, reason: str = "") -> None:
    """Give an open ticket the plan and tier that its requester (or a reseller's customer) holds now."""
    asked = quoting.Fields(topic=ticket.topic, product=ticket.product)
    held = quoting.held_of(ticket, asked, now=now)
    progress.upgrade(ticket, held.plan, held.tier, by=None, now=now, reason=reason)


@job("follow_entitlement")
def follow_entitlement(organisation_id: int | None = None, person_id: int | None = None, reason: str = "") -> None:
    """For whoever changes what an organisation or a person holds: their open tickets follow, in one job."""
    theirs = or_(Ticket.organisation_id == (organisation_id or -1), Ticket.requester_id == (person_id or -1))
    open_ones = select(Ticket).where(theirs, Ticket.status.in_(OPEN_STATUSES)).order_by(Ticket.id).with_for_update()
    with writing():  # a reply that comes in between would be timed as if it had not
        for ticket in db.session.scalars(open_ones):
            follow(ticket, now=utcnow(), reason=reason)
