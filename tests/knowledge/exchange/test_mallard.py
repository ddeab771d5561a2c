"""Importing Mallard pages."""

from pathlib import Path

import pytest
from flask import Flask

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile
from knowledge.exchange.mallard import import_mallard, read_page, to_markdown
from knowledge.exchange.markdown import NotTaken
from portal.db import db, utcnow
from tests.pictures import picture

PAGE = """<page xmlns="http://projectmallard.org/1.0/" type="topic" id="{id}">
<info><link type="guide" xref="{guide}"/><revision date="2026-05-04"/><desc>All about {id}.</desc></info>
<title>{title}</title>{body}</page>"""


def page(id: str, guide: str = "index", title: str = "A title", body: str = "<p>Text.</p>") -> str:
    return PAGE.format(id=id, guide=guide, title=title, body=body)


def markdown(body: str) -> str:
    root = read_page(page("x", body=body).encode())
    return to_markdown(root, lambda xref: f"/kb/{xref}" if xref == "known" else "").strip()


def test_pages_become_articles_under_the_guides_of_the_index(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "index.page").write_text(page("index", guide="", title="Help"))
    (tmp_path / "net.page").write_text(page("net", title="Network"))
    (tmp_path / "wifi.page").write_text(page("wifi", guide="net#top", title="Wi-Fi"))
    with app.app_context():
        report = import_mallard(tmp_path, lang="en", now=utcnow(), collection="help")
        assert (report.added, report.problems) == (3, [])
        article = db.session.execute(db.select(Article).filter_by(slug="wifi")).scalar_one()
        assert (article.external_id, article.summary) == ("help/en/wifi", "All about wifi.")
        assert article.category and article.category.titles == {"en": "Network"}
        assert article.updated_at.date().isoformat() == "2026-05-04"


def test_a_page_of_a_reserved_name_gets_that_of_its_collection_before_it(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "files.page").write_text(page("files"))
    (tmp_path / "a.page").write_text(page("a", body='<p><link xref="files">on</link></p>'))
    with app.app_context():
        assert import_mallard(tmp_path, lang="en", now=utcnow(), collection="help").problems == []
        assert set(db.session.scalars(db.select(Article.slug))) == {"a", "help-files"}
        assert "[on](/kb/help-files)" in (db.session.scalar(db.select(Article.body).filter_by(slug="a")) or "")


def test_figures_come_along(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    media = '<media type="image" src="a.png"><p>A lamp</p></media><media type="video" src="b.webm"/>'
    (tmp_path / "a.page").write_text(page("a", body=media))
    with app.app_context():
        report = import_mallard(tmp_path, lang="en", now=utcnow(), collection="help")
        token = db.session.scalar(db.select(ArticleFile.token))
        assert f"![A lamp](/kb/files/{token}/a.png)" in (db.session.scalar(db.select(Article.body)) or "")
        assert [str(loss) for loss in report.losses] == ["a.page: video b.webm"]


def test_translations_find_their_originals_and_name_the_categories(app: Flask, tmp_path: Path) -> None:
    for lang, title in (("en", "Network"), ("de", "Netzwerk")):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "net.page").write_text(page("net", title=title))
        with app.app_context():
            import_mallard(tmp_path / lang, lang=lang, now=utcnow(), collection="help")
            db.session.commit()
    with app.app_context():
        german = db.session.execute(db.select(Article).filter_by(lang="de")).scalar_one()
        assert german.translation_of_id and german.slug == "net"
        assert db.session.execute(db.select(Category.titles)).scalar_one() == {"en": "Network", "de": "Netzwerk"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>Press <key>F1</key>  now.</p>", "Press `F1` now."),
        ("<p><guiseq><gui>File</gui><gui>Open</gui></guiseq></p>", "**File → Open**"),
        ("<p>a <gui>b</gui> <em>c</em></p>", "a **b** *c*"),
        ('<p><link xref="known">k</link> <link xref="lost">l</link></p>', "[k](/kb/known) l"),
        ('<p><link href="javascript:alert(1)">x</link></p>', "x"),
        ("<p>*a* _b_ [c](d) &lt;script&gt;</p>", r"\*a\* \_b\_ \[c\](d) \<script\>"),
        ("<steps><item><p>One</p></item><item><p>Two</p></item></steps>", "1. One\n2. Two"),
        ("<list><item><p>One</p><p>More</p></item></list>", "- One\n  \n  More"),
        ("<note style='warning'><p>Mind.</p></note>", "> [!WARNING]\n>\n> Mind."),
        ("<screen>ls -l\n  x</screen>", "```\nls -l\n  x\n```"),
        ("<section><title>S</title><p>t</p></section>", "## S\n\nt"),
        ("<terms><item><title>T</title><p>d</p></item></terms>", "- **T**\n  \n  d"),
        ("<table><tr><td><p>a</p></td><td><p>b|c</p></td></tr></table>", "| a | b\\|c |\n| --- | --- |"),
        ("<p>1. no list</p>", r"1\. no list"),
        ("<comment><p>kept</p></comment>", "kept"),
    ],
)
def test_elements_become_markdown(body: str, expected: str) -> None:
    assert markdown(body) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"<page>", "not well-formed"),
        (b"<html/>", "no Mallard page"),
        (b"\xff\xfe<\x00", "not UTF-8"),
        (b'<!DOCTYPE page [<!ENTITY x SYSTEM "file:///etc/passwd">]><page>&x;</page>', "DTD"),
        ('<!DOCTYPE page [<!ENTITY x "y">]><page>&x;</page>'.encode("utf-16"), "not UTF-8"),
        (b"x" * (1024 * 1024 + 1), "longer than 1 MB"),
    ],
)
def test_what_is_no_page_or_declares_entities_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(NotTaken, match=reason):
        read_page(text)


def test_a_bad_page_leaves_the_others_alone(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "good.page").write_text(page("good"))
    (tmp_path / "bad.page").write_text("<page")
    (tmp_path / "untitled.page").write_text(page("untitled", title=""))
    with app.app_context():
        report = import_mallard(tmp_path, lang="en", now=utcnow())
    assert report.added == 1
    assert [problem.file for problem in report.problems] == ["bad.page", "untitled.page"]
