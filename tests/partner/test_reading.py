"""What is written for partners: their people read and find it while they sell for the vendor, and nobody else does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from knowledge.articles.article import Article
from knowledge.articles.writing import Manuscript, publish
from knowledge.desk.audiences import audience_name
from portal.accounts.people import User
from portal.audience import PARTNERS, is_audience, open_to, sees
from portal.db import db, utcnow
from portal.jobs import run_due
from tests.cast import World
from tests.knowledge.editing.test_desk_pages import drafted, filled
from tests.partner.acting import let_act, the_partner

__all__ = ["drafted"]
As = Callable[[str], FlaskClient]
TITLE = "Prices for partners from January"


@pytest.fixture
def written(app: Flask, world: World) -> str:
    """The address of an article for partners."""
    with app.test_request_context():
        let_act(world, utcnow())
        open_to(PARTNERS)
        text = "Everything gets cheaper: quokkaprice."
        publish(Manuscript("p-1", "partner-prices", "en", TITLE, text, visibility=PARTNERS), now=utcnow())
        db.session.commit()
        run_due()
    return "/kb/partner-prices"


def test_the_area_and_the_search_lead_a_partner_there(app: Flask, world: World, written: str, as_: As) -> None:
    rita = as_("reseller")
    assert TITLE in rita.get("/partner/documents").text and TITLE in rita.get("/partner/").text
    assert "quokkaprice" in rita.get(written).text
    assert TITLE in rita.get("/search?q=quokkaprice").text


@pytest.mark.parametrize("name", ["", "customer", "owner", "stranger"])
def test_nobody_else_finds_it(name: str, client: FlaskClient, written: str, as_: As) -> None:
    browser = as_(name) if name else client
    assert browser.get(written).status_code == 404
    assert TITLE not in browser.get("/search?q=quokkaprice").text


def test_it_is_gone_with_the_partnership(app: Flask, written: str, as_: As) -> None:
    rita = as_("reseller")
    assert rita.get(written).status_code == 200
    with app.app_context():
        the_partner().ends_at = utcnow() - timedelta(seconds=1)
        db.session.commit()
    assert rita.get(written).status_code == 404
    assert TITLE not in rita.get("/search?q=quokkaprice").text


def test_an_empty_shelf_says_so(app: Flask, world: World, as_: As) -> None:
    assert "Nothing for partners yet" in as_("reseller").get("/partner/documents").text


def test_editors_choose_partners_as_readers(app: Flask, as_: As, drafted: int) -> None:
    editor = as_("editor")
    refused = editor.post(f"/kb/desk/{drafted}", data=filled(editor, drafted, audience="limited"))
    assert refused.status_code == 422 and "Choose a plan, an organisation or partners." in refused.text
    saved = filled(editor, drafted, audience="limited", partners="y", plans="business")
    assert editor.post(f"/kb/desk/{drafted}/publish", data=saved).status_code == 302
    with app.app_context():
        chosen = db.session.scalars(db.select(Article.visibility)).one()
        assert chosen == "partners plan:business" and is_audience(chosen)
    page = editor.get(f"/kb/desk/{drafted}")
    with app.test_request_context():
        assert audience_name(chosen) == "Business, Partners"
    assert page.status_code in (200, 302)


def test_the_term_is_no_way_around(app: Flask, world: World) -> None:
    with app.test_request_context():
        open_to(PARTNERS)
        for name in ("partner", "partners partners", "Partners", "partners:1"):
            assert not is_audience(name)
        assert PARTNERS in sees(db.session.get_one(User, world.ids["reseller"]))
        assert PARTNERS not in sees(db.session.get_one(User, world.ids["customer"]))
