"""Results are drawn once and kept, and what changes who may read what is seen at once all the same."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article
from knowledge.articles.writing import withdraw
from knowledge.search import finding, presenting, views
from portal.accounts.products import Product
from portal.db import db


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions whose results were drawn anew, in order."""
    drawn: list[str] = []

    def noted(found: finding.Found, *args: Any) -> Any:
        drawn.append(found.text)
        return presenting.present(found, *args)

    monkeypatch.setattr(views, "present", noted)
    return drawn


def test_the_same_question_is_drawn_once(client: FlaskClient, write: Callable[..., str], drawings: list[str]) -> None:
    write()
    first, second = (client.get("/search?q=harbour").text for _ in range(2))
    assert first == second and "/kb/harbour" in second
    assert drawings == ["harbour"]


def test_each_page_of_each_address_is_drawn(client: FlaskClient, write: Callable[..., str]) -> None:
    for number in range(12):
        write(slug=f"lamp-{number}", title=f"Lamp {number}")
    pages = [client.get(f"/search?q=lamp{rest}").text for rest in ("", "&page=2", "&from=mail", "", "&page=2")]
    assert [page.count('class="result"') for page in pages] == [10, 2, 10, 10, 2]
    assert ["from=mail" in page for page in pages] == [False, False, True, False, False]


def test_other_rights_get_other_results(
    app: Flask, as_: Callable[[str], FlaskClient], write: Callable[..., str]
) -> None:
    write(visibility="staff")
    write(slug="quay", title="Quay lights")
    readers = {"agent": as_("agent"), "customer": as_("customer"), "visitor": app.test_client()}
    shown = {name: "/kb/harbour" in reader.get("/search?q=lights").text for name, reader in readers.items()}
    assert shown == {"agent": True, "customer": False, "visitor": False}


def test_an_article_hidden_or_withdrawn_is_gone_before_it_is_indexed(
    app: Flask, client: FlaskClient, write: Callable[..., str]
) -> None:
    write()
    assert "/kb/harbour" in client.get("/search?q=harbour").text
    with app.app_context():
        withdraw(db.session.execute(db.select(Article)).scalar_one())
        db.session.commit()
    assert "/kb/harbour" not in client.get("/search?q=harbour").text


def test_a_changed_article_is_shown_as_it_is_now(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    assert "Harbour lights" in client.get("/search?q=harbour").text.replace("<mark>", "").replace("</mark>", "")
    write(title="Harbour lamps")
    page = client.get("/search?q=harbour").text.replace("<mark>", "").replace("</mark>", "")
    assert "Harbour lamps" in page and "Harbour lights" not in page


def test_a_new_index_answers_anew(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    assert "/kb/quay" not in client.get("/search?q=lights").text
    write(slug="quay", title="Quay lights")
    assert "/kb/quay" in client.get("/search?q=lights").text


def test_each_language_has_its_own(client: FlaskClient, write: Callable[..., str]) -> None:
    write()
    english, german = (client.get("/search?q=harbour", headers={"Accept-Language": lang}).text for lang in ("en", "de"))
    assert 'href="/kb/harbour"' in english and 'href="/kb/harbour?in=en"' in german


def test_a_product_has_its_new_name(app: Flask, client: FlaskClient, write: Callable[..., str], world: object) -> None:
    write(product="beacon")
    assert "Beacon" in client.get("/search?q=harbour").text
    with app.app_context():
        db.session.execute(db.update(Product).where(Product.slug == "beacon").values(name="Lantern"))
        db.session.commit()
    assert "Lantern" in client.get("/search?q=harbour").text


@pytest.mark.whoosh
def test_what_the_database_found_is_never_kept(
    app: Flask, client: FlaskClient, write: Callable[..., str], drawings: list[str]
) -> None:
    write()
    app.extensions["search"].close()
    (app.extensions["search"].place.pointer_path).unlink()
    for _ in range(2):
        assert "The search is being renewed" in client.get("/search?q=harbour").text
    assert drawings == ["harbour", "harbour"]
