"""Synonyms and pins that editors keep, in what readers find."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article
from knowledge.edition import Edition
from knowledge.search.guidance import Pin, Synonym
from portal.db import db


def keep(app: Flask, *rows: Synonym | Pin) -> None:
    with app.app_context():
        db.session.add_all(rows)
        Edition.advance()
        db.session.commit()


def test_words_that_mean_the_same_find_each_other(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="Change bulbs.")
    assert client.get("/api/search?q=illuminant").json["total"] == 0
    keep(app, Synonym(words=["bulb", "illuminant", "glow thing"]))
    assert client.get("/api/search?q=illuminant").json["total"] == 1
    assert client.get("/api/search?q=my+glow+thing").json["total"] == 1


def test_one_way_means_one_way(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(body="Change bulbs.")
    write(slug="other", title="Illuminant", body="Other.")
    keep(app, Synonym(words=["illuminant", "bulbs"], is_one_way=True))
    assert client.get("/api/search?q=illuminant").json["total"] == 2
    assert client.get("/api/search?q=bulbs").json["total"] == 1


def test_a_pin_stands_first_and_says_so(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(title="Lamps and lamps", body="Lamps.")
    write(slug="other", title="Other", body="Nothing of it.")
    with app.app_context():
        other = db.session.scalar(db.select(Article.id).where(Article.slug == "other"))
    keep(app, Pin(folded="lamps", item_id=other))
    assert [one["id"] for one in client.get("/api/search?q=Lamps").json["results"]] == ["en/other", "en/harbour"]
    assert "Recommended" in client.get("/search?q=lamps").text
    assert client.get("/api/search?q=lamps&kind=document").json["total"] == 0
