"""Mails as tests write them."""

from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

from flask import Flask

from portal.db import db, utcnow
from portal.mailroom.received import Outcome
from portal.mailroom.receiving import receive
from portal.tickets.ticket import Message, Ticket
from portal.web import settings
from tests import cast

CUSTOMER = cast.ADDRESSES["customer"]
PASSED = "mx.vendor.example; dmarc=pass header.from={domain}"


def mail(sender: str = CUSTOMER, subject: str = "It beeps", body: str = "It beeps all day.", **headers: str) -> bytes:
    """A mail as a person's program sends it. Headers by name, `_` for `-`; `from_` replaces the From line."""
    message = EmailMessage()
    message["From"] = f"Somebody <{sender}>"
    message["To"] = "help@vendor.example"
    message["Subject"] = subject
    message["Message-ID"] = headers.pop("message_id", make_msgid(domain="mail.example"))
    for name, value in headers.items():
        message[name.strip("_").replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def receive_in(app: Flask, raw: bytes, **changed: Any) -> Outcome:
    """Take it in, with settings changed for this one mail."""
    with app.app_context():
        before = {name: settings()[name] for name in changed}
        settings().update(changed)
        try:
            return receive(raw, now=utcnow())
        finally:
            settings().update(before)


def bodies(app: Flask, number: int | None) -> list[tuple[str, str]]:
    """(kind, text) of every message of a ticket."""
    with app.app_context():
        query = db.select(Message.kind, Message.body).join(Ticket).where(Ticket.number == number).order_by(Message.id)
        return [(row.kind, row.body) for row in db.session.execute(query)]
