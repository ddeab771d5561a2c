"""What is known is offered where a ticket is written; tickets about one incident are answered together."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.status import known
from portal.status.component import Component
from portal.status.incident import Incident, IncidentTicket
from portal.status.reporting import add_update, open_incident
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Message, Ticket
from tests.cast import World
from tests.desk.rows import file_one, the
from tests.status.rows import component
from tests.tickets import writing

As = Callable[[str], FlaskClient]


def incident(part: Component, title: str = "Alerts arrive late") -> Incident:
    given: dict[str, Any] = {"by": None, "now": utcnow(), "form_key": title, "notify": False}
    states = {part.id: "degraded_performance"}
    body = "Some alerts take minutes to arrive."
    return open_incident(title=title, impact="minor", status="identified", body=body, components=states, **given)


@pytest.fixture
def late(app: Flask, world: World) -> str:
    """Alerts of Beacon arrive late, as everybody sees."""
    with app.app_context():
        part = component()
        part.product = "beacon"
        made = incident(part)
        db.session.commit()
        return made.public_id


OFFERS = "/tickets/answers"


@pytest.mark.parametrize(
    ("subject", "product", "is_offered"),
    [
        ("My alerts are late", "beacon", True),
        ("alert arrives", "beacon", True),
        ("My alerts are late", "relay", False),  # another product
        ("The alerts come late, minutes too late", "", True),  # two words without a product
        ("Where is my invoice?", "beacon", False),
        ("Nothing works", "", False),
        ("", "beacon", False),
    ],
)
def test_what_is_known_is_offered(late: str, as_: As, subject: str, product: str, is_offered: bool) -> None:
    page = as_("customer").get(OFFERS, query_string={"subject": subject, "product": product}).text
    assert ("This is known" in page) is is_offered


def test_what_is_over_or_hidden_is_not_offered(app: Flask, late: str, as_: As) -> None:
    asked = {"subject": "Alerts are late and the vault is shut", "product": "beacon"}
    with app.app_context():
        hidden = component("vault", visibility="staff")
        incident(hidden, "The vault alerts are late")
        found = db.session.scalars(db.select(Incident).filter_by(public_id=late)).one()
        given: dict[str, Any] = {"by": None, "now": utcnow(), "form_key": "over", "notify": False}
        add_update(found, status="resolved", body="Well again.", components={}, **given)
        db.session.commit()
    assert "This is known" not in as_("customer").get(OFFERS, query_string=asked).text


def filed(client: FlaskClient, **form: str) -> Any:
    sent = writing.fields(subject="Alerts are late") | form
    return client.post("/tickets/new", data=sent, follow_redirects=True)


def test_a_ticket_joins_while_it_is_written(app: Flask, world: World, late: str, as_: As) -> None:
    writing.equip(app, world)
    customer = as_("customer")
    refused = filed(customer, incident=late, body="")
    assert refused.status_code == 422 and "checked" in refused.text.split(f'value="{late}"')[1][:20]
    page = filed(customer, incident=late).text
    assert "It belongs to a known incident:" in page and "Alerts arrive late" in page
    with app.app_context():
        assert len(db.session.scalars(db.select(IncidentTicket)).all()) == 1
    assert "It belongs to" not in filed(customer, incident="nothing-such").text


def test_all_are_answered_at_once(app: Flask, world: World, late: str, as_: As) -> None:
    with app.app_context():
        numbers = [file_one(world, subject=f"late {number}") for number in range(30)]
        the(numbers[0]).status = "closed"
        db.session.commit()
    desk, base = as_("agent"), f"/desk/status/incidents/{late}/tickets"
    assert desk.post(base, data={"numbers": "999999999"}).status_code == 422
    assert desk.post(base, data={"numbers": ""}).status_code == 422
    assert desk.post(base, data={"numbers": " ".join(f"#{number}" for number in numbers)}).status_code == 302
    assert f"#{numbers[5]}" in desk.get(f"/desk/status/incidents/{late}").text
    assert desk.post(f"{base}/{numbers[5]}/out").status_code == 302
    assert desk.post(f"{base}/answer", data={"body": " "}).status_code == 422
    key = new_key()
    for _ in range(2):  # pressed twice
        answer = desk.post(f"{base}/answer", data={"body": "It is mended.", "form_key": key}, follow_redirects=True)
        assert "28 tickets are being answered." in answer.text
    with app.app_context():
        for _ in range(3):
            run_due()
        said = db.session.scalars(db.select(Message).where(Message.body == "It is mended.")).all()
        assert len(said) == 28 and all(message.kind == "agent" for message in said)
        done = db.session.scalars(db.select(IncidentTicket).where(IncidentTicket.answered_at.is_not(None))).all()
        assert len(done) == 28
    again = {"body": "Done.", "resolve": "y", "form_key": new_key()}
    desk.post(f"{base}/answer", data=again)
    with app.app_context():
        for _ in range(3):
            run_due()
        states = [ticket.status for ticket in db.session.scalars(db.select(Ticket))]
        assert sorted(states) == ["closed", "open", *["resolved"] * 28]


def test_a_worker_that_died_answers_nobody_twice(app: Flask, world: World, late: str) -> None:
    with app.app_context():
        found = db.session.scalars(db.select(Incident).filter_by(public_id=late)).one()
        tickets = [the(file_one(world, subject=f"late {number}")) for number in range(4)]
        agent = db.session.get_one(User, world.ids["agent"])
        for ticket in tickets:
            known.attach(ticket, late, by=agent, now=utcnow())
        db.session.commit()
        given: dict[str, Any] = {"body": "Mended.", "resolve": False, "by_id": agent.id, "form_key": "k"}
        known._answer(found.id, tickets[0].id, "Mended.", False, agent.id, "k")
        db.session.commit()  # and dead
        for _ in range(2):
            known.answer_attached(found.id, **given)
            db.session.commit()
        assert len(db.session.scalars(db.select(Message).where(Message.body == "Mended.")).all()) == 4


def test_the_desk_names_the_incident_of_a_ticket(app: Flask, world: World, late: str, as_: As) -> None:
    with app.app_context():
        number = file_one(world)
        agent = db.session.get_one(User, world.ids["agent"])
        known.attach(the(number), late, by=agent, now=utcnow())
        db.session.commit()
    page = as_("agent").get(f"/desk/{number}").text
    assert f"/desk/status/incidents/{late}" in page and "It belongs to a known incident" in page
