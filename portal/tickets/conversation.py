"""What is said on a ticket."""

import re
from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.tickets import clocks, letters, news
from portal.tickets.ticket import Attachment, Message, Ticket

LONGEST_BODY = 50_000
LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")


def reply(
    ticket: Ticket,
    body: str,
    *,
    by: User,
    now: datetime,
    attachments: Iterable[Attachment] = (),
    wait: bool = False,
    form_key: str | None = None,
) -> Message:
    """Add a public message. An agent's goes to the customer by mail; with `wait` the ticket waits for the customer.

    Both reopen what was resolved, and a customer's ends the waiting. A closed ticket is refused: reopen it first.
    """
    if ticket.status == "closed":
        raise Refused(_("This ticket is closed. Reopen it to go on."))
    if answers_for_vendor(by, ticket):
        message = add(ticket, "agent", body, by=by, now=now, attachments=attachments, form_key=form_key)
        if ticket.status == "resolved":
            ticket.record("reopened", by=by, at=now, by_customer=False)
        take_charge(ticket, by=by, now=now)
        ticket.record("agent_replied", by=by, at=now, message=message.id, wait=wait)
        ticket.status, ticket.resolved_at = "waiting" if wait else "open", None
        letters.send_reply(ticket, message)
        news.tell(ticket, "replied", by=by, now=now)
        news.tell_customers(ticket, "replied", by=by, now=now)
    else:
        message = add(ticket, "customer", body, by=by, now=now, attachments=attachments, form_key=form_key)
        kind = "reopened" if ticket.status == "resolved" else "customer_replied"
        ticket.record(kind, by=by, at=now, message=message.id)
        ticket.status, ticket.resolved_at = "open", None
        news.tell(ticket, "wrote", by=by, now=now)
    clocks.refresh(ticket, now=now)
    return message


def note(ticket: Ticket, body: str, *, by: User, now: datetime) -> Message:
    """Add an internal note: for staff alone, in no mail, no search, no page of a customer. No clock hears of it.

    Staff whom it names with '@' are told, and follow the ticket from then on.
    """
    assert by.is_staff, "notes are written by those who answer"
    message = add(ticket, "note", body, by=by, now=now)
    ticket.record("noted", by=by, at=now, message=message.id)
    news.tell(ticket, "noted", by=by, now=now, beside=news.mention(ticket, message, by=by, now=now))
    return message


def note_of_machine(ticket: Ticket, body: str, *, now: datetime) -> Message:
    """Add what a program wrote (an absence, mail that did not arrive): no clock hears of it, and nobody is told."""
    message = add(ticket, "note", body, by=None, now=now)
    ticket.record("noted", by=None, at=now, message=message.id, automatic=True)
    return message


def take_charge(ticket: Ticket, *, by: User, now: datetime) -> None:
    """Who replies to a ticket that nobody has is in charge of it. One that somebody has stays theirs."""
    if ticket.assignee_id is None:
        ticket.assignee_id = by.id
        ticket.record("assigned", by=by, at=now, to=by.id)


def answers_for_vendor(person: User, ticket: Ticket) -> bool:
    """Staff speak for the vendor, except on tickets they filed themselves."""
    return person.is_staff and person.id != ticket.requester_id


def add(
    ticket: Ticket,
    kind: str,
    body: str,
    *,
    by: User | None,
    now: datetime,
    attachments: Iterable[Attachment] = (),
    form_key: str | None = None,
) -> Message:
    """Write one message (customer, agent, note) and bind its files. The log and the clocks are the caller's.

    A note without an author is of a machine, such as the report that a mail did not arrive.
    """
    text = clean(body)
    if not text:
        raise Refused(_("Please write something first."))
    if len(text) > LONGEST_BODY:
        raise Refused(_("That is too long for one message. Attach it as a file instead."))
    message = Message(kind=kind, body=text, author_id=by.id if by else None, created_at=now, form_key=form_key)
    ticket.messages.append(message)
    for attachment in attachments:
        attachment.draft_id = None
        message.attachments.append(attachment)
    db.session.flush()
    return message


def clean(text: str) -> str:
    """Text as it is kept: lines end with \\n, control characters that no database or mail takes are gone."""
    lines = LINE_END.sub("\n", text)
    return "".join(
        c for c in lines if c in "\n\t" or (c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff")
    ).strip()


def one_line(text: str) -> str:
    """A title as it is kept: whatever ends a line anywhere (mail, calendars, feeds) is a space."""
    return " ".join(clean(text).split())
