"""Personal tokens: made with the password, told once, held as a hash, and ended."""

import re
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.accounts.tokens import READ, PersonalToken, make_token
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from tests import cast
from tests.api.conftest import Program, Programs

As = Callable[[str], FlaskClient]


def make(browser: FlaskClient, **fields: object) -> str:
    answer = browser.post("/account/tokens", data={"name": "Night job", "days": 30, "password": cast.PASSWORD} | fields)
    assert answer.status_code == 200, answer.text
    return re.search(r'<code class="code">(foyer_[\w-]+)</code>', answer.text)[1]  # type: ignore[index]


def test_a_token_opens_the_api_and_is_never_shown_again(app: Flask, as_: As) -> None:
    browser = as_("customer")
    secret = make(browser, writes="y")
    answer = Program(app, secret).get("/me")
    assert answer.json and answer.json["person"]["name"] == "Carla"
    assert answer.json["scopes"] == ["tickets:read", "tickets:write"]
    page = browser.get("/account/tokens").text
    assert "Night job" in page and secret not in page
    with app.app_context():
        assert secret not in repr(db.session.execute(db.text("select * from personal_token")).all())


def test_its_owner_is_told_by_mail_without_the_token(app: Flask, as_: As) -> None:
    secret = make(as_("customer"))
    with app.app_context():
        run_due()
        mail = db.session.scalars(db.select(Mail).order_by(Mail.id.desc())).first()
        assert mail and "Night job" in mail.text and secret not in mail.text


def test_the_password_is_asked_for(app: Flask, as_: As) -> None:
    answer = as_("customer").post("/account/tokens", data={"name": "x", "days": 30, "password": "not this one, no"})
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalars(db.select(PersonalToken)).all() == []


def test_customers_get_no_desk_scope(app: Flask, as_: As) -> None:
    assert Program(app, make(as_("customer"), desk="y")).get("/me").json["scopes"] == [READ]  # type: ignore[index]


def test_an_ended_token_opens_nothing(app: Flask, as_: As) -> None:
    browser = as_("customer")
    secret = make(browser)
    with app.app_context():
        key = db.session.scalars(db.select(PersonalToken.id)).one()
    assert as_("stranger").post(f"/account/tokens/{key}/end").status_code == 404
    assert browser.post(f"/account/tokens/{key}/end").status_code == 302
    assert Program(app, secret).get("/me").status_code == 401


def test_a_token_runs_out(app: Flask, world: cast.World) -> None:
    with app.app_context():
        person = db.session.get_one(User, world.ids["customer"])
        _row, secret = make_token(person, "old", [READ], days=1, now=utcnow() - timedelta(days=1, seconds=1))
        db.session.commit()
    assert Program(app, secret).get("/me").status_code == 401


def test_signing_out_everywhere_ends_them(app: Flask, as_: As) -> None:
    browser = as_("customer")
    secret = make(browser)
    browser.post("/account/sign-out-everywhere")
    assert Program(app, secret).get("/me").status_code == 401


def test_a_suspended_owners_token_opens_nothing(app: Flask, world: cast.World, program: Programs) -> None:
    customers = program("customer")
    with app.app_context():
        db.session.get_one(User, world.ids["customer"]).active = False
        db.session.commit()
    assert customers.get("/me").status_code == 401


def test_the_last_use_is_noted(app: Flask, program: Programs) -> None:
    program("customer").get("/me")
    with app.app_context():
        used = db.session.scalars(db.select(PersonalToken.used_at)).one()
        assert used and utcnow() - used < timedelta(minutes=1)
