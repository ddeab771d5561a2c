"""Two who have one ticket open know of each other, and no longer once one has gone."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.tickets import presence
from portal.tickets.presence import Presence
from tests.desk.rows import the

As = Callable[[str], FlaskClient]


def shown(page: str) -> str:
    found = re.search(r'id="presence-shown" name="shown" value="([^"]*)"', page)
    assert found
    return found[1]


def test_colleagues_see_each_other(number: int, agent: FlaskClient, as_: As) -> None:
    admin = as_("admin")
    assert "open too" not in agent.get(f"/desk/{number}/presence").text
    assert "Amir has this ticket open too" in admin.get(f"/desk/{number}/presence").text
    assert "Ada has this ticket open too" in agent.get(f"/desk/{number}/presence").text
    assert "Ada has this ticket open too" in agent.get(f"/desk/{number}").text


def test_who_writes_is_told_apart(number: int, agent: FlaskClient, as_: As) -> None:
    agent.get(f"/desk/{number}/presence")
    agent.post(f"/desk/{number}/draft?kind=reply", data={"body": "I think"})
    assert "Amir is writing on this ticket" in as_("admin").get(f"/desk/{number}/presence").text


def test_what_has_not_changed_is_not_said_again(number: int, agent: FlaskClient, as_: As) -> None:
    admin = as_("admin")
    admin.get(f"/desk/{number}/presence")
    first = agent.get(f"/desk/{number}/presence")
    again = agent.get(f"/desk/{number}/presence?shown={shown(first.text)}")
    assert (first.status_code, again.status_code) == (200, 204)
    admin.post(f"/desk/{number}/draft?kind=note", data={"body": "Hm"})
    assert agent.get(f"/desk/{number}/presence?shown={shown(first.text)}").status_code == 200
    assert as_("admin").get(f"/desk/{number}/presence?shown=").status_code == 200


def test_a_page_that_asks_no_more_is_closed(app: Flask, number: int, agent: FlaskClient, as_: As) -> None:
    agent.get(f"/desk/{number}/presence")
    with app.app_context():
        db.session.scalars(db.select(Presence)).one().seen_at -= presence.OPEN_FOR
        db.session.commit()
    assert "open too" not in as_("admin").get(f"/desk/{number}").text
    with app.app_context():
        presence.forget_presence(now=utcnow() + 3600 * presence.OPEN_FOR)
        assert not db.session.scalars(db.select(Presence)).all()


def test_two_windows_are_noted_once(app: Flask, number: int, agent: FlaskClient) -> None:
    for _ in range(3):
        agent.get(f"/desk/{number}/presence")
    with app.app_context():
        assert len(db.session.scalars(db.select(Presence)).all()) == 1
        assert the(number).status == "open"


@pytest.mark.parametrize("name", ["customer", "owner", "editor"])
def test_customers_neither_see_nor_are_seen(number: int, as_: As, name: str) -> None:
    assert as_(name).get(f"/desk/{number}/presence").status_code == 404
