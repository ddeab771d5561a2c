"""What the pages of the search have remembered: each search once, and which result was opened."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from knowledge.search.log import SearchClick, SearchQuery
from knowledge.search.memory import write_noted
from portal.db import db


@pytest.fixture(autouse=True)
def nothing_waits(app: Flask) -> None:
    """What tests before searched isn't written in this one."""
    app.extensions["search_memory"].waiting.clear()


def remembered(app: Flask) -> list[tuple[str, str, int]]:
    with app.app_context():
        write_noted()
        rows = db.session.scalars(select(SearchQuery).order_by(SearchQuery.id))
        return [(row.text, row.mode, row.results) for row in rows]


def clicks_of(page: str) -> str:
    return re.findall(r'data-clicks="([^"]+)"', page)[0]


def test_what_was_typed_on_the_way_is_one_search(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    for text in ("ha", "harb", "harbour"):
        client.get("/search/suggest", query_string={"q": text})
    client.get("/search?q=harbour")
    client.get("/search?q=harbour&language=en")
    assert remembered(app) == [("harbour", "words", 1)]


def test_the_result_that_was_opened_is_noted(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.get("/search?q=harbour").text
    hit = re.findall(r'data-hit="([^"]+)"', page)[0]
    assert client.post(clicks_of(page), data={"hit": hit}, csrf=False).status_code == 204
    remembered(app)
    with app.app_context():
        click = db.session.scalars(select(SearchClick)).one()
        assert hit == f"{click.kind}:{click.item_id}:{click.place}" and click.place == 1


def test_a_suggestion_is_noted_as_a_result(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    part = client.get("/search/suggest?q=harb").text
    assert 'data-hit="article:' in part
    assert client.post(clicks_of(part), data={"hit": "article:1:1"}, csrf=False).status_code == 204


@pytest.mark.parametrize("hit", ["", "article", "article:x:1", "article:1:0", "a" * 5000, "article:1:1:1\x00"])
def test_what_says_nothing_is_refused(client: FlaskClient, write: Callable[..., str], hit: str) -> None:
    write()
    address = clicks_of(client.get("/search?q=harbour").text)
    assert client.post(address, data={"hit": hit}).status_code == 400
    assert client.post("/search/click/forged", data={"hit": "article:1:1"}).status_code == 400


def test_a_kept_page_belongs_to_its_own_searcher(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    mine, theirs = (browser.get("/search?q=harbour").text for browser in (client, app.test_client()))
    assert mine.count("data-clicks") == theirs.count("data-clicks") == 1
    assert "data-clicks" not in mine.partition('class="rows results"')[2]


def test_a_log_is_remembered_without_what_is_secret(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="BCN-3010 means that the limit is reached.")
    text = (
        "2026-01-01 10:00:00 ERROR BCN-3010: limit reached, password=hunter2 from 203.0.113.9\n    at foo (bar.js:1:2)"
    )
    page = client.post("/search/log", data={"text": text}).text
    understood = page.partition("Looking for:")[2].partition("</p>")[0]
    assert "BCN-3010" in understood and "hunter2" not in understood and "/kb/harbour" in page
    (row,) = remembered(app)
    assert row[1] == "error" and "BCN-3010" in row[0] and "hunter2" not in row[0] and "203.0" not in row[0]


def test_a_question_among_the_logs_is_searched_as_words(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.post("/search/log", data={"text": "harbour lights"}).text
    assert "/kb/harbour" in page and "Looking for:" not in page
