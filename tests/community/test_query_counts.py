"""The community's pages ask the database as often for twenty rows as for two."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.db import db
from portal.fragments import forget_fragments
from tests.cast import World
from tests.community.rows import a_category, answered, asked, who

As = Callable[[str], FlaskClient]


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    asked_for: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked_for.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked_for
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def grow(app: Flask, world: World) -> Callable[[int], int]:
    """Makes so many topics with as many answers each by two people, in one category; the number of the newest."""
    with app.app_context():
        a_category(slug="help")
        db.session.commit()

    def make(count: int) -> int:
        with app.app_context():
            for _ in range(count):
                topic = asked(world, "agent", tags=["relay"])
                for number in range(count):
                    answered(world, topic, ("agent", "admin")[number % 2])
            db.session.commit()
            return topic.id

    return make


@pytest.mark.parametrize("name", ["visitor", "customer", "admin"])
def test_as_many_queries_for_many_as_for_few(
    app: Flask, grow: Callable[[int], int], client: FlaskClient, as_: As, name: str, world: World
) -> None:
    browser = client if name == "visitor" else as_(name)
    counts = []
    for size in (2, 12):
        number = grow(size)
        pages = (f"/community/it-beeps/{number}", "/community/category/help", "/community/?tag=relay", "/community/")
        for path in pages:
            assert browser.get(path).status_code == 200  # what is noted by a first visit is noted
        forget_fragments()
        spent = {}
        for path in pages:
            with counted(app) as queries:
                browser.get(path)
            spent[path.replace(str(number), "N")] = len(queries)
        counts.append(spent)
    assert counts[0] == counts[1]


def test_the_page_of_a_member_too(app: Flask, grow: Callable[[int], int], as_: As, world: World) -> None:
    counts = []
    with app.app_context():
        path = f"/community/person/{who(world, 'agent').id}"
    for size in (2, 12):
        grow(size)
        as_("customer").get(path)
        forget_fragments()
        with counted(app) as queries:
            assert as_("customer").get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
