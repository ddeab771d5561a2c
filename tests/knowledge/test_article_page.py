"""The page of an article."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from knowledge.articles import shelves
from knowledge.articles.article import Article
from knowledge.articles.markdown import PAGE_IDS
from knowledge.articles.writing import publish
from portal.db import db, utcnow
from tests.knowledge.conftest import HARBOUR


def test_it_shows_text_contents_and_the_way_to_a_ticket(client: FlaskClient, write: Callable[..., str]) -> None:
    write(
        summary="How they shine.", product="beacon", versions=">=4.0", category="quays", body="## A\n\nx\n\n## B\n\ny"
    )
    page = client.get("/kb/harbour").text
    assert '<h2 id="a">' in page and '<a href="#b">B</a>' in page
    assert "4.0 and later" in page and "Quays" in page and "How they shine." in page
    assert 'href="/tickets/new?article=harbour"' in page


def test_no_heading_takes_an_id_of_the_page(
    client: FlaskClient, as_: Callable[[str], FlaskClient], write: Callable[..., str]
) -> None:
    write(slug="quay", category="quays", body="Text.")
    write(slug="lamp", category="quays", body="## A\n\n## B")
    for browser in (client, as_("agent")):
        ids = set(re.findall(r' id="([^"]+)"', browser.get("/kb/lamp").text)) - {"a", "b"}
        assert {"related", "contents", "helpful"} <= ids <= PAGE_IDS


def test_readers_get_their_language(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    write(lang="de", title="Hafenlichter", translation_of="en/harbour")
    german = client.get("/kb/harbour", headers={"Accept-Language": "de-AT,de;q=0.9"}).text
    assert "Hafenlichter" in german and 'lang="de"' in german and "You are reading" not in german


def test_without_a_translation_the_original_is_shown_and_said(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    page = client.get("/kb/harbour", headers={"Accept-Language": "da"}).text
    assert "Harbour lights" in page and ('class="callout note"' in page)


def test_a_language_can_be_asked_for(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    write(lang="de", title="Hafenlichter", translation_of="en/harbour")
    write(lang="pt-BR", title="Luzes", translation_of="en/harbour")
    page = client.get("/kb/harbour?in=pt").text
    assert "Luzes" in page and 'href="/kb/harbour?in=de"' in page
    assert "Harbour lights" in client.get("/kb/harbour?in=klingon").text


def test_a_machine_translation_says_that_the_original_prevails(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    write(lang="de", title="Hafenlichter", machine_translated=True, translation_of="en/harbour")
    page = client.get("/kb/harbour?in=de").text
    assert "Translated by a machine" in page and "the original prevails" in page
    assert '<a href="/kb/harbour?in=en" hreflang="en" lang="en">Harbour lights</a>' in page


def test_search_engines_are_told_of_languages(client: FlaskClient, write: Callable[..., str]) -> None:
    write(summary="How they shine.")
    write(lang="de", title="Hafenlichter", translation_of="en/harbour")
    page = client.get("/kb/harbour").text
    assert '<link rel="canonical" href="http://127.0.0.1:8000/kb/harbour?lang=en">' in page
    assert '<link rel="alternate" hreflang="de" href="http://127.0.0.1:8000/kb/harbour?lang=de">' in page
    assert '<meta name="description" content="How they shine.">' in page


def test_related_articles_share_tags(client: FlaskClient, write: Callable[..., str]) -> None:
    write(category="quays", tags=("lamp",))
    write(slug="mast", title="Mast lights", category="quays", tags=("lamp",))
    write(slug="ropes", title="Ropes", category="elsewhere")
    page = client.get("/kb/harbour").text
    assert "Mast lights" in page and "Ropes" not in page


def test_a_change_is_shown_at_once(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    assert "Lights at the quay" in client.get("/kb/harbour").text
    write(body="All dark now.")
    assert "All dark now" in client.get("/kb/harbour").text


def test_an_unknown_address_is_not_found(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    for path in ("/kb/nothing", "/kb/Harbour", "/kb/%00", "/kb/category/nothing", "/kb/category/all?page=9"):
        assert client.get(path).status_code == 404, path


def test_drafts_are_not_shown(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        publish(replace(HARBOUR, status="draft"), now=utcnow())
        db.session.commit()
    assert client.get("/kb/harbour").status_code == 404


def test_a_kept_page_costs_one_query(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(category="quays")
    client.get("/kb/harbour")
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            client.get("/kb/harbour")
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert len(seen) == 1, seen


def test_a_list_is_kept_by_what_it_knows_and_not_by_what_else_was_asked(
    client: FlaskClient, write: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(category="quays")
    drawn: list[str] = []
    listed = shelves.listed

    def noted(*asked: Any) -> Any:
        drawn.append("x")
        return listed(*asked)

    monkeypatch.setattr(shelves, "listed", noted)
    pages = {client.get(f"/kb/category/quays?{more}").text.split("<main")[1] for more in ("", "a=1", "b=<2>", "page=1")}
    assert len(drawn) == 1
    assert len(pages) == 1 and "b=" not in pages.pop()
    client.get("/kb/category/quays?sort=updated&c=3")
    assert len(drawn) == 2


def test_the_day_of_a_change_is_the_readers(app: Flask, client: FlaskClient, write: Callable[..., str]) -> None:
    write(category="quays")
    with app.app_context():
        db.session.execute(db.update(Article).values(updated_at=datetime(2026, 3, 4, 23, 30, tzinfo=UTC)))
        db.session.commit()
    for zone, day in (("UTC", "4 Mar 2026"), ("Europe/Berlin", "5 Mar 2026"), ("America/Lima", "4 Mar 2026")):
        client.set_cookie("tz", zone)
        for page in ("/kb/harbour", "/kb/category/quays", "/kb/"):
            assert f'<time datetime="2026-03-04T23:30:00Z">{day}</time>' in client.get(page).text
