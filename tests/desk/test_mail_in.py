"""Mail that was kept out: looked at without harm, put on a ticket or put away, by staff alone."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.mailroom.received import ReceivedMail
from portal.tickets.ticket import Message, Ticket
from tests import cast
from tests.mailroom.writing import mail, receive_in

FORGED = {"Authentication_Results": "x; dmarc=fail"}


@pytest.fixture
def kept_out(app: Flask, world: cast.World) -> int:
    """A mail of the customer's that her domain's check failed for."""
    body = "<script>alert(1)</script> It beeps."
    assert receive_in(app, mail(subject="<b>Beep</b>", body=body, **FORGED)).reason == "forged"
    with app.app_context():
        return db.session.scalars(db.select(ReceivedMail.id)).one()


def the_mail() -> ReceivedMail:
    return db.session.scalars(db.select(ReceivedMail)).one()


def test_it_is_listed_and_shown_as_text(kept_out: int, as_: Callable[[str], FlaskClient]) -> None:
    agent = as_("agent")
    assert "&lt;b&gt;Beep&lt;/b&gt;" in agent.get("/desk/mail/").text
    page = agent.get(f"/desk/mail/{kept_out}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
    assert "domain says that it did not send it." in page


def test_what_was_taken_in_is_under_all(app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]) -> None:
    receive_in(app, mail("eve@nowhere.example", "Hello there"))
    agent = as_("agent")
    assert "Hello there" not in agent.get("/desk/mail/").text
    assert "Hello there" in agent.get("/desk/mail/?show=all").text


def test_it_becomes_a_ticket_of_its_sender(
    app: Flask, world: cast.World, kept_out: int, as_: Callable[[str], FlaskClient]
) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "business", "sla-24x5")
        db.session.commit()
    answer = as_("agent").post(f"/desk/mail/{kept_out}/release", data={"address": "Carla@heron.example"})
    with app.app_context():
        ticket = db.session.scalars(db.select(Ticket)).one()
        assert answer.location.endswith(f"/desk/{ticket.number}")
        assert (ticket.channel, ticket.requester.email) == ("email", "carla@heron.example")
        row = the_mail()
        assert (row.settled, row.ticket_id, row.settled_by and row.settled_by.email) == (
            *("released", ticket.id),
            cast.ADDRESSES["agent"],
        )


def test_it_goes_on_a_ticket_of_its_sender(
    app: Flask, number: int, kept_out: int, as_: Callable[[str], FlaskClient]
) -> None:
    assert as_("agent").post(f"/desk/mail/{kept_out}/release", data={"number": f"#{number}"}).status_code == 302
    with app.app_context():
        last = db.session.scalars(db.select(Message).order_by(Message.id.desc())).first()
        assert last and last.kind == "customer" and last.author and last.author.email == "carla@heron.example"


def test_on_a_ticket_of_others_it_is_a_note(app: Flask, number: int, as_: Callable[[str], FlaskClient]) -> None:
    receive_in(app, mail("eve@nowhere.example", "Psst", "I am a stranger."))
    with app.app_context():
        key = the_mail().id
    assert as_("agent").post(f"/desk/mail/{key}/release", data={"number": str(number)}).status_code == 302
    with app.app_context():
        last = db.session.scalars(db.select(Message).order_by(Message.id.desc())).first()
        assert last and last.kind == "note" and "eve@nowhere.example: Psst" in last.body


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"address": "nobody@nowhere.example"}, 422, "There is no account with that address."),
        ({"address": "carla@heron.example"}, 422, "Their plan has no tickets by e-mail."),
        ({"number": "12"}, 422, "A ticket number has eight digits."),
        ({"number": "12345678"}, 404, ""),
    ],
)
def test_what_cannot_be_is_refused(
    app: Flask, kept_out: int, as_: Callable[[str], FlaskClient], sent: dict[str, str], status: int, said: str
) -> None:
    answer = as_("agent").post(f"/desk/mail/{kept_out}/release", data=sent)
    assert answer.status_code == status and said in answer.text
    with app.app_context():
        assert the_mail().settled == ""


def test_it_is_put_away_once(app: Flask, kept_out: int, as_: Callable[[str], FlaskClient]) -> None:
    agent = as_("agent")
    assert agent.post(f"/desk/mail/{kept_out}/discard").status_code == 302
    assert agent.post(f"/desk/mail/{kept_out}/discard").status_code == 422
    with app.app_context():
        assert the_mail().settled == "discarded"


@pytest.mark.parametrize("name", ["customer", "owner", "editor"])
def test_nobody_else_finds_it(kept_out: int, as_: Callable[[str], FlaskClient], name: str) -> None:
    browser = as_(name)
    for address in ("/desk/mail/", f"/desk/mail/{kept_out}"):
        assert browser.get(address).status_code == 404
    assert browser.post(f"/desk/mail/{kept_out}/discard").status_code == 404
