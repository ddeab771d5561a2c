"""Confirming an address: by the button behind the mail's link, once."""

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from tests.accounts import post
from tests.accounts.alike import answers_to
from tests.accounts.test_registering import GOOD
from tests.cast import World


@pytest.fixture
def address(app: Flask, client: FlaskClient) -> str:
    client.post("/account/register", data=GOOD)
    return post.link(post.last(app, GOOD["email"]))


def is_confirmed(app: Flask, email: str = GOOD["email"]) -> bool:
    with app.app_context():
        return db.session.scalar(db.select(User.confirmed_at).where(User.email == email)) is not None


def test_the_button_confirms_and_then_one_may_sign_in(app: Flask, client: FlaskClient, address: str) -> None:
    assert client.post("/account/sign-in", data=GOOD).status_code == 422
    assert client.post(address).location == "/account/sign-in"
    assert is_confirmed(app)
    assert client.post("/account/sign-in", data=GOOD).status_code == 302


def test_opening_the_link_alone_confirms_nothing(app: Flask, client: FlaskClient, address: str) -> None:
    page = client.get(address)
    client.head(address)
    assert "Yes, confirm it" in page.text
    assert not is_confirmed(app)


def test_a_link_works_once(app: Flask, client: FlaskClient, address: str) -> None:
    client.post(address)
    answer = client.post(address, follow_redirects=True)
    assert "This address is confirmed already." in answer.text


def test_a_link_ends_after_three_days(app: Flask, client: FlaskClient, address: str) -> None:
    with time_machine.travel(utcnow().timestamp() + 73 * 3600, tick=False):
        answer = client.post(address, follow_redirects=True)
    assert "That link has expired." in answer.text
    assert not is_confirmed(app)


@pytest.mark.parametrize("token", ["x", "a.b.c", "WyJ4Il0.aaaa.bbbb", "é"])
def test_a_made_up_link_leads_to_a_fresh_one(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/account/confirm/{token}", follow_redirects=True)
    assert answer.status_code == 200
    assert "That link doesn’t work any more." in answer.text
    assert client.get(f"/account/confirm/{token}%00").status_code == 404


def test_a_link_for_recovery_confirms_nothing(app: Flask, client: FlaskClient, world: World) -> None:
    client.post("/account/recover", data={"email": world.email("unconfirmed")})
    token = post.link(post.last(app, world.email("unconfirmed"))).rpartition("/")[2]
    client.post(f"/account/confirm/{token}")
    assert not is_confirmed(app, world.email("unconfirmed"))


def test_unconfirmed_people_are_told_at_sign_in_and_can_ask_again(
    app: Flask, client: FlaskClient, address: str
) -> None:
    page = client.post("/account/sign-in", data=GOOD).text
    assert "Your address isn’t confirmed yet" in page
    assert 'action="/account/confirm"' in page
    client.post("/account/confirm", data={"email": GOOD["email"]})
    fresh = post.last(app, GOOD["email"])
    assert fresh.subject == "Please confirm your address"
    client.post(post.link(fresh))
    assert is_confirmed(app)


def test_only_the_right_password_tells_that_it_is_unconfirmed(client: FlaskClient, address: str) -> None:
    page = client.post("/account/sign-in", data={**GOOD, "password": "something else altogether"}).text
    assert "isn’t confirmed yet" not in page


def test_asking_again_tells_nothing_about_an_address(app: Flask, world: World) -> None:
    addresses = ["nobody@fjord.example", world.email("unconfirmed"), world.email("customer"), world.email("suspended")]
    answers = answers_to(app, "/account/confirm", addresses)
    assert answers == [answers[0]] * 4
    assert [mail.recipient for mail in post.mails(app)] == [world.email("unconfirmed")]
