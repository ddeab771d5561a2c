"""Assignment: to oneself, to another, back to the queue, and to nobody from outside."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.tickets import progress, staffing
from portal.tickets.staffing import Station
from tests.cast import World, make_role, make_user
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


@pytest.mark.parametrize("act", ["reply", "resolve"])
def test_who_replies_first_is_in_charge(app: Flask, world: World, number: int, agent: FlaskClient, act: str) -> None:
    page = agent.post(f"/desk/{number}/{act}", data={"body": "Mine."}, follow_redirects=True).text
    assert "Amir took it" in page
    with app.app_context():
        assert the(number).assignee_id == world.ids["agent"]
        assert [event.kind for event in the(number).events].count("assigned") == 1


def test_who_replies_on_a_colleagues_ticket_does_not_take_it(
    app: Flask, world: World, number: int, agent: FlaskClient
) -> None:
    agent.post(f"/desk/{number}/assign", data={"to": world.ids["admin"]})
    agent.post(f"/desk/{number}/reply", data={"body": "Ada is away today."})
    with app.app_context():
        assert the(number).assignee_id == world.ids["admin"]
        assert [event.kind for event in the(number).events].count("assigned") == 1


def test_neither_a_note_nor_the_customer_takes_charge(
    app: Flask, number: int, agent: FlaskClient, as_: Callable[[str], FlaskClient]
) -> None:
    agent.post(f"/desk/{number}/note", data={"body": "Looks like the old fault."})
    as_("customer").post(f"/tickets/{number}/reply", data={"body": "Again!", "form_key": "a" * 32})
    with app.app_context():
        assert the(number).assignee_id is None


def test_who_left_is_still_named_but_not_offered(app: Flask, world: World, number: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{number}/assign", data={"to": world.ids["admin"]})
    with app.app_context():
        db.session.execute(db.update(User).where(User.id == world.ids["admin"]).values(active=False))
        db.session.commit()
    page = agent.get(f"/desk/{number}").text
    assert f'<option disabled selected value="{world.ids["admin"]}">Ada</option>' in page
    assert agent.post(f"/desk/{number}/assign", data={"to": world.ids["admin"]}).status_code == 422


def test_those_who_fit_best_are_offered_first_and_why(
    app: Flask, world: World, number: int, agent: FlaskClient
) -> None:
    with app.app_context():
        ada, zoe = db.session.get_one(User, world.ids["admin"]), make_user("zoe@vendor.example", name="Zoe")
        zoe.roles.append(make_role("agent"))
        skills = list(staffing.needs_of(the(number)).skills)
        assert skills
        db.session.flush()
        db.session.add(Station(user_id=zoe.id, skills=skills))
        db.session.add(Station(user_id=ada.id, skills=skills, languages=["nl"], queues=["elsewhere"]))
        progress.assign(the(number), ada, by=ada, now=utcnow())
        db.session.commit()
    page = agent.get(f"/desk/{number}").text
    offered = page.partition('id="assign-to"')[2].partition("</select>")[0]
    assert re.findall(r"<option[^>]*>([^<]*)</option>", offered) == [
        "Nobody yet",
        "Zoe · fits, 0 open tickets",
        "Amir · other skills, 0 open tickets",
        "Ada · other queue, other language, 1 open ticket",
    ]
