"""A message about something else gets a ticket of its own, with its words, its files and a promise."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.licences import Subscription
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.mail import Mail
from portal.tickets import clocks
from portal.tickets.ticket import Attachment, Message, Ticket
from tests.cast import World
from tests.desk.rows import the
from tests.mailroom.writing import bodies
from tests.tickets.writing import PNG, file

As = Callable[[str], FlaskClient]


@pytest.fixture
def second(app: Flask, number: int, as_: As) -> int:
    """The id of the customer's second message, with a picture."""
    form = {"body": "And the fan is loud.", "form_key": "d" * 32, "files": file(PNG, "fan.png")}
    answer = as_("customer").post(f"/tickets/{number}/reply", data=form, content_type="multipart/form-data")
    assert answer.status_code == 302
    with app.app_context():
        return the(number).messages[-1].id


def split(agent: FlaskClient, number: int, message: object, subject: str = "A loud fan") -> int:
    return agent.post(f"/desk/{number}/split", data={"message": str(message), "subject": subject}).status_code


def the_new(app: Flask) -> Ticket:
    return db.session.scalars(db.select(Ticket).order_by(Ticket.id.desc())).first()  # type: ignore[return-value]


def test_the_message_moves_with_its_files(app: Flask, number: int, second: int, agent: FlaskClient, as_: As) -> None:
    assert split(agent, number, second) == 302
    with app.app_context():
        made, first = the_new(app), the(number)
        assert (made.subject, made.follows_id, made.requester_id) == ("A loud fan", first.id, first.requester_id)
        assert [message.id for message in made.messages] == [second]
        assert len(db.session.get_one(Message, second).attachments) == 1
        new, token = made.number, db.session.scalars(db.select(Attachment)).one().token
    assert bodies(app, number) == [("customer", "It drops out every night.")]
    customer = as_("customer")
    assert "And the fan is loud." in customer.get(f"/tickets/{new}").text
    with customer.get(f"/tickets/files/{token}") as picture:
        assert picture.status_code == 200
    assert f"Part of it goes on in #{new}: A loud fan" in customer.get(f"/tickets/{number}").text
    assert f"split off #{new}" in agent.get(f"/desk/{number}").text


def test_it_has_a_promise_of_its_own_and_takes_none_away(
    app: Flask, number: int, second: int, agent: FlaskClient
) -> None:
    with app.app_context():
        before = the(number).next_due_at
    split(agent, number, second)
    with app.app_context():
        made = the_new(app)
        assert the(number).next_due_at == before and made.first_response_due_at and made.promise["allowed"]
        assert not clocks.differences(made, now=utcnow())
        letter = db.session.scalars(db.select(Mail).order_by(Mail.id.desc())).first()
        assert letter and f"[#{made.number}]" in letter.subject


def test_what_a_ticket_began_with_stays(app: Flask, number: int, second: int, agent: FlaskClient, world: World) -> None:
    agent.post(f"/desk/{number}/reply", data={"body": "Try this."})
    agent.post(f"/desk/{number}/note", data={"body": "Hm."})
    with app.app_context():
        others = [message.id for message in the(number).messages if message.id != second]
        count = db.session.scalar(db.select(db.func.count(Ticket.id)))
    for message in (*others, 999_999, "x", ""):
        assert split(agent, number, message) == 422
    assert split(agent, number, second, subject=" ") == 422
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count(Ticket.id))) == count


def test_where_no_ticket_may_be_filed_any_more_none_is_split_off(
    app: Flask, number: int, second: int, agent: FlaskClient, person: Callable[[str], User]
) -> None:
    with app.app_context():
        db.session.execute(db.delete(Subscription))
        db.session.commit()
    assert split(agent, number, second) == 422
    assert len(bodies(app, number)) == 2


def test_customers_split_nothing(number: int, second: int, as_: As) -> None:
    assert split(as_("customer"), number, second) == 404
