"""Assignment: to oneself, to another, back to the queue, and to nobody from outside."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.cast import World
from tests.desk.rows import the


@pytest.mark.parametrize("to", ["agent", "admin"])
def test_a_ticket_is_given_to_staff(app: Flask, world: World, number: int, agent: FlaskClient, to: str) -> None:
    assert agent.post(f"/desk/{number}/assign", data={"to": world.ids[to]}).status_code == 302
    with app.app_context():
        assert the(number).assignee_id == world.ids[to]
        assert the(number).events[-1].kind == "assigned"


def test_and_back_to_the_queue(app: Flask, world: World, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/assign", data={"to": world.ids["agent"]})
    agent.post(f"/desk/{number}/assign", data={"to": 0})
    with app.app_context():
        assert the(number).assignee_id is None


@pytest.mark.parametrize("to", ["customer", "editor"])
def test_never_to_somebody_else(app: Flask, world: World, number: int, agent: FlaskClient, to: str) -> None:
    assert agent.post(f"/desk/{number}/assign", data={"to": world.ids[to]}).status_code == 422
    with app.app_context():
        assert the(number).assignee_id is None


@pytest.mark.parametrize("to", ["", "x", "999999999999999999999"])
def test_what_is_no_person_is_refused(number: int, agent: FlaskClient, to: str) -> None:
    assert agent.post(f"/desk/{number}/assign", data={"to": to}).status_code == 422
