"""Importing a folder of Markdown."""

from pathlib import Path

import pytest
from flask import Flask

from knowledge.articles.article import Article, Category
from knowledge.exchange.markdown import NotTaken, import_folder
from portal.db import db, utcnow

GOOD = "---\ntitle: Lamps\nlang: en\ntags: [light, 407]\nupdated: 2026-10-12\n---\n\nText.\n"
BAD = {
    "no front matter": ("Just text.\n", "no front matter"),
    "torn front matter": ("---\ntitle: [\n---\nText\n", "line"),
    "unknown key": ("---\ntitle: A\nlang: en\ncolour: red\n---\n", "unknown key in the front matter: colour"),
    "no language": ("---\ntitle: A\n---\n", "language is missing"),
    "no title": ("---\nlang: en\n---\nText\n", "title is missing"),
    "tags": ("---\ntitle: A\nlang: en\ntags: one\n---\n", "tags must be a list"),
    "date": ("---\ntitle: A\nlang: en\nupdated: soon\n---\n", "no date"),
    "category": ("---\ntitle: A\nlang: en\ncategory: x\n---\n", "no category"),
    "list": ("---\ntitle: [a]\nlang: en\n---\n", "title must be a single text"),
    "boolean": ("---\ntitle: A\nlang: en\nmachine_translated: perhaps\n---\n", "true or false"),
    "NUL": ("---\ntitle: A\nlang: en\n---\nText\0\n", "can't be kept"),
    "NUL in a title": ('---\ntitle: "\\0"\nlang: en\n---\nText\n', "can't be kept"),
    "too long": ("---\ntitle: A\nlang: en\n---\n" + "x" * 70_000, "64 KB"),
    "address": ("---\ntitle: A\nlang: en\nslug: Übersicht\n---\n", "can't be an address"),
}


def put(folder: Path, name: str, text: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_files_become_articles(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "en/quays/lamps.md", GOOD)
    with app.app_context():
        report = import_folder(tmp_path, now=utcnow())
        article = db.session.execute(db.select(Article)).scalar_one()
        assert (report.added, report.problems) == (1, [])
        assert (article.external_id, article.slug, article.tags) == ("en/lamps", "lamps", ["light", "407"])
        assert article.updated_at.isoformat() == "2026-10-12T12:00:00+00:00"


def test_importing_again_changes_only_what_changed(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "lamps.md", GOOD)
    put(tmp_path, "masts.md", GOOD.replace("Lamps", "Masts"))
    with app.app_context():
        import_folder(tmp_path, now=utcnow())
        put(tmp_path, "masts.md", GOOD.replace("Text", "More text"))
        report = import_folder(tmp_path, now=utcnow())
        assert (report.added, report.changed, report.unchanged) == (0, 1, 1)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_reported_with_its_reason_and_the_others_taken(app: Flask, tmp_path: Path, name: str) -> None:
    text, reason = BAD[name]
    put(tmp_path, "bad.md", text)
    put(tmp_path, "good.md", GOOD)
    with app.app_context():
        report = import_folder(tmp_path, now=utcnow())
    assert report.added == 1
    (problem,) = report.problems
    assert problem.file == "bad.md" and reason in problem.reason, str(problem)


def test_bytes_that_are_no_text_are_reported(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "bad.md", b"---\ntitle: \xff\xfe\n---\n")
    with app.app_context():
        (problem,) = import_folder(tmp_path, now=utcnow()).problems
    assert problem.reason == "the file is not UTF-8"


def test_front_matter_makes_no_objects(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "bad.md", "---\ntitle: !!python/object/apply:os.system ['false']\nlang: en\n---\n")
    with app.app_context():
        (problem,) = import_folder(tmp_path, now=utcnow()).problems
    assert "can't be read" in problem.reason


def test_one_id_is_one_file(app: Flask, tmp_path: Path) -> None:
    for name in ("a/lamps.md", "b/lamps.md"):
        put(tmp_path, name, GOOD)
    with app.app_context():
        report = import_folder(tmp_path, now=utcnow())
    assert report.added == 1 and "same id as a/lamps.md" in report.problems[0].reason


def test_categories_come_along(app: Flask, tmp_path: Path) -> None:
    put(
        tmp_path,
        "categories.toml",
        '[[category]]\nslug = "quays"\nen = { title = "Quays" }\n\n[[category]]\norder = 1\n',
    )
    with app.app_context():
        report = import_folder(tmp_path, now=utcnow())
        assert db.session.execute(db.select(Category.titles)).scalar_one() == {"en": "Quays"}
    assert str(report.problems[0]) == "categories.toml: category 2 lacks 'slug'"


def test_a_folder_that_is_none_is_said(app: Flask, tmp_path: Path) -> None:
    with app.app_context(), pytest.raises(NotTaken, match="is no folder"):
        import_folder(tmp_path / "nowhere", now=utcnow())
