"""A new ticket that goes on from a closed one: what both have in common, and the link between them."""

from typing import Any

from portal.accounts.people import User
from portal.db import db
from portal.tickets.ticket import Ticket


def followed(number: str, person: User) -> Ticket | None:
    """The closed ticket that the form names, if the person sees it."""
    if not (number.isascii() and number.isdecimal() and len(number) < 12):
        return None
    return db.session.scalar(Ticket.numbered(int(number), person).where(Ticket.status == "closed"))


def prefilled(ticket: Ticket) -> dict[str, str]:
    """The fields of the form that go on as they were."""
    product = ticket.product.slug if ticket.product else ""
    return {"follows": str(ticket.number), "topic": ticket.topic, "product": product, "subject": ticket.subject}


def related(ticket_id: int, follows_id: int | None, person: User) -> list[Any]:
    """The ticket that this one goes on from, and those that go on from it, as far as the person sees them."""
    linked = (Ticket.id == follows_id) | (Ticket.follows_id == ticket_id)
    shown = (Ticket.id, Ticket.number, Ticket.subject)
    found = Ticket.visible_to(person).with_only_columns(*shown).where(linked)
    return list(db.session.execute(found.order_by(Ticket.id).limit(20)))
