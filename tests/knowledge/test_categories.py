"""Categories, their sections, and the way from one article to the next, in the editors' order."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article, Category
from knowledge.edition import Edition
from portal.db import db

Write = Callable[..., str]


@pytest.fixture
def quays(app: Flask, write: Write) -> Callable[..., None]:
    """`quays(north="Ropes, Bollards")` puts a section below the category and articles into it, in this order."""

    def arrange(**sections: str) -> None:
        for slug, titles in sections.items():
            for title in titles.split(", "):
                write(slug=title.lower(), title=title, category=slug, body="Text.")
        with app.app_context():
            top = db.session.scalars(db.select(Category).filter_by(slug="quays")).one()
            for place, (slug, titles) in enumerate(sections.items()):
                category = db.session.scalars(db.select(Category).filter_by(slug=slug)).one()
                category.titles, category.position = {"en": slug.capitalize()}, place
                if slug != "quays":
                    category.parent_id = top.id
                for position, title in enumerate(titles.split(", ")):
                    where = Article.slug == title.lower()
                    db.session.execute(db.update(Article).where(where).values(position=position))
            Edition.advance()
            db.session.commit()

    return arrange


def links(page: str, within: str = "<main") -> list[str]:
    return re.findall(r'<a href="/kb/([\w-]+)"', page.split(within)[1])


def test_a_category_shows_its_own_articles_then_its_sections(client: FlaskClient, quays: Callable[..., None]) -> None:
    quays(quays="Plan, Anchor", south="Ropes", north="Nets, Bollards")
    page = client.get("/kb/category/quays").text
    assert links(page) == ["plan", "anchor", "ropes", "nets", "bollards"]
    assert page.index(">South</h2>") < page.index(">North</h2>")
    assert '<a href="/kb/category/quays">Quays</a>' in client.get("/kb/category/north").text


def test_newest_first_leaves_the_sections_aside(client: FlaskClient, quays: Callable[..., None]) -> None:
    quays(quays="Plan", north="Nets, Bollards")
    page = client.get("/kb/category/quays?sort=updated").text
    assert sorted(links(page)) == ["bollards", "nets", "plan"] and "North</h2>" not in page


def test_the_index_counts_sections_with_their_category(client: FlaskClient, quays: Callable[..., None]) -> None:
    quays(quays="Plan", north="Nets, Bollards")
    page = client.get("/kb/").text
    assert "All 3 articles" in page and '<a href="/kb/category/north">North</a>' in page
    assert page.count('class="card"') == 1
    assert "3 articles" in client.get("/").text


def test_a_category_with_articles_in_its_sections_alone_is_there(
    app: Flask, client: FlaskClient, quays: Callable[..., None]
) -> None:
    quays(quays="Plan", north="Nets")
    with app.app_context():
        db.session.execute(db.delete(Article).where(Article.slug == "plan"))
        Edition.advance()
        db.session.commit()
    assert links(client.get("/kb/category/quays").text) == ["nets"]
    assert "Quays" in client.get("/kb/").text


def test_the_page_leads_to_the_next_and_the_previous_of_its_section(
    client: FlaskClient, quays: Callable[..., None]
) -> None:
    quays(quays="Plan", north="Nets, Bollards, Cranes")
    page = client.get("/kb/bollards").text
    assert '<a rel="prev" href="/kb/nets">' in page and '<a rel="next" class="after" href="/kb/cranes">' in page
    assert 'rel="prev"' not in client.get("/kb/nets").text and 'rel="next"' not in client.get("/kb/cranes").text
    assert "Quays</a>" in page and "North</a>" in page  # the way here
    assert 'class="beside"' not in client.get("/kb/plan").text


def test_titles_decide_where_the_editors_gave_no_order(client: FlaskClient, write: Write) -> None:
    for title in ("beta", "Alpha", "Gamma"):
        write(slug=title.lower(), title=title, category="quays")
    assert 'rel="next" class="after" href="/kb/gamma"' in client.get("/kb/beta").text
    assert 'rel="prev" href="/kb/alpha"' in client.get("/kb/beta").text


@pytest.mark.parametrize("hidden", [{"visibility": "staff"}, {"status": "draft"}, {"status": "archived"}])
def test_hidden_things_leave_no_trace(
    client: FlaskClient,
    as_: Callable[[str], FlaskClient],
    quays: Callable[..., None],
    write: Write,
    hidden: dict[str, Any],
) -> None:
    quays(quays="Plan", north="Nets, Bollards, Cranes", west="Vault")
    write(slug="bollards", title="Bollards", category="north", tags=("x",), **hidden)
    write(slug="vault", title="Vault", category="west", tags=("x",), **hidden)
    write(slug="nets", title="Nets", category="north", tags=("x",))
    for browser in (client, as_("customer")):
        pages = "".join(
            browser.get(path).text
            for path in ("/", "/kb/", "/kb/category/quays", "/kb/category/north", "/kb/category/all", "/kb/nets")
        )
        assert "Bollards" not in pages and "Vault" not in pages and "category/west" not in pages
        assert 'rel="next" class="after" href="/kb/cranes"' in browser.get("/kb/nets").text
        assert "All 3 articles" in browser.get("/kb/").text
        assert browser.get("/kb/category/west").status_code == 404


def test_related_articles_stand_in_other_sections_too(
    client: FlaskClient, quays: Callable[..., None], write: Write
) -> None:
    quays(quays="Plan", north="Nets", west="Vault")
    write(slug="vault", title="Vault", category="west", tags=("knot",))
    write(slug="nets", title="Nets", category="north", tags=("knot",))
    assert links(client.get("/kb/nets").text, 'id="related"')[:2] == ["vault", "plan"]
