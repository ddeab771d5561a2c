"""A filed ticket, the agent's browser, and the moment of a test."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.cast import World
from tests.desk import rows
from tests.desk.rows import file_one


@pytest.fixture(autouse=True)
def it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are as old as they say when a test begins: in a long run its file was read minutes before."""
    monkeypatch.setattr(rows, "NOW", datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def number(app: Flask, world: World) -> int:
    """The number of a ticket that the customer has just filed."""
    with app.app_context():
        return file_one(world)


@pytest.fixture
def agent(as_: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_("agent")
