"""Credentials: shown to staff who proved who they are, never stored by the page, and always written down."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.tickets.credentials import encrypt
from portal.tickets.ticket import Reveal
from tests.cast import PASSWORD, World
from tests.desk.rows import file_one

SECRET = "admin / SECRET-canary-9"


@pytest.fixture
def sealed(app: Flask, world: World) -> int:
    with app.app_context():
        return file_one(world, sealed=encrypt(SECRET))


def looks(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(db.select(Reveal.by_id)))


@pytest.mark.fact("R19")
def test_with_the_password_they_are_shown_and_noted(app: Flask, world: World, sealed: int, agent: FlaskClient) -> None:
    assert SECRET not in agent.get(f"/desk/{sealed}").text
    answer = agent.post(f"/desk/{sealed}/credentials", data={"password": PASSWORD})
    assert answer.status_code == 200 and SECRET in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert looks(app) == [world.ids["agent"]]
    page = agent.get(f"/desk/{sealed}").text
    assert SECRET not in page and "Looked at by" in page


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD.upper()])
def test_without_it_nothing_is_shown(app: Flask, sealed: int, agent: FlaskClient, password: str) -> None:
    answer = agent.post(f"/desk/{sealed}/credentials", data={"password": password})
    assert answer.status_code == 422 and SECRET not in answer.text
    assert looks(app) == []


def test_after_closing_there_is_nothing_left(app: Flask, sealed: int, agent: FlaskClient) -> None:
    agent.post(f"/desk/{sealed}/close")
    answer = agent.post(f"/desk/{sealed}/credentials", data={"password": PASSWORD})
    assert SECRET not in answer.text and looks(app) == []
