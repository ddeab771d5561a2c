"""The language menu, for visitors and for people with a profile."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db
from tests.accounts.test_signing_in import EVIL, stays
from tests.cast import World


def test_a_visitors_choice_holds_for_the_session(client: FlaskClient) -> None:
    answer = client.post("/account/language", data={"locale": "de", "return_to": "/account/sign-in"})
    assert answer.location == "/account/sign-in"
    assert '<html lang="de"' in client.get("/account/sign-in").text


def test_a_persons_choice_is_kept_in_the_profile(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    as_("customer").post("/account/language", data={"locale": "da", "return_to": "/account/"})
    with app.app_context():
        assert db.session.get_one(User, world.ids["customer"]).locale == "da"


@pytest.mark.parametrize("locale", ["", "xx", "../de", "de\x01", "EN"])
def test_an_unknown_language_changes_nothing(client: FlaskClient, locale: str) -> None:
    assert client.post("/account/language", data={"locale": locale}).location == "/"
    assert '<html lang="en"' in client.get("/account/sign-in").text


@pytest.mark.parametrize("target", EVIL)
def test_it_leads_back_into_the_portal_alone(client: FlaskClient, target: str) -> None:
    assert stays(client.post("/account/language", data={"locale": "de", "return_to": target}).location)


@pytest.mark.parametrize("locale", ["de", "nl", "da", "ru", "zh"])
def test_flask_securitys_own_words_are_translated(app: Flask, locale: str) -> None:
    from flask_babel import force_locale
    from flask_security.utils import localize_callback

    with app.test_request_context(), force_locale(locale):
        assert localize_callback("Invalid password") != "Invalid password"


def test_the_menu_of_every_page_offers_it(as_: Callable[[str], FlaskClient], client: FlaskClient) -> None:
    page = as_("customer").get("/account/licences?a=1").text
    assert 'action="/account/language"' in page
    assert 'name="return_to" value="/account/licences?a=1"' in page
    assert 'name="lang" value="de"' in client.get("/account/sign-in").text


def test_nobodys_menu_is_kept_for_somebody_else(as_: Callable[[str], FlaskClient], client: FlaskClient) -> None:
    pages = [as_(name).get("/account/").text for name in ("customer", "stranger")] + [client.get("/").text]
    tokens = [page.partition('action="/account/language"')[2][:300] for page in pages]
    assert tokens[0] and tokens[0] != tokens[1]
    assert not tokens[2]
