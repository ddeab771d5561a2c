"""A filed ticket, and the agent's browser."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.cast import World
from tests.desk.rows import file_one


@pytest.fixture
def number(app: Flask, world: World) -> int:
    """The number of a ticket that the customer has just filed."""
    with app.app_context():
        return file_one(world)


@pytest.fixture
def agent(as_: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_("agent")
