"""Articles under the editors' hands: verbs are called with the cast's rows, inside an app context."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from knowledge.articles import editing
from knowledge.articles.article import Article
from knowledge.articles.revision import Revision
from knowledge.articles.writing import publish
from portal.accounts.people import User
from portal.db import db
from tests.knowledge.conftest import HARBOUR

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


class Desk:
    """The cast at work on the article HARBOUR; use it inside an app context."""

    def __init__(self, person: Callable[[str], User]) -> None:
        self.person = person

    def article(self, **fields: Any) -> Article:
        found = db.session.scalars(db.select(Article).filter_by(**(fields or {"slug": "harbour"}))).first()
        return found or publish(HARBOUR, now=NOW)

    def begin(self, by: str = "editor") -> Revision:
        return editing.begin(self.article(), by=self.person(by), now=NOW)

    def begin_new(self, by: str = "editor", **fields: Any) -> Revision:
        given = {"title": "Tides", "slug": "tides", "lang": "en", "body": "They come and go."} | fields
        return editing.begin_new(given, by=self.person(by), now=NOW)

    def save(self, revision: Revision, by: str = "editor", saved: int | None = None, **fields: Any) -> None:
        editing.save(revision, fields, by=self.person(by), saved=saved or revision.saved, now=NOW)

    def send(self, revision: Revision, to: str | None = "agent", by: str = "editor", **fields: Any) -> None:
        reviewer, due = self.person(to) if to else None, fields.get("due")
        editing.send(revision, by=self.person(by), reviewer=reviewer, due=due, now=NOW)

    def publish(self, revision: Revision, by: str = "editor") -> Article:
        return editing.publish_revision(revision, by=self.person(by), now=LATER)


@pytest.fixture
def desk(app: Flask, person: Callable[[str], User]) -> Iterator[Desk]:
    with app.app_context():
        yield Desk(person)
        db.session.rollback()


@pytest.fixture
def four_eyes(app: Flask) -> Iterator[None]:
    """Nobody publishes alone."""
    settings = app.extensions["settings"]
    settings["review_required"] = True
    yield
    settings["review_required"] = False
