"""What a request asks of the database once it has committed: nothing, for on SQLite that locks it for everybody."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.db import db


def test_who_was_there_is_noted_without_another_look(app: Flask, as_: Callable[[str], FlaskClient]) -> None:
    client, asked = as_("customer"), []
    with app.app_context():
        engine = db.engine

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    def forget(_conn: object) -> None:
        asked.clear()

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", forget)
    try:
        answer = client.post("/account/language", data={"locale": "da", "return_to": "/account/"})
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", forget)
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    assert not asked
