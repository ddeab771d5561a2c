"""The desk is there for staff alone."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from tests.cast import World
from tests.desk.rows import make_ticket

OUTSIDE = ("customer", "owner", "reseller", "editor", "former")
ACTS = ("reply", "note", "resolve", "triage", "assign", "close", "reopen", "draft", "credentials")


@pytest.mark.parametrize("who", OUTSIDE)
def test_for_others_it_is_not_there(app: Flask, world: World, as_: Callable[[str], FlaskClient], who: str) -> None:
    with app.app_context():
        number = make_ticket(world).number
        db.session.commit()
    browser = as_(who)
    answers = [browser.get("/desk/"), browser.get(f"/desk/{number}")]
    answers += [browser.post(f"/desk/{number}/{act}", data={"body": "x"}) for act in ACTS]
    assert {answer.status_code for answer in answers} == {404}


def test_visitors_are_asked_to_sign_in(client: FlaskClient) -> None:
    for answer in (client.get("/desk/"), client.post("/desk/12345678/reply", data={"body": "x"})):
        assert answer.status_code == 302 and "/account/sign-in" in answer.location


@pytest.mark.parametrize("who", ["agent", "admin"])
def test_staff_come_in(as_: Callable[[str], FlaskClient], who: str) -> None:
    assert as_(who).get("/desk/").status_code == 200


def test_a_ticket_that_is_not_there_is_not_found(as_: Callable[[str], FlaskClient]) -> None:
    assert as_("agent").get("/desk/12345678").status_code == 404
