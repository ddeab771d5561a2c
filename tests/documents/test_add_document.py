"""The verb that importers use: it adds, brings up to date, leaves alone what is as it was, and refuses."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from knowledge.documents import files
from knowledge.documents.document import WAITING, Document
from knowledge.documents.writing import add_document
from knowledge.edition import Edition
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import Job, run_due
from scripts.manuals import pdf
from tests.documents.conftest import PAGES

FIELDS = {
    "external_id": "acme/1",
    "slug": "plan",
    "title": "Plan",
    "filename": "plan.pdf",
    "version": "4.2",
    "lang": "en",
}
NOW = utcnow()
LATER = NOW + timedelta(hours=1)


def add(app: Flask, content: bytes = pdf(PAGES), now: Any = NOW, **fields: Any) -> Document:
    with app.app_context():
        document = add_document(FIELDS | fields, io.BytesIO(content), by=None, now=now)
        db.session.commit()
        db.session.refresh(document)
        db.session.expunge(document)
        return document


def test_the_same_again_changes_nothing(app: Flask) -> None:
    add(app)
    with app.app_context():
        run_due()
        edition = Edition.current()
    again = add(app, now=LATER)
    assert again.updated_at == NOW and again.pages == 3
    with app.app_context():
        run_due()
        assert Edition.current() == edition
        assert len(list(files.folder().glob(f"*/{again.token}"))) == 1
        tokens = set(db.session.scalars(select(Document.token)))
        assert {path.name for path in files.folder().glob("*/*")} >= tokens
    app.extensions["search"].close()


def test_new_words_and_a_new_file_bring_it_up_to_date(app: Flask) -> None:
    add(app)
    changed = add(app, title="Plans", now=LATER)
    assert (changed.title, changed.updated_at) == ("Plans", LATER)
    replaced = add(app, pdf(PAGES[:1]), now=LATER)
    assert replaced.id == changed.id and replaced.text_state == WAITING
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Document)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"slug": "a/b"},
        {"kind": "poem"},
        {"version": "4/2"},
        {"lang": "English"},
        {"visibility": "plan:b org:7 plan:a"},
        {"status": "gone"},
        {"product": "No Product"},
        {"summary": "x" * 601},
    ],
)
def test_what_is_wrong_is_refused(app: Flask, fields: dict[str, Any]) -> None:
    with app.app_context(), pytest.raises(Refused):
        add_document(FIELDS | fields, io.BytesIO(pdf(PAGES)), by=None, now=NOW)


def test_another_ids_place_is_refused(app: Flask) -> None:
    add(app)
    with pytest.raises(Refused):
        add(app, external_id="acme/2")


def test_a_job_that_runs_twice_does_no_harm(app: Flask) -> None:
    document = add(app)
    with app.app_context():
        run_due()
        row = db.session.scalars(select(Job).where(Job.kind == "read_document")).one()
        row.state = "pending"
        db.session.commit()
        run_due()
        assert db.session.get_one(Document, document.id).pages == 3
    app.extensions["search"].close()


def test_texts_are_tidied(app: Flask) -> None:
    assert add(app, title="  A\0 plan \n of quays ", summary=" x ").title == "A plan of quays"
