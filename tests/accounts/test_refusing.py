"""A form that is refused answers 422 on the pages of accounts too, with its reason, and to htmx alike."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts import post
from tests.accounts.test_recovering import ask
from tests.cast import PASSWORD, World

HTMX = {"HX-Request": "true"}
GOOD = "rowing boats at dawn"
FORMS = [
    ("/account/sign-in", {"email": "carla@heron.example", "password": "not hers at all"}, "don’t belong together"),
    ("/account/register", {"name": "Nina", "email": "nina", "password": GOOD}, "such as name@example.com"),
    ("/account/register", {"name": "Nina", "email": "nina@fjord.example", "password": "short"}, "15 characters"),
    ("/account/recover", {"email": "carla(at)heron"}, "such as name@example.com"),
    ("/account/recover", {"email": ""}, "Enter your e-mail address."),
    ("/account/confirm", {"email": "carla(at)heron"}, "such as name@example.com"),
]
OWN_FORMS = [
    ("/account/password", {"password": "wrong", "new_password": GOOD}, "That is not your password."),
    ("/account/password", {"password": PASSWORD, "new_password": "short"}, "15 characters"),
    ("/account/password", {"password": PASSWORD, "new_password": PASSWORD}, "must differ"),
    ("/account/password-again", {"password": "wrong"}, "That is not your password."),
    ("/account/email", {"email": "carla"}, "such as name@example.com"),
]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize(("path", "form", "reason"), FORMS)
def test_a_visitors_form(
    client: FlaskClient, world: World, path: str, form: dict[str, str], reason: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, data=form, headers=headers)
    assert (answer.status_code, reason in answer.text) == (422, True)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize(("path", "form", "reason"), OWN_FORMS)
def test_ones_own_form(
    as_: Callable[[str], FlaskClient], path: str, form: dict[str, str], reason: str, headers: dict[str, str]
) -> None:
    answer = as_("customer").post(path, data=form, headers=headers)
    assert (answer.status_code, reason in answer.text) == (422, True)


def test_the_form_behind_a_recovery_mail(app: Flask, client: FlaskClient, world: World) -> None:
    answer = client.post(ask(app, world), data={"password": "short"})
    assert (answer.status_code, "15 characters" in answer.text) == (422, True)


def test_what_is_not_refused_stays_200(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    carla, taken = as_("customer"), world.email("colleague")
    answers = [carla.post("/account/email", data={"email": email}) for email in (taken, "carla@new.example")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [mail.recipient for mail in post.mails(app)] == ["carla@new.example"]
    for path in ("/account/recover", "/account/confirm"):
        assert app.test_client().post(path, data={"email": "nobody@heron.example"}).status_code == 200
