"""Hidden articles appear nowhere: no page, list, count, result, snippet, suggestion or correction."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article
from knowledge.edition import Edition
from knowledge.search.engine import engine
from knowledge.search.finding import Asked, _ask, _run
from knowledge.search.guidance import Pin
from knowledge.search.items import Scope
from knowledge.search.ranking import Preference, Question
from portal.audience import PUBLIC
from portal.db import db

SECRET = "zanzibarium"  # a word that stands in hidden articles alone
READERS = {
    "public": ("visitor", "customer", "stranger", "reseller", "agent", "editor", "admin"),
    "signed-in": ("customer", "stranger", "reseller", "agent", "editor", "admin"),
    "staff": ("agent", "editor", "admin"),
}
EVERYWHERE = (
    "/kb/",
    "/kb/category/quays",
    "/kb/category/all",
    "/kb/open",
    "/",
    f"/search?q={SECRET}",
    f"/search?q={SECRET}&language=en&product=beacon",
    f"/search?q={SECRET[:5]}",
    f"/search/suggest?q={SECRET[:5]}",
    f"/search/suggest?q={SECRET}",
    f"/api/search?q={SECRET}",
    "/search?q=zanzibarum",
    "/search?q=open",
    "/api/search?q=open",
)


def browser_of(name: str, app: Flask, as_: Callable[[str], FlaskClient]) -> FlaskClient:
    return app.test_client() if name == "visitor" else as_(name)


@pytest.mark.parametrize("visibility", READERS)
@pytest.mark.parametrize("reader", READERS["public"])
def test_readers_see_what_is_meant_for_them(
    app: Flask, as_: Callable[[str], FlaskClient], write: Callable[..., str], reader: str, visibility: str
) -> None:
    write(title=SECRET.capitalize(), visibility=visibility)
    browser = browser_of(reader, app, as_)
    may = reader in READERS[visibility]
    assert browser.get("/kb/harbour").status_code == (200 if may else 404)
    assert browser.get(f"/api/search?q={SECRET}").json["total"] == int(may)


@pytest.mark.parametrize(
    ("reader", "visibility"), [("visitor", "signed-in"), ("visitor", "staff"), ("customer", "staff")]
)
def test_the_hidden_word_is_nowhere(
    app: Flask, as_: Callable[[str], FlaskClient], write: Callable[..., str], reader: str, visibility: str
) -> None:
    hidden = {"title": f"The {SECRET}", "body": f"## {SECRET}\n\n{SECRET}", "summary": SECRET, "tags": (SECRET,)}
    write(slug="secret", visibility=visibility, category="quays", product="beacon", **hidden)
    write(slug="open", title="Open", category="quays", product="beacon")
    browser = browser_of(reader, app, as_)
    for path in EVERYWHERE:
        page = browser.get(path)
        shown = page.text.replace(f"q={SECRET}", "").replace(f'"{SECRET}"', "").replace(f"“{SECRET}”", "")
        shown = shown.replace(f"<title>{SECRET} ", "").replace(f"subject={SECRET}", "")
        assert SECRET not in shown.lower(), path
        assert "/kb/secret" not in page.text, path


def test_hidden_articles_are_not_counted(client: FlaskClient, write: Callable[..., str]) -> None:
    write(slug="open", title="Open", category="quays")
    write(slug="secret", title="Secret", category="quays", visibility="staff")
    assert "1 article" in client.get("/kb/").text
    assert client.get("/api/search?q=quay").json["total"] == 1


@pytest.mark.parametrize(("reader", "status"), [("visitor", 404), ("customer", 404), ("editor", 200), ("agent", 200)])
def test_a_category_of_hidden_articles_is_hidden(
    app: Flask, as_: Callable[[str], FlaskClient], write: Callable[..., str], reader: str, status: int
) -> None:
    write(slug="secret", title="Secret", category="quays", visibility="staff")
    assert browser_of(reader, app, as_).get("/kb/category/quays").status_code == status


def test_a_search_for_a_hidden_word_looks_like_one_for_a_word_nobody_wrote(
    client: FlaskClient, write: Callable[..., str]
) -> None:
    write(slug="secret", title=SECRET, visibility="staff")
    write(slug="open", title="Zanzibarier")
    pages = (client.get(f"/search?q={word}").text for word in (SECRET, "zanzibarius"))
    hidden, unheard = (re.sub(r' data-clicks="[^"]*"', "", page) for page in pages)  # signed, of the question
    assert hidden.replace(SECRET, "W") == unheard.replace("zanzibarius", "W")


def test_an_empty_set_of_rights_finds_nothing(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.test_request_context(), engine().opened(Edition.current()[0]) as searcher:
        asked = Asked(1, "harbour", Scope((PUBLIC,)), Preference("en", "en"), True)
        assert len(_ask(searcher, asked).hits) == 1
        assert not _ask(searcher, replace(asked, scope=Scope(()))).hits
        assert not _run(searcher, Question("harbour", ("en",)), Scope(()))


def test_rows_are_asked_again_when_the_index_lags(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    with app.app_context():  # hidden behind the indexer's back
        db.session.execute(db.update(Article).values(visibility="staff"))
        db.session.commit()
    assert client.get("/api/search?q=harbour").json["results"] == []
    assert "/kb/harbour" not in client.get("/search/suggest?q=harbour").text


@pytest.mark.parametrize(("reader", "shown"), [("visitor", 0), ("customer", 0), ("agent", 1)])
def test_a_pin_shows_nobody_what_is_hidden(
    app: Flask, as_: Callable[[str], FlaskClient], write: Callable[..., str], reader: str, shown: int
) -> None:
    write(slug="secret", title="Secret", visibility="staff")
    with app.app_context():
        article = db.session.scalars(db.select(Article)).one()
        db.session.add(Pin(folded="xylophone", item_id=article.id))
        Edition.advance()
        db.session.commit()
    assert browser_of(reader, app, as_).get("/api/search?q=xylophone").json["total"] == shown
