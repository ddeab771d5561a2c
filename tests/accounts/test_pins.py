"""PINs: one a person, for those whose tier has them, shown once and readable by nobody."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts import pins
from portal.accounts.licences import Subscription
from portal.accounts.people import Membership, User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.web import settings
from tests import cast
from tests.cast import World

SHOWN = re.compile(r"<strong class=\"num\">(\d{3} \d{3} \d{3})</strong>")


@pytest.fixture
def sla(app: Flask, world: World) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", "sla-24x7")
        db.session.commit()


def made(browser: FlaskClient) -> str:
    found = SHOWN.search(browser.post("/account/pin").text)
    assert found
    return found[1]


def owner(app: Flask, pin: str) -> str | None:
    with app.app_context():
        found = pins.owner_of_pin(pin, now=utcnow())
        return found.email if found else None


def test_it_finds_its_owner_however_it_is_written(
    app: Flask, sla: None, world: World, as_: Callable[[str], FlaskClient]
) -> None:
    pin = made(as_("customer"))
    for written in (pin, pin.replace(" ", ""), f" {pin.replace(' ', '-')} "):
        assert owner(app, written) == world.email("customer")


def test_it_is_shown_once_and_kept_nowhere(app: Flask, sla: None, as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("customer")
    pin = made(browser)
    assert pin not in browser.get("/account/").text and "Make a new PIN" in browser.get("/account/").text
    with app.app_context():
        kept = db.session.scalars(db.select(pins.PhonePin)).one()
        assert pin.replace(" ", "") not in kept.digest


def test_the_key_is_outside_the_database(
    app: Flask, sla: None, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = made(as_("customer"))
    with app.app_context():
        monkeypatch.setitem(settings(), "secret_key", "another key than before")
        assert pins.owner_of_pin(pin, now=utcnow()) is None


def test_a_new_one_ends_the_one_before(app: Flask, sla: None, as_: Callable[[str], FlaskClient]) -> None:
    browser = as_("customer")
    first, second = made(browser), made(browser)
    assert owner(app, first) is None and owner(app, second)


def test_everybody_has_their_own(app: Flask, sla: None, world: World, as_: Callable[[str], FlaskClient]) -> None:
    carla, colin = made(as_("customer")), made(as_("colleague"))
    assert [owner(app, pin) for pin in (carla, colin)] == [world.email("customer"), world.email("colleague")]


def test_a_tier_without_pins_has_none(app: Flask, world: World, as_: Callable[[str], FlaskClient]) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "business")
        db.session.commit()
    browser = as_("customer")
    assert "Your PIN" not in browser.get("/account/").text
    answer = browser.post("/account/pin")
    assert answer.status_code == 422 and "Your support has no PIN." in answer.text


def test_it_counts_for_a_product_that_is_not_the_best_held(
    app: Flask, world: World, as_: Callable[[str], FlaskClient]
) -> None:
    with app.app_context():
        cast.subscribe(world.heron, "enterprise", product_id=world.products["relay"])
        cast.subscribe(world.heron, "business", "sla-24x5", product_id=world.products["atlas"])
        db.session.commit()
    assert owner(app, made(as_("customer"))) == world.email("customer")


@pytest.mark.parametrize("end", ["the tier", "the membership", "the account"])
def test_it_ends_with_what_it_stands_on(
    end: str, app: Flask, sla: None, world: World, as_: Callable[[str], FlaskClient]
) -> None:
    pin = made(as_("customer"))
    with app.app_context():
        ended = utcnow() - timedelta(seconds=1)
        if end == "the tier":
            db.session.execute(db.update(Subscription).values(ends_at=ended))
        elif end == "the membership":
            db.session.execute(db.update(Membership).values(ended_at=ended))
        else:
            db.session.get_one(User, world.ids["customer"]).active = False
        db.session.commit()
    assert owner(app, pin) is None


@pytest.mark.parametrize(
    "typed", ["", "12345678", "012345678", "1234567890", "12345678x", "１２３４５６７８９", "1\0" * 9]
)
def test_what_is_no_pin_is_nobodys(typed: str, app: Flask) -> None:
    assert owner(app, typed) is None


def test_making_them_is_limited(
    sla: None, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "limit_pin", "2 per hour")
    browser = as_("customer")
    assert [browser.post("/account/pin").status_code for _ in range(3)] == [200, 200, 429]


def test_its_owner_is_told_by_mail_that_it_was_made(
    app: Flask, sla: None, world: World, as_: Callable[[str], FlaskClient]
) -> None:
    pin = made(as_("customer"))
    with app.app_context():
        run_due()
        mail = db.session.scalars(db.select(Mail).where(Mail.recipient == world.email("customer"))).one()
        assert "PIN was made" in mail.subject and pin not in mail.text + mail.html


def test_a_visitor_is_asked_to_sign_in(client: FlaskClient) -> None:
    assert "/account/sign-in" in client.post("/account/pin").location
