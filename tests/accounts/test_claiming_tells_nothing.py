"""What claiming a key gives away: the database sees only its hash, and a sold key costs no more work than an unsold."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.accounts.claiming import new_key
from portal.accounts.licences import hash_key
from portal.db import db
from tests import cast
from tests.cast import World


def asked(app: Flask, browser: FlaskClient, key: str) -> list[tuple[str, str]]:
    """The statements, with what they carry, by which the database answers a claim."""
    seen: list[tuple[str, str]] = []

    def keep(*given: Any) -> None:
        seen.append((given[2], repr(given[3])))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", keep)
    try:
        assert browser.post("/account/licences", data={"key": key}).status_code == 422
    finally:
        event.remove(engine, "before_cursor_execute", keep)
    return seen


def test_a_foreign_key_costs_the_same_work_as_an_unknown_one(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    foreign, unknown = new_key(), new_key()
    with app.app_context():
        cast.sell(foreign, "business", world.products["beacon"], organisation_id=world.elsewhere)
        db.session.commit()
    carla = as_("customer")
    asked(app, carla, new_key())  # warms what is kept from request to request
    first, second = asked(app, carla, foreign), asked(app, carla, unknown)
    assert [statement for statement, _ in first] == [statement for statement, _ in second]
    for key, statements in ((foreign, first), (unknown, second)):
        assert sum(hash_key(key) in carried for _, carried in statements) == 1
        assert not any(key in carried or key.replace("-", "") in carried for _, carried in statements)
