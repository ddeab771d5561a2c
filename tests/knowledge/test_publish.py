"""Writing an article: the one verb."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from knowledge.articles.article import Article, Section, best_language
from knowledge.articles.writing import publish, publish_all, withdraw
from knowledge.edition import Edition
from knowledge.search.changes import outstanding
from portal.db import db, utcnow
from portal.errors import Refused
from tests.knowledge.conftest import HARBOUR


def test_an_article_is_written_with_its_sections(app: Flask) -> None:
    with app.app_context():
        article = publish(HARBOUR, now=utcnow())
        assert article.toc == [[2, "bulbs", "Bulbs"]]
        assert [(s.anchor, s.text) for s in article.sections] == [
            ("", "Lights at the quay."),
            ("bulbs", "Change them."),
        ]
        assert article.published_at and outstanding() == 1


def test_writing_it_again_changes_it_and_begins_an_edition(app: Flask) -> None:
    with app.app_context():
        publish(HARBOUR, now=utcnow())
        token, number = Edition.current()
        article = publish(replace(HARBOUR, body="Dark."), now=utcnow())
        assert [section.text for section in article.sections] == ["Dark."]
        assert Edition.current() == (token, number + 1)


def test_an_unchanged_article_is_left_alone(app: Flask) -> None:
    with app.app_context():
        publish(HARBOUR, now=utcnow())
        edition = Edition.current()
        assert [outcome.state for outcome in publish_all([HARBOUR], now=utcnow())] == ["unchanged"]
        assert Edition.current() == edition


def test_a_translation_finds_its_original_whatever_comes_first(app: Flask) -> None:
    german = replace(HARBOUR, external_id="de/harbour", lang="de", translation_of="en/harbour")
    with app.app_context():
        assert {outcome.state for outcome in publish_all([german, HARBOUR], now=utcnow())} == {"added"}
        original = db.session.execute(db.select(Article.id).filter_by(lang="en")).scalar_one()
        assert db.session.execute(db.select(Article.translation_of_id).filter_by(lang="de")).scalar_one() == original


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"slug": "Über"}, "can't be an address"),
        ({"slug": "category"}, "can't be an address"),
        ({"slug": "../etc"}, "can't be an address"),
        ({"lang": "klingon language"}, "no language code"),
        ({"title": " "}, "title is missing"),
        ({"visibility": "everybody"}, "no visibility"),
        ({"status": "ready"}, "no status"),
        ({"category": "nowhere"}, "no category"),
        ({"product": "Be con"}, "can't be a product"),
        ({"summary": "x" * 601}, "summary"),
        ({"versions": "x" * 81}, "range of versions"),
        ({"external_id": ""}, "id is missing"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(app: Flask, fields: dict[str, str], reason: str) -> None:
    with app.app_context(), pytest.raises(Refused, match=reason):
        publish(replace(HARBOUR, **fields), now=utcnow())


def test_an_address_belongs_to_one_article_of_a_language(app: Flask) -> None:
    with app.app_context():
        publish(HARBOUR, now=utcnow())
        with pytest.raises(Refused, match="taken in this language by en/harbour"):
            publish(replace(HARBOUR, external_id="other"), now=utcnow())


def test_a_withdrawn_article_is_gone_from_the_pages(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        withdraw(db.session.execute(db.select(Article)).scalar_one())
        db.session.commit()
    assert app.test_client().get("/kb/harbour").status_code == 404
    assert app.test_client().get("/api/search?q=harbour").json["total"] == 0


def test_sections_go_with_their_article(app: Flask, write: Callable[..., str]) -> None:
    write()
    with app.app_context():
        db.session.delete(db.session.execute(db.select(Article)).scalar_one())
        db.session.commit()
        assert db.session.scalar(db.select(db.func.count()).select_from(Section)) == 0


def test_the_best_language_is_exact_or_shares_its_base() -> None:
    assert best_language(["de-AT", "en"], ["en", "de"]) == "de"
    assert best_language(["pt"], ["pt-BR", "en"]) == "pt-BR"
    assert best_language(["fr"], ["en"]) is None
