"""Translations: which one is shown, what is said about it, and the original beside it (R1)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article
from knowledge.articles.comparing import align
from knowledge.articles.rendering import blocks
from knowledge.edition import Edition
from portal.db import db

Write = Callable[..., str]
ENGLISH = "Lights.\n\n## Bulbs\n\nChange them.\n\n- one\n- two\n\n## Masts\n\nHigh."
GERMAN = "Lichter.\n\n## Birnen\n\nWechseln.\n\n- eins\n- zwei\n\n## Masten\n\nHoch."


def translate(write: Write, **fields: object) -> None:
    write(body=ENGLISH)
    write(lang="de", title="Hafenlichter", body=GERMAN, translation_of="en/harbour", **fields)


def revise(app: Flask, original: int, translated: int | None) -> None:
    with app.app_context():
        changed = {"revision": original, "updated_at": datetime(2026, 5, 3, 12, tzinfo=UTC)}
        db.session.execute(db.update(Article).where(Article.lang == "en").values(**changed))
        db.session.execute(db.update(Article).where(Article.lang == "de").values(translated_revision=translated))
        Edition.advance()
        db.session.commit()


def test_a_translation_says_that_its_original_changed_since(app: Flask, client: FlaskClient, write: Write) -> None:
    translate(write)
    for original, translated, is_behind in ((2, 1, True), (2, 2, False), (2, None, False), (0, 0, False)):
        revise(app, original, translated)
        page = client.get("/kb/harbour?in=de").text
        assert ("This translation is behind" in page) is is_behind
    revise(app, 3, 2)
    shown = r"The original changed on <time [^>]+>3 May 2026</time>[:.]"
    for page in ("/kb/harbour?in=de", "/kb/harbour/compare?in=de"):
        assert re.search(shown, client.get(page).text)
    assert "This translation is behind" not in client.get("/kb/harbour?in=en").text


def test_side_by_side_is_aligned_by_paragraphs(client: FlaskClient, write: Write) -> None:
    translate(write, machine_translated=True)
    assert "/kb/harbour/compare?in=de" in client.get("/kb/harbour?in=de").text
    page = client.get("/kb/harbour/compare?in=de").text
    assert page.count('class="compare-row"') == 6
    row = next(row for row in page.split('class="compare-row"') if "Birnen" in row)
    assert "<h2>Bulbs</h2>" in row and "<h2>Birnen</h2>" in row
    assert 'lang="en" dir="auto"><p>Change them.' in page and 'lang="de" dir="auto"><p>Wechseln.' in page
    assert "the original prevails" in page


def test_an_original_has_nothing_beside_it(client: FlaskClient, write: Write) -> None:
    translate(write)
    answer = client.get("/kb/harbour/compare")
    assert answer.status_code == 302 and answer.location == "/kb/harbour"
    assert client.get("/kb/nothing/compare").status_code == 404


def test_an_original_that_is_hidden_is_neither_shown_nor_hinted_at(
    app: Flask, client: FlaskClient, write: Write
) -> None:
    translate(write, machine_translated=True)
    write(body=ENGLISH, title="A secret", visibility="staff")
    revise(app, 5, 1)
    page = client.get("/kb/harbour?in=de").text
    assert "Hafenlichter" in page and "the original prevails" in page
    assert "A secret" not in page and "behind" not in page and "compare" not in page and 'hreflang="en"' not in page
    assert client.get("/kb/harbour/compare?in=de").status_code == 302


def test_texts_that_are_built_otherwise_are_aligned_by_section() -> None:
    rows = align(blocks("a\n\n## B\n\nb\n\nc\n\n## D\n\nd"), blocks("A\n\n## B\n\nB\n\n## D\n\nD\n\n## E\n\nE"))
    left, right = (
        [side.split(">")[1].split("<")[0] for side in sides if side]
        for sides in zip(*((r.left, r.right) for r in rows), strict=True)
    )
    assert left == ["a", "B", "D", "d"] and right == ["A", "B", "D", "D", "E"]
    assert "<p>c</p>" in rows[1].left and rows[-1].left == ""


def test_footnotes_are_one_block() -> None:
    found = blocks("a[^1] b[^2]\n\n[^1]: One\n\n[^2]: Two")
    assert len(found) == 2 and "One" in found[1].html and "Two" in found[1].html


def test_no_id_stands_twice_beside_each_other() -> None:
    both = "".join(block.html for block in blocks("## A\n\nx[^1] [there](#a)\n\n::: tabs\n== W\nx\n:::\n\n[^1]: Note"))
    assert ' id="' not in both and 'href="#' not in both and "header-anchor" not in both
