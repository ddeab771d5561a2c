"""A new ticket that goes on from a closed one: what both have in common, and the link between them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from portal.accounts.people import User
from portal.db import db
from portal.tickets.drafts import replies_to
from portal.tickets.ticket import Draft, Ticket


def is_over(ticket: Ticket | Row[Any], *, now: datetime) -> bool:
    """Whether a closed ticket has had the policy's days: what its customer has to say then is a new ticket."""
    return ticket.status == "closed" and ticket.closes_at is not None and ticket.closes_at <= now


def followed(number: str, person: User) -> Ticket | None:
    """The closed ticket that the form names, if the person sees it."""
    if not (number.isascii() and number.isdecimal() and len(number) < 12):
        return None
    return db.session.scalar(Ticket.numbered(int(number), person).where(Ticket.status == "closed"))


def prefilled(ticket: Ticket, person: User) -> dict[str, str]:
    """The fields of the form that go on as they were, and the reply that the person had begun."""
    product = ticket.product.slug if ticket.product else ""
    begun = select(Draft).where(Draft.owner_id == person.id, *replies_to(ticket.id)).order_by(Draft.updated_at.desc())
    draft = db.session.scalar(begun.limit(1))
    same = {"follows": str(ticket.number), "topic": ticket.topic, "product": product, "subject": ticket.subject}
    return same | {"body": str(draft.fields.get("body", "")) if draft else ""}


def related(ticket_id: int, follows_id: int | None, person: User) -> list[Any]:
    """The ticket that this one goes on from, and those that go on from it, as far as the person sees them."""
    linked = Ticket.follows_id == ticket_id
    if follows_id is not None:
        linked = linked | (Ticket.id == follows_id)
    shown = (Ticket.id, Ticket.number, Ticket.subject)
    found = Ticket.visible_to(person).with_only_columns(*shown).where(linked)
    # Sorted here: to give them in order, SQLite would rather walk through all tickets.
    return sorted(db.session.execute(found), key=lambda row: row.id)[:20]
