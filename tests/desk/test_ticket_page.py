"""The agent's page of a ticket: everything known, in a constant number of queries."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.db import db
from portal.tickets import conversation
from tests.cast import World
from tests.desk.rows import file_one, hence, the


def test_it_says_who_asks_and_what_they_hold(number: int, agent: FlaskClient) -> None:
    page = agent.get(f"/desk/{number}").text
    for text in ("carla@heron.example", "Heron Marine", "Relay", "4.2.0.0", "Europe/Berlin", "What happened"):
        assert text in page


def test_it_says_which_way_it_came(app: Flask, world: World, agent: FlaskClient, number: int) -> None:
    assert "Web ticket" in (page := agent.get(f"/desk/{number}").text) and "The customer chose" in page
    with app.app_context():
        mailed = file_one(world, channel="email")
    assert "E-mail with PIN" in (page := agent.get(f"/desk/{mailed}").text) and "The customer chose" not in page


def test_it_says_what_they_read_before(app: Flask, world: World, agent: FlaskClient) -> None:
    answers = [
        {"title": "Relay loses power", "url": "/kb/relay-power", "opened": True},
        {"title": "Old cables", "url": "/kb/old-cables", "opened": False},
    ]
    with app.app_context():
        number = file_one(world, answers=answers)
    page = agent.get(f"/desk/{number}").text
    assert "Relay loses power" in page and "shown, not opened" in page


def test_what_people_write_is_harmless(app: Flask, world: World, agent: FlaskClient) -> None:
    with app.app_context():
        number = file_one(world, subject="<script>alert(1)</script>", body="<img src=x onerror=alert(1)>")
    page = agent.get(f"/desk/{number}").text
    assert "<script>alert" not in page and "<img src=x" not in page


def test_a_longer_conversation_needs_no_more_queries(
    app: Flask, number: int, agent: FlaskClient, person: Callable[[str], Any]
) -> None:
    counts = []
    for more in (1, 12):
        with app.app_context():
            for n in range(more):
                who = person("admin" if n % 2 else "customer")
                conversation.reply(the(number), f"Message {n}", by=who, now=hence(seconds=n))
            db.session.commit()
            engine = db.engine
        told: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *a, told=told: told.append(a[2]))
        assert agent.get(f"/desk/{number}").status_code == 200
        counts.append(len(told))
    assert counts[0] == counts[1]
