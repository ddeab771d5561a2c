"""Signing in: back to where one was, never anywhere else, and without telling who has an account."""

from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password

from portal.accounts.passwords import UNMATCHED, GuardedHashing
from portal.accounts.people import User
from portal.accounts.signing_in import security
from portal.db import db
from tests.accounts.alike import answers_to
from tests.cast import PASSWORD, World

EVIL = [
    *(
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
    ),
    *(
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "\r\n//evil.example",
        " //evil.example",
        "/ /evil.example",
    ),
    *(
        "http://evil.example",
        "https://evil.example",
        "HTTPS://evil.example",
        "http:evil.example",
        "https:/evil.example",
    ),
    *("//evil.example@127.0.0.1", "http://127.0.0.1@evil.example", "http://localhost.evil.example", "//%65vil.example"),
    *(
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "ftp://evil.example",
        "mailto:a@b.c",
    ),
    *(
        "//evil。example",
        "/\u00a0//evil.example",
        "\u2028//evil.example",
        "//[::1]",
        "///\x00evil.example",
        "evil.example",
    ),
    *("?next=//evil.example", "//evil.example/..", "/\x0b/evil.example", "//evil%E3%80%82example", "/\\/evil.example"),
    *("http:///evil.example", "http:\\\\evil.example", "//0x7f000001", "/\\\\evil.example", "\x01//evil.example"),
]


def credentials(world: World, name: str = "customer") -> dict[str, str]:
    return {"email": world.email(name), "password": PASSWORD}


def test_address_and_password_open_the_portal(client: FlaskClient, world: World) -> None:
    assert client.post("/account/sign-in", data=credentials(world)).location == "/"
    assert client.get("/account/").status_code == 200


def test_the_address_may_be_typed_in_capitals(client: FlaskClient, world: World) -> None:
    answer = client.post("/account/sign-in", data={"email": "CARLA@HERON.example", "password": PASSWORD})
    assert answer.status_code == 302


def test_one_comes_back_to_where_one_was(client: FlaskClient, world: World) -> None:
    sent = client.get("/account/licences?a=1&b=2")
    page = client.get(sent.location).text
    assert 'value="/account/licences?a=1&amp;b=2"' in page
    answer = client.post("/account/sign-in", data={**credentials(world), "next": "/account/licences?a=1&b=2"})
    assert answer.location == "/account/licences?a=1&b=2"


def test_where_one_was_survives_registering(client: FlaskClient, world: World) -> None:
    client.get("/account/sign-in?next=/account/licences")
    client.get("/account/register?next=/account/licences")
    assert 'value="/account/licences"' in client.get("/account/sign-in").text
    client.post("/account/sign-in", data=credentials(world))
    client.post("/account/sign-out")
    assert 'value="/account/licences"' not in client.get("/account/sign-in").text


@pytest.mark.parametrize("target", EVIL)
def test_no_redirect_leaves_the_portal(app: Flask, world: World, target: str) -> None:
    browser = app.test_client()
    shown = browser.get("/account/sign-in", query_string={"next": target})
    assert shown.status_code in (200, 302)
    assert shown.status_code == 200 or shown.location == "/account/sign-in"
    by_form = browser.post("/account/sign-in", data={**credentials(world), "next": target})
    by_address = browser.post("/account/sign-in", query_string={"next": target}, data=credentials(world))
    for answer in (by_form, by_address):
        assert answer.status_code == 400 or stays(answer.location), (target, answer.location)


def stays(location: str) -> bool:
    """True for a path of this host, as a browser reads it."""
    return location.startswith("/") and urlsplit(urljoin("http://localhost/", location)).netloc == "localhost"


@pytest.mark.parametrize("target", EVIL[:12])
def test_other_pages_lead_nowhere_else_either(app: Flask, world: World, target: str) -> None:
    browser = app.test_client()
    for page in ("/account/register", "/account/recover", "/account/confirm", "/account/sign-out"):
        answer = browser.post(page, query_string={"next": target}, data={"next": target, "email": "a@fjord.example"})
        assert answer.status_code in (200, 400, 422) or answer.location.startswith("/account/")


def test_wrong_and_unknown_look_the_same(app: Flask, world: World) -> None:
    addresses = ["nobody@fjord.example", world.email("customer"), world.email("unconfirmed"), world.email("suspended")]
    answers = answers_to(app, "/account/sign-in", addresses, password="not the right password")
    assert answers == [answers[0]] * 4
    assert "Address and password don’t belong together" in answers[0][2]


def test_a_closed_account_is_told_to_its_owner_alone(client: FlaskClient, world: World) -> None:
    assert "This account is closed" in client.post("/account/sign-in", data=credentials(world, "suspended")).text


@pytest.mark.parametrize("password", ["", "x" * 5000, "a\0b" * 8, "😀" * 400, " "])
def test_no_password_breaks_the_page(client: FlaskClient, world: World, password: str) -> None:
    answer = client.post("/account/sign-in", data={"email": world.email("customer"), "password": password})
    assert answer.status_code == 422


def test_no_password_breaks_the_page_of_an_unknown_address(client: FlaskClient, world: World) -> None:
    answer = client.post("/account/sign-in", data={"email": "nobody@heron.example", "password": "x" * 5000})
    assert answer.status_code == 422


def test_what_is_too_long_for_a_password_is_never_hashed() -> None:
    assert GuardedHashing(None).hash("x" * 1025) == UNMATCHED


def test_json_has_no_place_here(client: FlaskClient, world: World) -> None:
    assert client.post("/account/sign-in", json=credentials(world)).status_code == 415
    answer = client.post("/account/sign-in", data=credentials(world), headers={"Accept": "application/json"})
    assert answer.location == "/"
    assert "token" not in answer.text.lower()


def test_without_the_forms_token_nothing_happens(client: FlaskClient, world: World) -> None:
    assert client.post("/account/sign-in", data=credentials(world), csrf=False).status_code == 400


def test_the_session_is_another_one_after_signing_in(client: FlaskClient, world: World) -> None:
    client.get("/account/sign-in")
    with client.session_transaction() as session:
        session["_user_id"], session["csrf_token"] = "planted", "planted"
    client.post("/account/sign-in", data=credentials(world))
    with client.session_transaction() as session:
        assert session["_user_id"] != "planted"
        assert session.get("csrf_token") != "planted"


def test_what_a_visitor_had_begun_stays(client: FlaskClient, world: World) -> None:
    with client.session_transaction() as session:
        session["draft"] = "kept"
    client.post("/account/sign-in", data=credentials(world))
    with client.session_transaction() as session:
        assert session["draft"] == "kept"


def test_keep_me_signed_in_outlives_the_browser(client: FlaskClient, world: World) -> None:
    client.post("/account/sign-in", data={**credentials(world), "remember": "y"})
    assert client.get_cookie("remember_token") is not None
    client.delete_cookie("session")
    assert client.get("/account/").status_code == 200


def test_without_it_the_browser_forgets(client: FlaskClient, world: World) -> None:
    client.post("/account/sign-in", data=credentials(world))
    assert client.get_cookie("remember_token") is None


def test_passwords_are_hashed_at_owasps_minimum(app: Flask) -> None:
    from passlib.context import CryptContext

    from portal.accounts.signing_in import security_settings

    asked = security_settings(app.extensions["settings"])["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"]
    kept = GuardedHashing(CryptContext(schemes=["argon2"], **asked)).hash("lilac tea on mondays")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    with app.app_context():
        assert isinstance(security.pwd_context, GuardedHashing)
        assert hash_password("x")


def test_one_password_in_two_unicode_forms_is_the_same(app: Flask, client: FlaskClient, world: World) -> None:
    composed, decomposed = "Caf\u00e9 am Fluss im Mai", "Cafe\u0301 am Fluss im Mai"
    with app.app_context():
        person = db.session.get_one(User, world.ids["customer"])
        person.password = hash_password(security.password_util.normalize(composed))
        db.session.commit()
    answer = client.post("/account/sign-in", data={"email": world.email("customer"), "password": decomposed})
    assert answer.status_code == 302
