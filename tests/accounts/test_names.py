"""An organisation that is named like the person in it, and a plan named like its source, are said once."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from tests import cast
from tests.cast import World
from tests.desk.rows import file_one


@pytest.fixture
def named_alike(app: Flask, world: World) -> None:
    with app.app_context():
        db.session.get_one(Organisation, world.heron).name = "Carla"
        db.session.commit()


def words(page: str, start: str, end: str) -> str:
    """What a reader sees from one piece of the markup to another."""
    part = page[page.index(">", page.index(start)) + 1 :]
    return " ".join(re.sub(r"<[^>]+>", " ", part[: part.index(end)]).split())


def test_on_a_claimed_licence(app: Flask, world: World, named_alike: None, as_: Callable[[str], FlaskClient]) -> None:
    with app.app_context():
        mine = {"organisation_id": world.heron, "claimed_by_id": world.ids["customer"], "claimed_at": utcnow()}
        cast.sell("KEY-1", "business", world.products["beacon"], **mine)
        db.session.commit()
    shown = words(as_("customer").get("/account/licences").text, 'id="holdings-title"', "</section>")
    assert shown.count("Carla") == 1
    assert "claimed by Carla" in shown


def test_free_is_said_once(as_: Callable[[str], FlaskClient]) -> None:
    shown = words(as_("customer").get("/account/licences").text, 'id="entitled-title"', "</li>")
    assert shown.count("Free") == 1


def test_on_the_desk(app: Flask, world: World, named_alike: None, as_: Callable[[str], FlaskClient]) -> None:
    with app.app_context():
        number = file_one(world)
    agent = as_("agent")
    page = agent.get(f"/desk/{number}").text
    assert words(page, '<p class="muted"><span class="number"', "</p>").count("Carla") == 1
    assert words(page, 'id="customer-title"', "</section>").count("Carla") == 1
    assert words(agent.get("/desk/").text, 'class="desk-who"', "</td>").count("Carla") == 1


def test_in_the_menu_of_somebody_without_a_name(app: Flask, world: World, as_: Callable[[str], FlaskClient]) -> None:
    with app.app_context():
        db.session.get_one(User, world.ids["customer"]).name = ""
        db.session.commit()
    shown = words(as_("customer").get("/support-policy").text, 'class="menu-head"', "</p>")
    assert shown == "carla carla@heron.example"
