"""The desk sees how many are told, finds an address, and stops it all with one press."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from portal.db import db
from portal.status import sending
from portal.status.subscriber import Subscriber
from tests.status.telling_rows import subscribers

PAGE = "/desk/status/subscribers"


def test_it_counts_and_finds_without_a_list_of_all(app: Flask, as_: Callable[[str], Any]) -> None:
    with app.app_context():
        subscribers(3)
        db.session.commit()
    page = as_("agent").get(PAGE).text
    assert "3 are told." in page and "many.example" not in page
    found = as_("agent").get(PAGE, query_string={"q": "READER-1"}).text
    assert "reader-1@many.example" in found and "reader-2@many.example" not in found
    assert "No such address." in as_("agent").get(PAGE, query_string={"q": "%"}).text


def test_one_press_stops_it_and_one_goes_on(app: Flask, as_: Callable[[str], Any]) -> None:
    agent = as_("agent")
    agent.post(f"{PAGE}/switch")
    with app.app_context():
        assert sending.is_stopped()
    assert "Sending is switched off." in agent.get(PAGE).text
    agent.post(f"{PAGE}/switch", data={"on": "1"})
    with app.app_context():
        assert not sending.is_stopped()


def test_staff_end_one(app: Flask, as_: Callable[[str], Any]) -> None:
    with app.app_context():
        subscribers(1)
        db.session.commit()
        number = db.session.scalars(db.select(Subscriber.id)).one()
    as_("agent").post(f"{PAGE}/{number}/stop")
    with app.app_context():
        assert db.session.scalars(db.select(Subscriber.stopped_why)).one() == "staff"
