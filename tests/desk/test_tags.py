"""Tags are put on, found by, and seen by nobody but staff."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.tickets import tags
from portal.tickets.tags import Tag
from tests.cast import World
from tests.desk.rows import make_ticket, the
from tests.desk.test_queue import line_of, subjects

As = Callable[[str], FlaskClient]


def test_tags_are_read_as_typed() -> None:
    assert tags.read_names(" Printer,  blue   SCREEN,,printer ") == ["printer", "blue screen"]


def test_an_agent_tags_and_untags(app: Flask, agent: FlaskClient, number: int) -> None:
    agent.post(f"/desk/{number}/tag", data={"names": "Pump, leak"})
    page = agent.get(f"/desk/{number}").text
    assert "/desk/?tag=pump" in page and "tagged it: pump, leak" in page
    agent.post(f"/desk/{number}/untag", data={"name": "pump"})
    with app.app_context():
        assert tags.tags_of(the(number).id) == ["leak"]
        kinds = [(event.kind, event.detail["added"]) for event in the(number).events if event.kind == "tagged"]
    assert kinds == [("tagged", ["pump", "leak"]), ("tagged", [])]
    assert "took tags off: pump" in agent.get(f"/desk/{number}").text


def test_twice_is_once(app: Flask, agent: FlaskClient, number: int) -> None:
    for _ in range(2):
        assert agent.post(f"/desk/{number}/tag", data={"names": "pump"}).status_code == 302
    with app.app_context():
        assert sum(event.kind == "tagged" for event in the(number).events) == 1


@pytest.mark.parametrize("names", ["", "x" * 41, ",".join(f"t{n}" for n in range(21))])
def test_what_makes_no_sense_is_refused(agent: FlaskClient, number: int, names: str) -> None:
    assert agent.post(f"/desk/{number}/tag", data={"names": names}).status_code == 422


def test_the_queue_shows_and_narrows_by_them(app: Flask, world: World, agent: FlaskClient, as_: As) -> None:
    with app.app_context():
        wet, _dry = make_ticket(world, "wet"), make_ticket(world, "dry")
        db.session.commit()
        number = wet.number
    agent.post(f"/desk/{number}/tag", data={"names": "leak"})
    page = as_("admin").get("/desk/").text
    assert "leak" in line_of(page, "wet") and "leak" not in line_of(page, "dry")
    assert '<option value="leak"' in page
    assert subjects(agent.get("/desk/?tag=leak").text) == ["wet"]
    assert subjects(agent.get("/desk/?tag=nothing").text) == []


def test_customers_learn_nothing_of_them(app: Flask, world: World, agent: FlaskClient, as_: As, number: int) -> None:
    with app.app_context():
        before = the(number).updated_at
    agent.post(f"/desk/{number}/tag", data={"names": "difficult-person"})
    page = as_("customer").get(f"/tickets/{number}").text
    assert "difficult" not in page and "tagged" not in page
    with app.app_context():
        assert the(number).updated_at == before


def test_tags_of_nothing_are_forgotten(app: Flask, agent: FlaskClient, number: int) -> None:
    agent.post(f"/desk/{number}/tag", data={"names": "pump, leak"})
    agent.post(f"/desk/{number}/untag", data={"name": "pump"})
    with app.app_context():
        tags.forget_unused()
        assert tags.in_use() == ["leak"]
        assert db.session.scalars(db.select(Tag)).one()


@pytest.mark.parametrize("name", ["customer", "owner", "editor"])
def test_customers_cannot_tag(number: int, as_: As, name: str) -> None:
    assert as_(name).post(f"/desk/{number}/tag", data={"names": "x"}).status_code == 404
