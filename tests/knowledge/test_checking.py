"""Each night the index is compared with the database, and built anew when they differ."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.writing import publish
from knowledge.search import checking
from knowledge.search.changes import IndexChange
from knowledge.search.checking import examine, tallies
from knowledge.search.engine import engine
from knowledge.search.indexing import check
from portal.db import db, utcnow
from portal.doctor import check_search
from portal.jobs import Job, run_due
from tests.knowledge.conftest import HARBOUR
from tests.knowledge.test_index import found


def publish_unnoticed(app: Flask, **fields: str) -> None:
    """Publish, and lose what the indexer should have heard of it."""
    with app.app_context():
        publish(replace(HARBOUR, external_id=f"en/{fields.get('slug', 'harbour')}", **fields), now=utcnow())  # type: ignore[arg-type]
        db.session.flush()
        db.session.execute(db.delete(IndexChange))
        db.session.execute(db.delete(Job))
        db.session.commit()


def test_what_the_index_lacks_or_has_too_much_is_counted_and_mended(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    write()
    write(slug="lamp", title="Lamps")
    publish_unnoticed(app, slug="lamp", status="archived")
    publish_unnoticed(app, slug="fog", title="Foghorns")
    assert found(client, "foghorns") == 0
    with app.app_context():
        assert examine()[0] == "article: 2 missing, 2 stale"
        assert check() == "article: 2 missing, 2 stale"
        db.session.commit()
        assert [tuple(tally) for tally in tallies() or []] == [
            ("article", 4, 0, 0),
            ("document", 0, 0, 0),
            ("incident", 0, 0, 0),
            ("topic", 0, 0, 0),
        ]
    assert found(client, "foghorns") == 1


def test_an_index_that_agrees_is_left_alone(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        before = engine().generation()
        assert check() == "" and engine().generation() == before


def test_what_waits_for_the_indexer_is_not_missing(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        publish(replace(HARBOUR, external_id="en/fog", slug="fog"), now=utcnow())
        publish(replace(HARBOUR, product="beacon"), now=utcnow())
        db.session.commit()
        assert check() == ""


def test_nothing_is_said_of_an_index_that_changes_meanwhile(
    app: Flask, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write()

    def index_meanwhile() -> object:
        publish(replace(HARBOUR, external_id="en/fog", slug="fog"), now=utcnow())
        db.session.commit()
        run_due()
        return iter(())

    monkeypatch.setattr(checking, "every_item", index_meanwhile)
    with app.app_context():
        assert check() == ""


@pytest.mark.whoosh
def test_a_bit_that_the_disk_has_turned_is_noticed(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    """The file's date says nothing of it."""
    import os

    write()
    assert found(client) == 1
    place = app.extensions["search"].place
    path: Path = next((place.path / place.pointer().build).glob("*.pst"))
    stamp, content = path.stat(), path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with app.app_context():
        assert check().startswith("torn")
        assert check() == ""


def test_the_doctor_says_what_is_in_the_index(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        [finding] = check_search(app.extensions["settings"])
        assert (finding.state, finding.advice) == (
            "ok",
            "2 of kind article, 0 of kind document, 0 of kind incident, 0 of kind topic; 0 changes waiting",
        )
    publish_unnoticed(app, slug="fog")
    with app.app_context():
        [finding] = check_search(app.extensions["settings"])
        assert finding.state == "warn" and "article: 2 missing, 0 stale" in finding.advice
