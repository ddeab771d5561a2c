"""Tickets for the desk's tests: as rows, which is all that the queue depends on, or filed as customers do."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.policies import the_policy
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Message, Ticket, TicketEvent
from tests import cast
from tests.cast import World

NOW = datetime.now(UTC).replace(microsecond=0)
NOTE = "NOTE-canary-for-staff-eyes"


def make_ticket(world: World, subject: str = "The relay drops out", *, who: str = "customer", **fields: Any) -> Ticket:
    """An open ticket of that member of the cast, an hour old, with its first message. Does not commit."""
    policy = the_policy()
    ticket = Ticket(
        form_key=secrets.token_hex(8),
        subject=subject,
        language="en",
        requester_id=world.ids[who],
        organisation_id=world.heron,
        product_id=world.products["relay"],
        plan="free",
        tier="standard",
        queue="general",
        rank=5,
        policy_id=policy.id,
        policy_version=policy.version,
        promise={},
        promise_zone="Europe/Berlin",
        created_at=NOW - timedelta(hours=1),
    )
    for name, value in fields.items():
        setattr(ticket, name, value)
    ticket.first_response_due_at = ticket.first_response_due_at or ticket.next_due_at
    db.session.add(ticket)
    db.session.flush()
    message = Message(kind="customer", body="It drops out.", author_id=world.ids[who], created_at=ticket.created_at)
    ticket.messages.append(message)
    db.session.flush()
    ticket.events.append(
        TicketEvent(kind="received", at=ticket.created_at, by_id=world.ids[who], detail={"message": message.id})
    )
    return ticket


def hence(**span: float) -> datetime:
    return NOW + timedelta(**span)


def file_one(world: World, *, who: str = "customer", **fields: Any) -> int:
    """A ticket as the form files it, on a plan with severities, with promise, log and mail: its number. Commits."""
    person = db.session.get_one(User, world.ids[who])
    organisation = db.session.get_one(Organisation, world.heron)
    cast.subscribe(world.heron, "enterprise", "sla-24x7")
    asked = {
        "form_key": secrets.token_hex(8),
        "subject": "The relay drops out",
        "body": "It drops out every night.",
        "language": "en",
        "zone": "Europe/Berlin",
        "organisation": organisation,
        "product": db.session.get_one(Product, world.products["relay"]),
        "version": "4.2.0.0",
        **fields,
    }
    ticket = file_ticket(Request(**asked), by=person, now=datetime.now(UTC))
    db.session.commit()
    return ticket.number


def the(number: int) -> Ticket:
    """The ticket as it stands in the database now."""
    return db.session.execute(db.select(Ticket).filter_by(number=number)).scalar_one()


def seen_on(page: str) -> str:
    """The last message the page showed, as its forms carry it along."""
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


def keys_on(page: str) -> list[str]:
    """The keys of the page's forms, in their order: reply, note, resolve."""
    return re.findall(r'name="form_key" value="(\w+)"', page)
