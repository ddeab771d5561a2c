"""Changing the password: asks for the old one, ends the other sessions, tells the owner."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts import post
from tests.cast import PASSWORD, World

NEW = "rowing boats at dawn"


def test_the_new_password_holds_and_the_owner_is_told(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    browser = as_("customer")
    answer = browser.post("/account/password", data={"password": PASSWORD, "new_password": NEW})
    assert answer.location == "/account/"
    assert browser.get("/account/").status_code == 200
    assert post.last(app, world.email("customer")).subject == "Your password was changed"
    fresh = app.test_client().post("/account/sign-in", data={"email": world.email("customer"), "password": NEW})
    assert fresh.status_code == 302


def test_every_other_session_ends_and_so_do_kept_cookies(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    browser, other = as_("customer"), app.test_client()
    other.post("/account/sign-in", data={"email": world.email("customer"), "password": PASSWORD, "remember": "y"})
    before = browser.get_cookie("session")
    assert before is not None
    browser.post("/account/password", data={"password": PASSWORD, "new_password": NEW})
    replay = app.test_client()
    replay.set_cookie("session", before.value)
    assert other.get("/account/").status_code == 302
    assert replay.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"password": "wrong one entirely", "new_password": NEW}, "That is not your password."),
        ({"password": "", "new_password": NEW}, "Enter a password."),
        ({"password": PASSWORD, "new_password": ""}, "Enter a password."),
        ({"password": PASSWORD, "new_password": "short"}, "Use 15 characters or more"),
        ({"password": PASSWORD, "new_password": PASSWORD}, "must differ from the old one"),
        ({"password": PASSWORD, "new_password": "carla@heron.example"}, "mostly your name or address"),
        ({"password": PASSWORD, "new_password": "larkspur-larkspur"}, "tried first"),
    ],
)
def test_it_is_refused_with_a_reason(as_: Callable[[str], FlaskClient], sent: dict[str, str], sentence: str) -> None:
    assert sentence in as_("customer").post("/account/password", data=sent).text


def test_visitors_are_asked_to_sign_in(client: FlaskClient) -> None:
    answer = client.post("/account/password", data={"password": PASSWORD, "new_password": NEW})
    assert "/account/sign-in" in answer.location
