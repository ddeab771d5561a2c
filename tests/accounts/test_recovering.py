"""Recovery: a link to the stored address sets a new password, once."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from tests.accounts import post
from tests.accounts.alike import answers_to
from tests.cast import PASSWORD, World

NEW = "rowing boats at dawn"


def ask(app: Flask, world: World, name: str = "customer") -> str:
    app.test_client().post("/account/recover", data={"email": world.email(name)})
    return post.link(post.last(app, world.email(name)), "/account/recover/")


def signs_in(app: Flask, email: str, password: str) -> bool:
    answer = app.test_client().post("/account/sign-in", data={"email": email, "password": password})
    return answer.status_code == 302


def test_the_link_sets_a_new_password_and_tells_the_owner(app: Flask, client: FlaskClient, world: World) -> None:
    address = ask(app, world)
    assert "Set a new password" in client.get(address).text
    assert client.post(address, data={"password": NEW}).location == "/account/sign-in"
    assert signs_in(app, world.email("customer"), NEW)
    assert not signs_in(app, world.email("customer"), PASSWORD)
    assert post.last(app, world.email("customer")).subject == "Your new password is set"


def test_the_link_works_once(app: Flask, client: FlaskClient, world: World) -> None:
    address = ask(app, world)
    client.post(address, data={"password": NEW})
    answer = client.post(address, data={"password": "another boat at noon"}, follow_redirects=True)
    assert "That link doesn’t work any more." in answer.text
    assert signs_in(app, world.email("customer"), NEW)


def test_an_older_link_dies_with_the_change(app: Flask, client: FlaskClient, world: World) -> None:
    first, second = ask(app, world), ask(app, world)
    client.post(second, data={"password": NEW})
    assert client.get(first).status_code == 302


def test_the_link_ends_after_two_hours(app: Flask, client: FlaskClient, world: World) -> None:
    address = ask(app, world)
    with time_machine.travel(utcnow().timestamp() + 2 * 3600 + 5, tick=False):
        assert "That link has expired." in client.get(address, follow_redirects=True).text
        client.post(address, data={"password": NEW})
    assert signs_in(app, world.email("customer"), PASSWORD)


def test_open_sessions_end(app: Flask, as_: Callable[[str], FlaskClient], client: FlaskClient, world: World) -> None:
    open_session = as_("customer")
    client.post(ask(app, world), data={"password": NEW})
    assert open_session.get("/account/").status_code == 302


def test_known_and_unknown_get_the_same_answer(app: Flask, world: World) -> None:
    addresses = ["nobody@fjord.example", world.email("customer"), world.email("unconfirmed"), world.email("suspended")]
    answers = answers_to(app, "/account/recover", addresses)
    assert answers == [answers[0]] * 4
    assert {mail.recipient for mail in post.mails(app)} == {world.email("customer"), world.email("unconfirmed")}


def test_an_unconfirmed_person_confirms_by_recovering(app: Flask, client: FlaskClient, world: World) -> None:
    client.post(ask(app, world, "unconfirmed"), data={"password": NEW})
    assert signs_in(app, world.email("unconfirmed"), NEW)


def test_the_mail_goes_to_the_stored_address_alone(app: Flask, client: FlaskClient, world: World) -> None:
    two = [world.email("customer"), "thief@evil.example"]
    assert client.post("/account/recover", data={"email": two}).status_code == 400
    client.post("/account/recover", data={"email[]": two})
    client.post("/account/recover", data={"email": f"{two[0]},{two[1]}"})
    client.post("/account/recover", data={"email": f"{two[0]} {two[1]}"})
    assert post.mails(app) == []


@pytest.mark.parametrize("password", ["", "short", "passwordpassword", "x" * 300, "bad\0" * 8])
def test_a_password_that_is_not_taken_leaves_the_link_alive(
    app: Flask, client: FlaskClient, world: World, password: str
) -> None:
    address = ask(app, world)
    assert 'aria-invalid="true"' in client.post(address, data={"password": password}).text
    client.post(address, data={"password": NEW})
    assert signs_in(app, world.email("customer"), NEW)


def test_a_made_up_link_changes_nothing(app: Flask, client: FlaskClient, world: World) -> None:
    with app.app_context():
        key = db.session.scalar(db.select(User.fs_uniquifier).where(User.id == world.ids["customer"]))
    for token in ("x", f"{key}", "W10.aaa.bbb", "%2e%2e"):
        client.post(f"/account/recover/{token}", data={"password": NEW})
    assert signs_in(app, world.email("customer"), PASSWORD)
