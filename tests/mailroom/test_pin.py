"""A PIN in a mail says who wrote it, and is never shown again."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.accounts.pins import renew_pin
from portal.db import db, utcnow
from portal.mail import Mail
from portal.mailroom.received import ReceivedMail
from portal.tickets.ticket import Ticket
from tests import cast
from tests.mailroom.writing import CUSTOMER, bodies, mail, receive_in

ELSEWHERE = "carla.at.home@elsewhere.example"
TRUSTED = {"mail_trusted_hosts": ("mx.vendor.example",)}


@pytest.fixture
def pin(app: Flask, entitled: cast.World, person: Callable[[str], User]) -> str:
    with app.app_context():
        made = renew_pin(person("customer"), now=utcnow())
        db.session.commit()
        return made


@pytest.mark.parametrize("said", ["PIN {}", "My pin: {}", "PIN={}", "Pinkode {}", "ПИН-код: {}", "PIN-Code: {}"])
def test_a_pin_makes_a_ticket_of_its_owner_whatever_the_address(app: Flask, pin: str, said: str) -> None:
    outcome = receive_in(app, mail(ELSEWHERE, body=f"It beeps.\n{said.format(pin)}\n"))
    assert outcome.result == "ticket"
    [(who, text)] = bodies(app, outcome.ticket_number)
    assert who == "customer"
    assert "•••" in text
    with app.app_context():
        assert db.session.scalars(db.select(Mail.recipient)).all()[-1] == CUSTOMER  # the receipt goes to the account
        ticket = db.session.scalars(db.select(Ticket)).one()
        assert (ticket.requester.email, ticket.channel, ticket.tier) == (CUSTOMER, "email", "sla-24x5")


def test_a_pin_without_blanks_in_the_subject(app: Flask, pin: str) -> None:
    outcome = receive_in(app, mail(ELSEWHERE, subject=f"Beeps, PIN {pin.replace(' ', '')}"))
    assert outcome.result == "ticket"
    with app.app_context():
        assert db.session.scalars(db.select(Ticket.subject)).one() == "Beeps, PIN •••"
        assert db.session.scalars(db.select(ReceivedMail.subject)).one() == "Beeps, PIN •••"


def test_a_wrong_pin_is_a_strangers(app: Flask, pin: str) -> None:
    outcome = receive_in(app, mail(ELSEWHERE, body="PIN 987654321"))
    assert (outcome.result, outcome.reason) == ("directions", "pin")


def test_wrong_pins_are_counted(app: Flask, pin: str) -> None:
    for wrong in (987654321, 987654322):
        receive_in(app, mail(f"guess{wrong}@elsewhere.example", body=f"PIN {wrong}"), limit_pin="2 per hour")
    outcome = receive_in(app, mail(ELSEWHERE, body=f"PIN {pin}"), limit_pin="2 per hour")
    assert (outcome.result, outcome.reason) == ("directions", "pin")


def test_a_pin_proves_what_no_host_did(app: Flask, pin: str) -> None:
    assert receive_in(app, mail(body="It beeps."), **TRUSTED).reason == "unproven"
    assert receive_in(app, mail(body="It beeps. PIN 987654321"), **TRUSTED).reason == "pin"
    assert receive_in(app, mail(body=f"It beeps. PIN {pin}"), **TRUSTED).result == "ticket"


def test_a_pin_is_no_way_around_a_domain_that_says_no_or_for_staff(
    app: Flask, pin: str, person: Callable[[str], User]
) -> None:
    failed = {"Authentication-Results": "mx.vendor.example; dmarc=fail"}
    assert receive_in(app, mail(ELSEWHERE, body=f"PIN {pin}", **failed)).reason == "forged"
    with app.app_context():
        agent = person("agent").email
    assert receive_in(app, mail(agent, body=f"PIN {pin}")).reason == "staff"


def test_a_pin_ends_with_what_it_came_with(app: Flask, pin: str, entitled: cast.World) -> None:
    with app.app_context():
        cast.subscribe(entitled.heron, "free", None)
        db.session.execute(db.text("DELETE FROM subscription WHERE tier = 'sla-24x5'"))
        db.session.commit()
    assert receive_in(app, mail(ELSEWHERE, body=f"PIN {pin}")).reason == "pin"


def test_the_desk_does_not_see_it(app: Flask, pin: str, as_: Callable[[str], FlaskClient]) -> None:
    receive_in(app, mail(body=f"It beeps. PIN {pin}"), **TRUSTED)  # proven by the PIN
    receive_in(app, mail(body="It beeps. PIN 987654321"), **TRUSTED)
    receive_in(app, mail("x@y@z", body=f"It beeps. PIN {pin}"))
    with app.app_context():
        kept = db.session.scalars(db.select(ReceivedMail.id).where(ReceivedMail.result == "quarantine")).all()
    assert kept
    for mail_id in kept:
        page = as_("agent").get(f"/desk/mail/{mail_id}").text
        assert "•••" in page
        assert "987654321" not in page
        assert pin not in page
