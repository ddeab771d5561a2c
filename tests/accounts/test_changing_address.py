"""Changing the address: a fresh sign-in, a link to the new mailbox, a notice to the old one."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db, utcnow
from tests.accounts import post
from tests.accounts.alike import seen
from tests.cast import World

NEW = "carla@newplace.example"


@pytest.fixture
def carla(as_: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_("customer")


def ask(app: Flask, carla: FlaskClient, email: str = NEW) -> str:
    carla.post("/account/email", data={"email": email})
    return post.link(post.last(app, email), "/account/email/")


def address_of(app: Flask, world: World, name: str = "customer") -> str:
    with app.app_context():
        return db.session.get_one(User, world.ids[name]).email


def test_the_button_behind_the_link_makes_the_change(app: Flask, carla: FlaskClient, world: World) -> None:
    address = ask(app, carla)
    assert "Yes, change it" in carla.get(address).text
    assert address_of(app, world) == world.email("customer")
    assert carla.post(address).location == "/account/"
    assert address_of(app, world) == NEW
    assert carla.get("/account/").status_code == 200


def test_the_old_mailbox_is_told(app: Flask, carla: FlaskClient, world: World) -> None:
    carla.post(ask(app, carla))
    notice = post.last(app, world.email("customer"))
    assert notice.subject == "Your address at Larkspur Instruments was changed"
    assert NEW in notice.text


def test_links_in_the_old_mailbox_die_with_the_change(app: Flask, carla: FlaskClient, world: World) -> None:
    app.test_client().post("/account/recover", data={"email": world.email("customer")})
    recovery = post.link(post.last(app, world.email("customer")), "/account/recover/")
    carla.post(ask(app, carla))
    assert app.test_client().get(recovery).status_code == 302


def test_the_link_works_once_and_for_two_hours(app: Flask, carla: FlaskClient, world: World) -> None:
    address = ask(app, carla)
    with time_machine.travel(utcnow().timestamp() + 2 * 3600 + 5, tick=False):
        app.test_client().post(address)
    assert address_of(app, world) == world.email("customer")
    carla.post(address)
    second = ask(app, carla, "third@newplace.example")
    carla.post(second)
    carla.post(address)
    assert address_of(app, world) == "third@newplace.example"


def test_an_address_in_use_gets_the_same_answer_and_no_mail(app: Flask, carla: FlaskClient, world: World) -> None:
    free, taken = (
        seen(carla.post("/account/email", data={"email": email}), email) for email in (NEW, world.email("stranger"))
    )
    assert free == taken
    assert [mail.recipient for mail in post.mails(app)] == [NEW]


def test_somebody_registers_with_it_in_the_meantime(app: Flask, carla: FlaskClient, world: World) -> None:
    address = ask(app, carla)
    with app.app_context():
        app.security.datastore.create_user(email=NEW, password="x", active=True)  # type: ignore[attr-defined]
        db.session.commit()
    assert carla.post(address).status_code == 302
    assert address_of(app, world) == world.email("customer")


def test_an_old_sign_in_has_to_be_renewed(carla: FlaskClient, world: World) -> None:
    from tests.cast import PASSWORD

    with time_machine.travel(utcnow().timestamp() + 30 * 60, tick=False):
        sent = carla.post("/account/email", data={"email": NEW})
        assert sent.location.startswith("/account/password-again?next=")
        back = carla.post(sent.location, data={"password": PASSWORD})
        assert back.location == "/account/email"
        assert "on its way" in carla.post("/account/email", data={"email": NEW}).text


def test_a_bad_address_is_told_at_its_field(carla: FlaskClient) -> None:
    assert "Enter an e-mail address such as" in carla.post("/account/email", data={"email": "nowhere"}).text
