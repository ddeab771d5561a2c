"""HTML: a folder of pages, and what becomes of hostile ones."""

from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import ArticleFile
from knowledge.exchange.html_folder import read_html
from knowledge.exchange.html_text import convert
from knowledge.exchange.report import NotTaken, Report
from knowledge.exchange.taking import take_all
from portal.db import db, utcnow
from tests.pace import SECOND, loops
from tests.pictures import picture

PNG = picture()
PAGE = '<!DOCTYPE html><html lang="{lang}"><head><title>{title}</title></head><body>{body}</body></html>'


def put(folder: Path, name: str, body: str = "<p>Text.</p>", title: str = "A title", lang: str = "en") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE.format(lang=lang, title=title, body=body))


def take(folder: Path, lang: str | None = None, collection: str = "") -> Report:
    return take_all(read_html(folder, lang=lang, collection=collection), now=utcnow())


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a*b_c [x](y) &lt;script&gt;</p>", r"a\*b\_c \[x\](y) \<script\>"),
        ("<p>1. no list</p><p># no heading</p>", "1\\. no list\n\n\\# no heading"),
        ("<h2>Über <a class='headerlink' href='#x'>¶</a></h2>", "## Über"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n  - b"),
        (
            "<table><tr><th>A</th></tr><tr><td>x|<code>a|b</code></td></tr></table>",
            "| A |\n| --- |\n| x\\|`a\\|b` |",
        ),
        ('<pre class="highlight-python"><code>def x():\n    1\n</code></pre>', "```python\ndef x():\n    1\n```"),
        ("<pre>```</pre>", "````\n```\n````"),
        ('<div class="admonition warning"><p>Mind.</p></div>', "> [!WARNING]\n>\n> Mind."),
        ("<dl><dt>T</dt><dd>d</dd></dl>", "**T**\n\nd"),
        ('<a href="javascript:alert(1)">x</a><script>y</script><style>z</style>', "x"),
        ('<div class="navheader">nav</div><p>t</p>', "t"),
    ],
)
def test_elements_become_markdown(html: str, expected: str) -> None:
    assert convert(f"<body>{html}</body>").body == expected


def test_what_markdown_has_no_word_for_is_named() -> None:
    page = convert("<body><iframe src=x></iframe><iframe></iframe><table><tr><td colspan=2>a</td></tr></table></body>")
    assert page.left_out == ("iframe (2)", "merged table cells")


@pytest.mark.parametrize(
    "nasty",
    [
        *("<div>" * 20_000, "<" * 100_000, "<!--" * 25_000, "<table><tr><td>" * 7000, "<!​[" * 33_000, "&amp" * 25_000),
        *("<a " + "x " * 50_000, "<p title='" * 10_000, "<table>" + "<tr><td>x" * 11_000, "<br>" * 25_000),
        *("<b>" * 90 + "<p>x" * 20_000, "<img src=x>" * 9000, "*_" * 50_000, "<ul><li>" * 12_000, "<title>" * 14_000),
        *("<html " * 16_000, "<meta " * 16_000, "<code>`|</code>" * 6600, "<pre>" + "`" * 99_000, "<h1>x" * 20_000),
    ],
    ids=range(20),
)
def test_a_nasty_page_costs_little(nasty: str) -> None:
    convert("<p>x</p>")  # the libraries are loaded

    def once() -> None:
        with suppress(NotTaken):
            convert(nasty)

    assert loops(once) < SECOND


def test_pages_link_to_each_other_and_bring_their_images(app: Flask, tmp_path: Path) -> None:
    put(
        tmp_path,
        "index.html",
        '<h1>Start</h1><a href="sub/wi%20fi.html#top">on</a> <a href="gone.html">off</a>',
        "Start",
    )
    put(tmp_path, "sub/wi fi.html", '<p><img src="../a.png" alt="A"> <a href="../index.html">back</a></p>')
    (tmp_path / "a.png").write_bytes(PNG)
    with app.app_context():
        report = take(tmp_path, collection="help")
        assert (report.added, report.problems, list(map(str, report.losses))) == (
            2,
            [],
            ["index.html: link to gone.html"],
        )
        bodies = dict(db.session.execute(db.select(Article.slug, Article.body)).all())  # type: ignore[arg-type]
        assert bodies["help-index"] == "[on](/kb/help-sub-wi-fi) off"
        file = db.session.execute(db.select(ArticleFile)).scalar_one()
        assert f"![A](/kb/files/{file.token}/a.png) [back](/kb/help-index)" in bodies["help-sub-wi-fi"]
        assert db.session.scalars(db.select(Category.titles)).all() == [{"en": "Sub"}]
        assert take(tmp_path, collection="help").unchanged == 2


def test_translations_share_the_address_whichever_comes_first(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "de/start.html", title="Начало", lang="ru")
    put(tmp_path, "en/start.html")
    with app.app_context():
        assert "its original is not here: h/en/start" in str(take(tmp_path / "de", collection="h").losses[0])
        take(tmp_path / "en", collection="h")
        assert take(tmp_path / "de", collection="h").unchanged == 1
        rows = db.session.execute(db.select(Article.slug, Article.lang, Article.translation_of_id)).all()
        assert {(row.slug, row.lang, row.translation_of_id is None) for row in rows} == {
            ("h-start", "en", True),
            ("h-start", "ru", False),
        }


@pytest.mark.parametrize("name", ["../secret.png", "%2e%2e/secret.png", "/../secret.png", "link.png", "x%00.png"])
def test_images_outside_of_the_folder_stay_there(app: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    put(tmp_path / "in", "a.html", f'<p>t</p><img src="{name}">')
    (tmp_path / "in/link.png").symlink_to(tmp_path / "secret.png")
    with app.app_context():
        report = take(tmp_path / "in")
        assert report.added == 1 and report.losses
        assert db.session.scalar(db.select(db.func.count()).select_from(ArticleFile)) == 0


def test_links_out_of_the_folder_are_refused(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "secret.html")
    put(tmp_path, "in/a.html")
    (tmp_path / "in/b.html").symlink_to(tmp_path / "secret.html")
    with app.app_context():
        report = take(tmp_path / "in")
    assert report.added == 1 and str(report.problems[0]) == "b.html: is a link out of the folder"


def test_encodings_are_found_out_and_said(app: Flask, tmp_path: Path) -> None:
    head = '<html lang="ru"><head><meta charset="{}"><title>Сеть</title></head><body>Привет</body>'
    (tmp_path / "a.html").write_bytes(head.format("koi8-r").encode("koi8-r"))
    (tmp_path / "b.html").write_bytes(head.format("").encode("utf-16"))
    (tmp_path / "c.html").write_bytes(head.format("").encode("cp1251"))
    with app.app_context():
        report = take(tmp_path)
        assert {str(loss) for loss in report.losses} >= {
            "a.html: it was koi8-r, not UTF-8",
            "b.html: it was utf-16, not UTF-8",
        }
        assert [str(problem) for problem in report.problems] == ["c.html: the file is not UTF-8"]
        assert set(db.session.scalars(db.select(Article.body))) == {"Привет"}


def test_two_folders_of_one_name_do_not_mix(app: Flask, tmp_path: Path) -> None:
    put(tmp_path, "one/html/a.html")
    put(tmp_path, "two/html/a.html", "<p>Other.</p>")
    with app.app_context():
        take(tmp_path / "one/html")
        report = take(tmp_path / "two/html")
        assert report.added == 0 and "--collection" in report.problems[0].reason
        assert take(tmp_path / "two/html", collection="two").added == 1
