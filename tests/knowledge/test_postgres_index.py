"""PostgreSQL's index as changes come: what was said before is gone, and lists stay few."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from knowledge.search import postgres_engine, postings
from knowledge.search.engine import engine
from portal.db import db


@pytest.fixture(autouse=True)
def only_there(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--search-engine") != "postgresql":
        pytest.skip("of the other engine")


def found(client: FlaskClient, word: str) -> int:
    answer = client.get("/api/search", query_string={"q": word}).json
    assert answer is not None
    return int(answer["total"])


def test_many_changes_become_one_segment(
    app: Flask, client: FlaskClient, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_engine, "SEGMENTS", 4)
    for word in ("semaphore", "bollard", "capstan", "halyard", "gunwale", "scupper", "binnacle", "thwart", "kedge"):
        write(body=f"A {word} stands here.")
        assert found(client, word) == 1
    assert found(client, "bollard") == 0
    with app.app_context():
        build = db.session.scalar(text("SELECT build FROM foyer_search.state"))
        segments = db.session.scalar(text(f"SELECT count(DISTINCT segment) FROM {build}.posting WHERE segment > 0"))
        assert segments <= 4
        engine().rebuild()
        db.session.commit()
    assert found(client, "kedge") == 1 and found(client, "thwart") == 0


def test_an_index_of_older_tables_is_not_read(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="A semaphore stands here.")
    with app.app_context():
        db.session.execute(text("UPDATE foyer_search.state SET schema = schema - 1"))
        db.session.commit()
        assert engine().ailing() == "of another schema"
    assert "The search is being renewed" in client.get("/search?q=semaphore").text


def test_a_question_asks_for_its_words_at_once(
    app: Flask, client: FlaskClient, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "MOST_KEPT", 1)  # so that no list is kept, as of words that stand nearly everywhere
    write(body="Semaphore bollard capstan halyard gunwale scupper binnacle thwart kedge.")
    asked: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _d, statement, *_: asked.append(statement))
    assert found(client, "semaphore bollard capstan halyard gunwale scupper binnacle thwart kedge") == 1
    assert len([statement for statement in asked if ".posting" in statement]) <= 4
