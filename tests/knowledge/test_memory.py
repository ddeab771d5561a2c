"""What is remembered of searches: one row a search, no secrets, and nothing in anybody's way."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.search import memory
from knowledge.search.log import SearchClick, SearchQuery
from knowledge.search.memory import forget_searches, write_noted
from portal.db import db, utcnow


@pytest.fixture(autouse=True)
def nothing_waits(app: Flask) -> None:
    app.extensions["search_memory"].waiting.clear()


def rows(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        write_noted()
        return [(row.text, row.results) for row in db.session.scalars(db.select(SearchQuery).order_by(SearchQuery.id))]


def test_what_is_typed_becomes_one_row(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    for text in ("ha", "harb", "harbou", "harbour"):
        client.get("/search/suggest", query_string={"q": text})
    client.get("/search?q=harbour")
    client.get("/search?q=xylophone")
    assert rows(app) == [("harbour", 1), ("xylophone", 0)]


def test_secrets_are_not_kept(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    client.get("/search", query_string={"q": "mira@tidewater.example password: lente12"})
    assert rows(app) == [("[email] password: [password]", 0)]


def test_a_click_is_kept_once_by_its_token(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.get("/search?q=harbour").text
    address = page.partition('data-clicks="')[2].partition('"')[0]
    for _ in range(2):
        assert client.post(address, data={"hit": "article:7:1"}, csrf=False).status_code == 204
    assert client.post(address + "x", data={"hit": "article:7:1"}, csrf=False).status_code == 400
    assert client.post(address, data={"hit": "article:x:1"}, csrf=False).status_code == 400
    assert rows(app) == [("harbour", 1)]
    with app.app_context():
        assert [(one.item_id, one.place) for one in db.session.scalars(db.select(SearchClick))] == [(7, 1)]


def test_a_database_that_cannot_be_written_breaks_nothing(
    app: Flask, client: FlaskClient, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write()

    def fail(note: object) -> None:
        raise OSError("read-only")

    monkeypatch.setitem(memory._WRITERS, memory.Search, fail)
    assert client.get("/search?q=harbour").status_code == 200
    assert rows(app) == []


def test_old_searches_are_forgotten(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    client.get("/search?q=harbour")
    assert len(rows(app)) == 1
    with app.app_context():
        assert forget_searches(now=utcnow() + timedelta(days=364)) == 0
        assert forget_searches(now=utcnow() + timedelta(days=366)) == 1
