"""A customer whose tier has e-mail, and a ticket of hers to answer."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from portal.tickets.filing import Request, file_ticket
from portal.tickets.ticket import Ticket
from tests import cast


@pytest.fixture
def entitled(app: Flask, world: cast.World) -> cast.World:
    """The cast, with SLA 24x5 for the customer's organisation: that tier has e-mail."""
    with app.app_context():
        cast.subscribe(world.heron, "business", "sla-24x5")
        db.session.commit()
    return world


@pytest.fixture
def number(app: Flask, entitled: cast.World, person: Callable[[str], User]) -> int:
    """A ticket of the customer's."""
    with app.app_context():
        asked = Request(
            form_key="f" * 32,
            subject="The beacon beeps",
            body="All day.",
            language="en",
            zone="Europe/Berlin",
            organisation=db.session.get(Organisation, entitled.heron),
        )
        ticket: Ticket = file_ticket(asked, by=person("customer"), now=utcnow())
        db.session.commit()
        return ticket.number


@pytest.fixture(autouse=True)
def no_mail_of_others(instance: Path) -> Iterator[None]:
    """The bytes of each test's mail go with it."""
    yield
    shutil.rmtree(instance / "mail-in", ignore_errors=True)
