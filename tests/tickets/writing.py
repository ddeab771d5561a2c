"""What the ticket tests write: forms as a browser sends them, and policies asked instead of repeated."""

import io
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.db import db
from portal.mail import Mail
from portal.sla import Policy, load_policy
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Draft, Ticket
from tests import cast

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a494441"
    "54789c6360000000020001e221bc330000000049454e44ae426082"
)


def policy() -> Policy:
    return load_policy("demo")


def plan_with_tickets(*, severities: bool = True) -> tuple[str, str | None]:
    """(plan, tier) that may file tickets, with severities to choose or without, by asking the policy."""
    for plan in policy().plans.values():
        for tier in (plan.tiers[0], *plan.tiers):
            may_file = any(channel.id == "ticket" for channel in policy().channels_of(plan.id, tier))
            if may_file and bool(policy().severities_of(tier)) == severities:
                return plan.id, tier
    raise LookupError


def equip(app: Flask, world: cast.World, *, severities: bool = True) -> tuple[str, str | None]:
    """Give the customer's organisation such a plan."""
    plan, tier = plan_with_tickets(severities=severities)
    with app.app_context():
        cast.subscribe(world.heron, plan, tier)
        cast.subscribe(world.elsewhere, plan, tier)
        db.session.commit()
    return plan, tier


def fields(**overrides: Any) -> dict[str, Any]:
    """A good form, as sent."""
    return {
        "form_key": new_key(),
        "topic": "product",
        "product": "beacon",
        "version": "4.2.0.0",
        "subject": "Beacon stops at night",
        "body": "It stopped at two in the morning.\nSee the log.",
    } | overrides


def send(browser: FlaskClient, **overrides: Any) -> TestResponse:
    return browser.post("/tickets/new", data=fields(**overrides), content_type="multipart/form-data")


def filed(browser: FlaskClient, **overrides: Any) -> int:
    """File a ticket; its number."""
    answer = send(browser, **overrides)
    assert answer.status_code == 302, answer.text
    return int(answer.location.partition("?")[0].rpartition("/")[2])


def file(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def ticket(number: int) -> Ticket:
    """That ticket's row; call it inside an app context."""
    return db.session.execute(db.select(Ticket).filter_by(number=number)).scalar_one()


def tickets_count() -> int:
    return db.session.scalar(db.select(db.func.count(Ticket.id))) or 0


def drafts() -> list[Draft]:
    return list(db.session.scalars(db.select(Draft).order_by(Draft.id)))


def mails() -> list[Mail]:
    return list(db.session.scalars(db.select(Mail).order_by(Mail.id)))
