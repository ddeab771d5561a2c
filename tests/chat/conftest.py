"""A plan with chat, and a time at which somebody is there."""

from datetime import datetime

import pytest
from flask import Flask

from portal.db import db
from tests import cast
from tests.cast import World
from tests.chat.rows import MONDAY


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the chat's pages, Monday noon until a test sets another."""
    clock = Clock()
    for module in ("portal.chat.pages", "portal.desk.chats"):
        monkeypatch.setattr(f"{module}.utcnow", clock)
    return clock


@pytest.fixture
def held(app: Flask, world: World, clock: Clock) -> Clock:
    """The customer's organisation has a plan with chat."""
    with app.app_context():
        cast.subscribe(world.heron, "business")
        db.session.commit()
    return clock
