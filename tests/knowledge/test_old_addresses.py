"""Addresses of before: what moved is led to for ever, what was put away says so."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article
from knowledge.articles.revision import ArticleFile, OldAddress
from knowledge.edition import Edition
from portal.db import db

Write = Callable[..., str]


@pytest.fixture
def moved(app: Flask, write: Write) -> None:
    write()
    with app.app_context():
        article = db.session.scalars(db.select(Article)).one()
        db.session.add(OldAddress(slug="port", article_id=article.id))
        db.session.commit()


def test_an_old_address_leads_on_for_ever(client: FlaskClient, moved: None) -> None:
    answer = client.get("/kb/port")
    assert (answer.status_code, answer.location) == (301, "/kb/harbour")
    assert client.get("/kb/port?in=de&x=1").location == "/kb/harbour?in=de"
    assert client.get("/kb/port/compare?in=de").location == "/kb/harbour/compare?in=de"
    assert client.get("/kb/port?slug=evil&_external=1").location == "/kb/harbour"


def test_forms_of_an_old_page_still_arrive(client: FlaskClient, moved: None) -> None:
    answer = client.post("/kb/port/helpful", data={"helpful": "yes"})
    assert (answer.status_code, answer.location) == (308, "/kb/harbour/helpful")


def test_an_old_address_tells_strangers_nothing(client: FlaskClient, moved: None, write: Write) -> None:
    for hidden in ({"visibility": "staff"}, {"status": "draft"}):
        write(**hidden)
        assert client.get("/kb/port").status_code == 404


def test_what_was_put_away_says_so_and_offers_a_search(
    client: FlaskClient, as_: Callable[[str], FlaskClient], moved: None, write: Write
) -> None:
    write(status="archived")
    for browser in (client, as_("customer")):
        answer = browser.get("/kb/harbour")
        assert answer.status_code == 410 and "This article was put away" in answer.text
        assert 'value="Harbour lights"' in answer.text and "Lights at the quay" not in answer.text
    assert client.get("/kb/port").location == "/kb/harbour"
    assert client.get("/kb/category/all").text.count("Harbour lights") == 0


def test_what_was_hidden_and_put_away_is_not_there(client: FlaskClient, write: Write) -> None:
    write(status="archived", visibility="staff")
    assert client.get("/kb/harbour").status_code == 404


def test_a_translation_outlives_its_original(client: FlaskClient, write: Write) -> None:
    write(status="archived")
    write(lang="de", title="Hafenlichter", translation_of="en/harbour")
    assert "Hafenlichter" in client.get("/kb/harbour").text


def attach(app: Flask, filename: str, *, is_listed: bool = True, lang: str = "en") -> None:
    with app.app_context():
        article = db.session.scalars(db.select(Article).filter_by(lang=lang)).one()
        fields = {"content_type": "application/pdf", "size": 1_200_000, "sha256": "0" * 64}
        db.session.add(
            ArticleFile(token=filename[:5], article_id=article.id, filename=filename, is_listed=is_listed, **fields)
        )
        Edition.advance()
        db.session.commit()


def test_attachments_are_listed_with_kind_and_size(app: Flask, client: FlaskClient, write: Write) -> None:
    write()
    write(lang="de", title="Hafenlichter", translation_of="en/harbour")
    attach(app, "chart of lights.pdf")
    attach(app, "inline.png", is_listed=False)
    for path in ("/kb/harbour", "/kb/harbour?in=de"):
        page = client.get(path).text
        assert 'href="/kb/files/chart/chart%20of%20lights.pdf"' in page
        assert "PDF, 1.2 MB" in page and "inline.png" not in page


def test_attachments_of_what_one_may_not_read_are_not_listed(app: Flask, client: FlaskClient, write: Write) -> None:
    write()
    write(lang="de", title="Hafenlichter", visibility="staff", translation_of="en/harbour")
    attach(app, "geheim.pdf", lang="de")
    assert "geheim" not in client.get("/kb/harbour").text
