"""Closing ends a ticket and forgets its credentials; reopening takes it up again."""

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.tickets.ticket import Credential
from tests.cast import World
from tests.desk.rows import file_one, the


def test_closed_is_closed(app: Flask, number: int, agent: FlaskClient) -> None:
    assert agent.post(f"/desk/{number}/close").status_code == 302
    with app.app_context():
        assert the(number).status == "closed" and the(number).closed_at


def test_twice_is_refused_with_a_reason(number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/close")
    answer = agent.post(f"/desk/{number}/close")
    assert answer.status_code == 422 and "closed" in answer.text and "desk-ticket" in answer.text


def test_credentials_are_forgotten(app: Flask, world: World, agent: FlaskClient) -> None:
    from portal.tickets.credentials import encrypt

    with app.app_context():
        number = file_one(world, sealed=encrypt("root / hunter2"))
    agent.post(f"/desk/{number}/close")
    with app.app_context():
        (kept,) = db.session.scalars(db.select(Credential)).all()
        assert kept.sealed is None and kept.purged_at
    assert "Forgotten" in agent.get(f"/desk/{number}").text
