"""Resolving: a last answer, told to the customer."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.mail import Mail
from tests.desk.rows import seen_on, the


def test_the_customer_is_told(app: Flask, number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/resolve", data={"body": "It was the cable."}).status_code == 302
    with app.app_context():
        assert the(number).status == "resolved" and the(number).next_due_at is None
        assert any("It was the cable." in mail.text for mail in db.session.scalars(db.select(Mail)))


def test_a_message_is_needed(app: Flask, number: int, agent: FlaskClient) -> None:
    answer = agent.post(f"/desk/{number}/resolve", data={"body": ""})
    assert answer.status_code == 422 and "Please tell the customer" in answer.text
    with app.app_context():
        assert the(number).status == "open"


def test_a_customer_who_wrote_meanwhile_is_heard_first(
    app: Flask, number: int, agent: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    seen = seen_on(agent.get(f"/desk/{number}").text)
    customer = as_("customer")
    said = customer.post(f"/tickets/{number}/reply", data={"body": "Wait, it is worse.", "form_key": "c" * 32})
    assert said.status_code == 302
    answer = agent.post(f"/desk/{number}/resolve", data={"body": "All done.", "seen": seen})
    assert answer.status_code == 422 and "Wait, it is worse." in answer.text and "All done." in answer.text
    with app.app_context():
        assert the(number).status == "open"
