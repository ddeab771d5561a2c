"""Taking up a ticket again, with a reason that the customer reads."""

from flask import Flask
from flask.testing import FlaskClient

from tests.desk.rows import the


def test_a_closed_ticket_is_open_again(app: Flask, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/close")
    assert agent.post(f"/desk/{number}/reopen", data={"body": "It came back."}).status_code == 302
    with app.app_context():
        assert the(number).status == "open" and the(number).messages[-1].body == "It came back."


def test_a_reason_is_needed(app: Flask, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/close")
    for data in ({"body": ""}, {}):
        assert agent.post(f"/desk/{number}/reopen", data=data).status_code == 422
    with app.app_context():
        assert the(number).status == "closed"


def test_an_open_one_is_refused(number: int, agent: FlaskClient) -> None:
    answer = agent.post(f"/desk/{number}/reopen", data={"body": "Again"})
    assert answer.status_code == 422 and "open already" in answer.text
