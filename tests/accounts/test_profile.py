"""The profile: what a person says about themselves, and nothing else."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import User
from portal.db import db
from tests.cast import World

GOOD = {"name": "Carla Diaz", "locale": "nl", "zone": "Asia/Kathmandu", "phone": "+31 20 555 0123", "company": "Heron"}


def row(app: Flask, world: World) -> User:
    with app.app_context():
        return db.session.get_one(User, world.ids["customer"])


def test_it_is_saved_and_speaks_the_new_language_at_once(
    app: Flask, as_: Callable[[str], FlaskClient], world: World
) -> None:
    carla = as_("customer")
    carla.get("/account/?lang=de")
    assert carla.post("/account/", data=GOOD).status_code == 302
    saved = row(app, world)
    assert {name: getattr(saved, name) for name in GOOD} == GOOD
    page = carla.get("/account/").text
    assert '<html lang="nl"' in page
    assert "(UTC+05:45)" in page


def test_zones_are_grouped_by_region_with_their_offset(as_: Callable[[str], FlaskClient]) -> None:
    page = as_("customer").get("/account/").text
    assert '<optgroup label="Europe">' in page
    assert ">Tokyo (UTC+09:00)</option>" in page


def test_a_zone_with_an_old_name_stays_chosen(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    carla = as_("customer")
    carla.post("/account/", data={**GOOD, "zone": "Asia/Calcutta"})
    assert row(app, world).zone == "Asia/Calcutta"
    assert '<option selected value="Asia/Calcutta">' in carla.get("/account/").text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "   "}, "Tell us how to address you."),
        ({"name": "\u0001"}, "Leave out control characters."),
        ({"locale": "xx"}, "Choose one of the languages in the list."),
        ({"locale": "../../etc"}, "Choose one of the languages in the list."),
        ({"zone": "Europe/Atlantis"}, "Choose one of the time zones in the list."),
        ({"zone": "../../../etc/passwd"}, "Choose one of the time zones in the list."),
        ({"zone": ""}, "Choose one of the time zones in the list."),
        ({"zone": "localtime"}, "Choose one of the time zones in the list."),
        ({"phone": "call me"}, "Enter a phone number such as"),
        ({"phone": "1" * 41}, "Use at most 40 characters."),
        ({"company": "x" * 201}, "Use at most 200 characters."),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, changed: dict[str, str], sentence: str
) -> None:
    answer = as_("customer").post("/account/", data={**GOOD, **changed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert row(app, world).name == "Carla"


def test_no_other_column_can_be_posted_along(app: Flask, as_: Callable[[str], FlaskClient], world: World) -> None:
    before = row(app, world)
    extra = dict.fromkeys([column.key for column in User.__table__.columns], "1") | {"roles": "admin", "roles-0": "1"}
    as_("customer").post("/account/", data={**extra, **GOOD})
    after = row(app, world)
    for column in (
        "id",
        "email",
        "password",
        "active",
        "fs_uniquifier",
        "username",
        "confirmed_at",
        "tf_primary_method",
    ):
        assert getattr(after, column) == getattr(before, column)
    with app.app_context():
        assert db.session.get_one(User, world.ids["customer"]).roles == []


def test_visitors_are_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/account/").location == "/account/sign-in?next=/account/"
    assert "/account/sign-in" in client.post("/account/", data=GOOD).location


def test_a_hostile_name_stays_text(as_: Callable[[str], FlaskClient]) -> None:
    carla = as_("customer")
    carla.post("/account/", data={**GOOD, "name": "<script>alert(1)</script>"})
    page = carla.get("/account/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
