"""Signing out ends the session, also for whoever has kept its cookie."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from tests.cast import World


def test_signing_out_ends_the_session(as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("customer")
    assert browser.post("/account/sign-out").location == "/"
    assert browser.get("/account/").status_code == 302


def test_a_link_signs_nobody_out(as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("customer")
    assert browser.get("/account/sign-out").status_code == 405
    assert browser.get("/account/").status_code == 200


def test_without_the_token_nobody_is_signed_out(as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("customer")
    assert browser.post("/account/sign-out", csrf=False).status_code == 400
    assert browser.get("/account/").status_code == 200


def test_the_old_cookie_opens_nothing_afterwards(app: Flask, as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("customer")
    kept = browser.get_cookie("session")
    assert kept is not None
    browser.post("/account/sign-out")
    thief = app.test_client()
    thief.set_cookie("session", kept.value)
    assert thief.get("/account/").status_code == 302


def test_other_sessions_go_on(as_: Callable[[str], FlaskClient]) -> None:
    here, there = as_("customer"), as_("customer")
    here.post("/account/sign-out")
    assert there.get("/account/").status_code == 200


def test_signing_out_everywhere_ends_all_of_them(as_: Callable[[str], FlaskClient], world: World) -> None:
    here, there, colleague = as_("customer"), as_("customer"), as_("colleague")
    assert here.post("/account/sign-out-everywhere").status_code == 302
    assert here.get("/account/").status_code == 302
    assert there.get("/account/").status_code == 302
    assert colleague.get("/account/").status_code == 200
