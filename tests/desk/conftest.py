"""A filed ticket, and the agent's browser."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import cast
from tests.cast import World
from tests.desk.rows import file_one


@pytest.fixture
def number(app: Flask, world: World) -> int:
    """The number of a ticket that the customer, on a plan with severities, has just filed."""
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        return file_one(world, severity=None)


@pytest.fixture
def agent(as_: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_("agent")
