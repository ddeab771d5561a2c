"""Tickets that were filed, answered and resolved."""

import secrets
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.tickets import conversation, progress
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Ticket
from tests import cast


def file(app: Flask, who: str, subject: str, body: str) -> int:
    """File a ticket for the person's organisation, which holds what it takes; returns its number."""
    with app.test_request_context():
        organisation = db.session.scalars(_person(who).organisations()).one()
        cast.subscribe(organisation.id, "enterprise", "sla-24x7")
        form: dict[str, Any] = {"form_key": secrets.token_hex(16), "language": "en", "zone": "UTC", "topic": "product"}
        form["organisation"] = organisation
        ticket = file_ticket(Request(subject=subject, body=body, **form), by=_person(who), now=utcnow())
        db.session.commit()
        return ticket.number


def answer(app: Flask, number: int, text: str, note: str = "") -> None:
    """An agent replies, and notes something for colleagues."""
    with app.test_request_context():
        ticket, agent = _ticket(number), _person("agent")
        conversation.reply(ticket, text, by=agent, now=utcnow())
        if note:
            conversation.note(ticket, note, by=agent, now=utcnow())
        db.session.commit()


def resolve(app: Flask, number: int, text: str) -> None:
    with app.test_request_context():
        progress.resolve(_ticket(number), text, by=_person("agent"), now=utcnow())
        db.session.commit()


def _person(who: str) -> User:
    return db.session.scalars(select(User).where(User.email == cast.ADDRESSES[who])).one()


def _ticket(number: int) -> Ticket:
    return db.session.scalars(select(Ticket).where(Ticket.number == number)).one()
