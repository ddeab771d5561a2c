"""What other help centres export: Zendesk's JSON and StackExchange's posts."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import get_locale

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile
from knowledge.exchange import stack_exchange
from knowledge.exchange.report import NotTaken, Report
from knowledge.exchange.stack_exchange import read_posts
from knowledge.exchange.taking import take_all
from knowledge.exchange.zendesk import read_help_center
from portal.db import db, utcnow
from tests.pictures import picture

ARTICLE: dict[str, Any] = {
    "id": 11,
    "title": "Lampen",
    "body": '<a href="https://x.zendesk.com/hc/de/articles/12-M">masts</a> <img src="/hc/article_attachments/7">',
    "locale": "de",
    "source_locale": "de",
    "section_id": 2,
    "user_segment_id": None,
    "draft": False,
    "label_names": ["light"],
    "position": 3,
    "updated_at": "2026-10-12T08:00:00Z",
}
SHELVES = {
    "sections": [{"id": 2, "name": "Quays", "locale": "de", "category_id": 1, "parent_section_id": None}],
    "categories": [{"id": 1, "name": "Harbour", "locale": "de", "description": "<b>All</b>"}],
    "user_segments": [
        {"id": 5, "name": "Signed in", "user_type": "signed_in_users"},
        {"id": 6, "name": "Gold", "user_type": "signed_in_users", "tags": ["gold"]},
    ],
}


def center(folder: Path, *articles: dict[str, Any], **more: Any) -> Report:
    file = folder / "help.json"
    file.write_text(json.dumps({"articles": [ARTICLE | article for article in articles], **SHELVES, **more}))
    return take_all(read_help_center(file), now=utcnow())


def test_a_help_center_comes_with_shelves_translations_and_files(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "attachments").mkdir()
    (tmp_path / "attachments/a.png").write_bytes(picture())
    translation = {"id": 1, "source_id": 11, "source_type": "Article", "locale": "en-us", "title": "Lamps", "body": "x"}
    files = [
        {"id": 7, "article_id": 11, "file_name": "a.png", "inline": True},
        {"id": 8, "article_id": 11, "file_name": "b.pdf", "content_url": "https://x/8", "inline": False},
    ]
    with app.app_context():
        report = center(
            tmp_path, {}, {"id": 12, "title": "Мачты"}, translations=[translation], article_attachments=files
        )
        assert (report.added, report.problems) == (3, [])
        assert "attachment that is not in the export: b.pdf" in "".join(map(str, report.losses))
        rows = {row.external_id: row for row in db.session.scalars(db.select(Article))}
        german, english = rows["help/11/de"], rows["help/11/en"]
        file = db.session.execute(db.select(ArticleFile).filter_by(article_id=german.id)).scalar_one()
        assert f"[masts](/kb/machty) ![](/kb/files/{file.token}/a.png)" in german.body
        assert (english.slug, english.translation_of_id) == (german.slug, german.id) == ("lampen", german.id)
        assert (german.position, german.tags, german.updated_at.isoformat()) == (
            3,
            ["light"],
            "2026-10-12T08:00:00+00:00",
        )
        section = db.session.execute(db.select(Category).filter_by(slug="help-section-2")).scalar_one()
        assert german.category_id == section.id and section.parent_id
        assert (
            center(
                tmp_path, {}, {"id": 12, "title": "Мачты"}, translations=[translation], article_attachments=files
            ).changed
            == 0
        )


@pytest.mark.parametrize(
    ("fields", "visibility", "status"),
    [
        ({}, "public", "published"),
        ({"user_segment_id": 5}, "signed-in", "published"),
        ({"user_segment_id": 6}, "staff", "published"),
        ({"user_segment_id": 404}, "staff", "published"),
        ({"user_segment_ids": [5, 6]}, "staff", "published"),
        ({"draft": True}, "public", "draft"),
    ],
)
def test_nobody_reads_more_than_before(
    app: Flask, tmp_path: Path, fields: dict[str, Any], visibility: str, status: str
) -> None:
    with app.app_context():
        report = center(tmp_path, fields)
        article = db.session.execute(db.select(Article)).scalar_one()
        assert (article.visibility, article.status) == (visibility, status)
        assert ("for staff only" in "".join(map(str, report.losses))) == (visibility == "staff")


def test_an_article_without_a_word_on_its_readers_is_for_staff(app: Flask, tmp_path: Path) -> None:
    article = {key: value for key, value in ARTICLE.items() if key != "user_segment_id"}
    (tmp_path / "a.json").write_text(json.dumps({"articles": [article]}))
    (tmp_path / "b.json").write_text("{")
    with app.app_context():
        report = take_all(read_help_center(tmp_path), now=utcnow())
        assert db.session.scalar(db.select(Article.visibility)) == "staff"
        assert report.problems[0].file == "b.json"


POSTS = """<?xml version="1.0" encoding="utf-8"?>
<posts>
  <row Id="9" PostTypeId="2" ParentId="1" Score="9" Body="&lt;p&gt;Best&lt;/p&gt;" />
  <row Id="1" PostTypeId="1" AcceptedAnswerId="3" CreationDate="2026-01-02T03:04:05.678" Score="1"
    Title="Why? &lt;b&gt;" Tags="&lt;linux&gt;&lt;du&gt;" Body="&lt;p&gt;Ask &lt;code&gt;x|y&lt;/code&gt;&lt;/p&gt;" />
  <row Id="2" PostTypeId="1" Title="Lonely" Body="x" Tags="|a|" />
  <row Id="3" PostTypeId="2" ParentId="1" Score="-2" Body="&lt;p&gt;Taken&lt;/p&gt;" />
  <row Id="4" PostTypeId="2" ParentId="1" Score="-5" Body="bad" />
  <row Id="5" PostTypeId="1" Title="Why? B" Body="x" /><row Id="6" PostTypeId="2" ParentId="5" Body="y" />
  <row Id="7" PostTypeId="4" Body="wiki" /><row Id="x" PostTypeId="1" />
</posts>"""


def posts(folder: Path, text: str = POSTS, lang: str = "en") -> Report:
    (folder / "Posts.xml").write_text(text)
    return take_all(read_posts(folder, collection="unix", lang=lang), now=utcnow())


def test_a_question_and_its_best_answers_are_one_article(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        report = posts(tmp_path)
        assert report.added == 2 and [str(problem) for problem in report.problems] == [
            "Posts.xml: question 2: it has no answer"
        ]
        article = db.session.execute(db.select(Article).filter_by(external_id="unix/1")).scalar_one()
        assert (article.title, article.tags) == ("Why? <b>", ["linux", "du"])
        assert article.body == "Ask `x|y`\n\n## Accepted answer\n\nTaken\n\n## Another answer\n\nBest"
        assert set(db.session.scalars(db.select(Article.slug))) == {"why-b", "why-b-5"}
        assert posts(tmp_path).unchanged == 2


def test_what_stands_above_answers_is_in_their_language(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"Accepted answer": "Akzeptierte Antwort", "Another answer": "Weitere Antwort"}
    monkeypatch.setattr(
        stack_exchange, "gettext", lambda text: said.get(text, text) if str(get_locale()) == "de" else text
    )
    with app.app_context():
        assert posts(tmp_path, lang="de-AT").added == 2
        body = db.session.scalar(db.select(Article.body).filter_by(external_id="unix/1"))
        assert body == "Ask `x|y`\n\n## Akzeptierte Antwort\n\nTaken\n\n## Weitere Antwort\n\nBest"
        assert posts(tmp_path, lang="de-AT").unchanged == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (POSTS.replace("</posts>", ""), "no XML from line 11 on"),
        ('<!DOCTYPE p [<!ENTITY a "b">]>' + POSTS[39:], "declares a DTD or entities"),
        ('<!DOCTYPE p SYSTEM "file:///etc/passwd">' + POSTS[39:], "declares a DTD or entities"),
        ('<posts><row Id="' + "9" * 3_000_000, "a row of more than 1024 KB"),
    ],
)
def test_a_torn_or_hostile_file_is_said(app: Flask, tmp_path: Path, text: str, reason: str) -> None:
    with app.app_context():
        assert reason in str(posts(tmp_path, text).problems[-1])


def test_what_is_not_there_is_said(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        for read in (read_posts, read_help_center):
            with pytest.raises(NotTaken, match="there is no"):
                read(tmp_path)
