"""Registration is free (R12), and tells nobody who has an account already."""

import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db
from tests.accounts import post
from tests.accounts.alike import answers_to, shape, without_tokens
from tests.cast import World

GOOD = {"name": "Nina Berg", "email": "nina@fjord.example", "password": "lilac tea on mondays"}


def users(app: Flask, email: str) -> list[User]:
    with app.app_context():
        return list(db.session.scalars(db.select(User).where(User.email == email)))


@pytest.mark.fact("R12")
def test_anybody_may_register_and_gets_a_mail_to_confirm(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/account/register", data=GOOD)
    assert answer.status_code == 302
    assert answer.location == "/account/sign-in"
    mail = post.last(app, GOOD["email"])
    assert mail.subject == "Welcome to Larkspur Instruments: please confirm your address"
    assert "/account/confirm/" in post.link(mail)
    assert GOOD["name"] not in mail.text  # the mailbox may be somebody else's: nothing typed here goes there


def test_the_new_account_speaks_the_readers_language_and_zone(app: Flask, client: FlaskClient) -> None:
    client.set_cookie("tz", "Europe/Vienna")
    client.post("/account/register", data=GOOD, headers={"Accept-Language": "de"})
    (nina,) = users(app, GOOD["email"])
    assert (nina.locale, nina.zone) == ("de", "Europe/Vienna")
    assert post.last(app, GOOD["email"]).language == "de"


def test_a_known_address_gets_the_same_answer(app: Flask, client: FlaskClient, world: World) -> None:
    answers = []
    for email in ("nina@fjord.example", world.email("customer"), world.email("unconfirmed"), world.email("suspended")):
        browser = app.test_client()
        answer = browser.post("/account/register", data={**GOOD, "email": email})
        page = browser.get(answer.location).text.replace(email, "ADDRESS")
        answers.append((answer.status_code, shape(answer), without_tokens(page)))
    assert answers[0] == answers[1] == answers[2] == answers[3]


def test_the_owner_of_a_known_address_is_told(app: Flask, client: FlaskClient, world: World) -> None:
    client.post("/account/register", data={**GOOD, "email": world.email("customer")})
    mail = post.last(app, world.email("customer"))
    assert mail.subject == "You have an account at Larkspur Instruments already"
    assert "/account/recover/" in post.link(mail)
    assert users(app, world.email("customer"))[0].name == "Carla"


def test_addresses_differing_in_case_are_one(app: Flask, client: FlaskClient, world: World) -> None:
    client.post("/account/register", data={**GOOD, "email": "CARLA@Heron.example"})
    assert len(users(app, "carla@heron.example")) == 1
    assert not users(app, "CARLA@Heron.example")


def test_no_column_can_be_posted_along(app: Flask, client: FlaskClient, world: World) -> None:
    columns = [column.key for column in User.__table__.columns]
    extra = dict.fromkeys(columns, "1") | {
        "roles": "admin",
        "active": "",
        "confirmed_at": "2026-01-01",
        "locale": "xx",
    }
    client.post("/account/register", data={**extra, **GOOD})
    (nina,) = users(app, GOOD["email"])
    with app.app_context():
        nina = db.session.merge(nina)
        assert nina.confirmed_at is None
        assert (nina.roles, nina.active, nina.locale, nina.zone, nina.phone, nina.company) == (
            [],
            True,
            "en",
            None,
            None,
            None,
        )
        assert len(nina.fs_uniquifier) > 20


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "Tell us how to address you."),
        ({"name": "x" * 201}, "Use at most 200 characters."),
        ({"name": "Nina\x07"}, "Leave out control characters."),
        ({"name": "Win at https://evil.example"}, "Leave out web addresses."),
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "nina"}, "Enter an e-mail address such as"),
        ({"email": "nina@fjord.example\r\nBcc: x@y.example"}, "Enter an e-mail address such as"),
        ({"email": "ni na@fjord.example"}, "Enter an e-mail address such as"),
        ({"email": "n" * 250 + "@fjord.example"}, "Enter an e-mail address such as"),
        ({"password": ""}, "Enter a password."),
        ({"password": "fourteen chars"}, "Use 15 characters or more"),
        ({"password": "passwordpassword"}, "among the passwords that are tried first"),
        ({"password": "nina@fjord.example"}, "mostly your name or address"),
        ({"password": "x y z" * 60}, "Use at most 256 characters."),
    ],
)
def test_bad_input_is_told_at_its_field(client: FlaskClient, changed: dict[str, str], sentence: str) -> None:
    answer = client.post("/account/register", data={**GOOD, **changed})
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text
    if "name" not in changed:
        assert 'value="Nina Berg"' in answer.text


def test_a_weak_password_does_not_tell_known_from_unknown(app: Flask, world: World) -> None:
    addresses = ["nobody@fjord.example", world.email("customer")]
    known, unknown = answers_to(app, "/account/register", addresses, name="Nina", password="too short")
    assert known == unknown


def test_two_addresses_in_one_form_are_refused(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/account/register", data={**GOOD, "email": [GOOD["email"], "second@fjord.example"]})
    assert answer.status_code == 400


def test_of_two_registrations_at_once_the_database_takes_one(app: Flask) -> None:
    statuses: list[int] = []

    def register() -> None:
        statuses.append(app.test_client().post("/account/register", data=GOOD).status_code)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [302] * 4
    assert len(users(app, GOOD["email"])) == 1
