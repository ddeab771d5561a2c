"""Importing a folder of manuals."""

from pathlib import Path

from flask import Flask

from knowledge.cli import import_
from knowledge.documents.document import Document
from portal.db import db
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
