"""Importing a folder of manuals."""

from pathlib import Path

from flask import Flask

from knowledge.cli import import_
from knowledge.documents.document import Document, DocumentAddress
from knowledge.documents.writing import archive, edit_document
from knowledge.exchange.manuals import read_documents, take_document
from knowledge.exchange.manuals_out import export_documents
from portal.db import db, utcnow, writing
from tests.knowledge.exchange.conftest import Run

LIST = """
[[document]]
file = "guide.txt"
slug = "guide"
title = "Guide"
version = "4.2"
lang = "en"
visibility = "signed-in"

[[document]]
file = "../secret.txt"
slug = "secret"
title = "Secret"

[[document]]
file = "guide.txt"
title = "No address"
"""


def test_a_folder_of_manuals_is_taken_once(app: Flask, run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "guide.txt").write_text("How to")
    (folder / "documents.toml").write_text(LIST)
    assert "1 documents taken" in run(import_, "documents", folder, "--dry-run").output
    for _ in range(2):
        result = run(import_, "documents", folder)
        assert result.exit_code == 3 and "1 documents taken, 2 not taken" in result.output
        assert "lies outside of the folder" in result.output and "slug is missing" in result.output
    with app.app_context():
        document = db.session.execute(db.select(Document)).scalar_one()
        assert (document.title, document.version, document.visibility) == ("Guide", "4.2", "signed-in")


def test_a_folder_without_a_list_is_said(run: Run, tmp_path: Path) -> None:
    result = run(import_, "documents", tmp_path)
    assert result.exit_code == 1 and "documents.toml" in result.output


def documents() -> list[tuple[object, ...]]:
    columns = (Document.external_id, Document.slug, Document.kind, Document.product, Document.version, Document.lang)
    texts = (Document.title, Document.summary, Document.visibility, Document.status, Document.filename, Document.sha256)
    return [tuple(row) for row in db.session.execute(db.select(*columns, *texts).order_by(Document.external_id))]


def test_an_export_read_back_is_the_same(demo: Flask, tmp_path: Path) -> None:
    with demo.app_context(), writing():
        [first, *_] = db.session.scalars(db.select(Document).order_by(Document.id))
        edit_document(first, {"slug": "guide-of-beacon", "visibility": "org:7 plan:business"}, now=utcnow())
        archive(first, now=utcnow())
        before, out = documents(), tmp_path / "out"
        assert export_documents(out) == (len(before), [])
        db.session.execute(db.delete(DocumentAddress))
        db.session.execute(db.delete(Document))
        db.session.expunge_all()
        for _name, table in read_documents(out):
            take_document(out, table, now=utcnow())
        assert documents() == before
        assert db.session.scalars(db.select(DocumentAddress.slug)).all() == ["beacon-handbook"]
        export_documents(again := tmp_path / "again")
        assert (again / "documents.toml").read_bytes() == (out / "documents.toml").read_bytes()
        db.session.rollback()
