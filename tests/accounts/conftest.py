"""Counting what the database is asked."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.db import db


@pytest.fixture
def counted(app: Flask) -> Iterator[Callable[[], int]]:
    """`counted()` gives the number of statements since it was called last."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)

    def count() -> int:
        number = len(seen)
        seen.clear()
        return number

    yield count
    event.remove(engine, "before_cursor_execute", note)
