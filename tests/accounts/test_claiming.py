"""Claiming a licence key: once, into an organisation of one's own, forgiving about how it is typed (R13)."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.claiming import new_key
from portal.accounts.entitlement import entitlement_of
from portal.accounts.licences import Licence
from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from tests import cast
from tests.cast import World

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def sold(app: Flask, world: World) -> Callable[..., str]:
    """`sold(ends_at=…)` sells a licence of Beacon and returns its key."""

    def sell(**fields: Any) -> str:
        key = fields.pop("key", None) or new_key()
        with app.app_context():
            cast.sell(key, "business", world.products["beacon"], **fields)
            db.session.commit()
        return str(key)

    return sell


def licence(app: Flask) -> Licence:
    with app.app_context():
        return db.session.scalars(db.select(Licence)).one()


def claim(browser: FlaskClient, key: str, **more: Any) -> Any:
    return browser.post("/account/licences", data={"key": key, **more})


@pytest.mark.fact("R13", "R7")
def test_a_key_lifts_the_entitlement_at_once(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, sold: Callable[..., str]
) -> None:
    carla = as_("customer")
    assert claim(carla, sold()).location == "/account/licences"
    page = carla.get("/account/licences").text
    assert "Business" in page and "claimed by Carla" in page
    kept = licence(app)
    assert (kept.organisation_id, kept.claimed_by_id) == (world.heron, world.ids["customer"])
    with app.app_context():
        colin = db.session.get_one(User, world.ids["colleague"])
        assert entitlement_of(colin, "beacon", now=utcnow()).plan == "business"
        assert entitlement_of(colin, "relay", now=utcnow()).plan == "free"


@pytest.mark.parametrize(
    "typed", [str.lower, lambda k: k.replace("-", ""), lambda k: k.replace("-", " – "), lambda k: f"  {k}\t\n"]
)
def test_case_blanks_and_dashes_do_not_matter(
    app: Flask, as_: Callable[[str], FlaskClient], sold: Callable[..., str], typed: Callable[[str], str]
) -> None:
    assert claim(as_("customer"), typed(sold())).status_code == 302


def test_letters_that_look_like_digits_are_read_as_digits(
    as_: Callable[[str], FlaskClient], sold: Callable[..., str]
) -> None:
    key = sold()
    typed = key[:6] + key[6:].replace("0", "O").replace("1", "l")
    assert claim(as_("customer"), typed).status_code == 302


def test_an_older_kind_of_key_is_taken_as_it_is(as_: Callable[[str], FlaskClient], sold: Callable[..., str]) -> None:
    sold(key="LK-7QF2-99XA-PRO1")
    assert claim(as_("customer"), "lk 7qf2 99xa pro1").status_code == 302


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the licence key from your order."),
        ("---", "Enter the licence key from your order."),
        ("FOYER-ABCDE", "A key has 20 characters after FOYER; this has 5."),
        ("FOYER-00000-00000-00000-00001", "There is a slip in this key."),
        ("FOYER-UUUUU-00000-00000-00000", "There is a slip in this key."),
        ("x" * 201, "That is too long for a licence key."),
        ("'; DROP TABLE licence; --", "can’t be claimed"),
        ("LK-0000-0000", "can’t be claimed"),
        ("\x00", "Enter the licence key"),
    ],
)
def test_a_wrong_key_is_told_at_the_field(as_: Callable[[str], FlaskClient], typed: str, sentence: str) -> None:
    answer = claim(as_("customer"), typed)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_unknown_and_foreign_keys_get_the_same_sentence(
    app: Flask, as_: Callable[[str], FlaskClient], sold: Callable[..., str]
) -> None:
    key = sold()
    claim(as_("stranger"), key)
    carla = as_("customer")
    foreign, unknown = claim(carla, key), claim(carla, new_key())
    assert "can’t be claimed" in foreign.text
    assert error(foreign.text) == error(unknown.text)


def error(page: str) -> str:
    return page.split('id="key-error"')[1].split("</p>")[0]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"revoked_at": YESTERDAY}, "was withdrawn"), ({"ends_at": YESTERDAY}, "has ended")],
)
def test_a_licence_that_is_over_says_so(
    app: Flask, as_: Callable[[str], FlaskClient], sold: Callable[..., str], fields: dict[str, Any], sentence: str
) -> None:
    assert sentence in claim(as_("customer"), sold(**fields)).text
    assert licence(app).claimed_at is None


def test_a_foreign_licence_that_is_over_does_not(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, sold: Callable[..., str]
) -> None:
    key = sold(organisation_id=world.elsewhere, revoked_at=YESTERDAY)
    assert "can’t be claimed" in claim(as_("customer"), key).text


def test_a_second_claim_by_ones_own_organisation_says_so(
    as_: Callable[[str], FlaskClient], sold: Callable[..., str]
) -> None:
    key = sold()
    claim(as_("customer"), key)
    assert "Your organisation has this licence already." in claim(as_("colleague"), key).text


def test_of_two_who_claim_at_once_the_database_takes_one(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, sold: Callable[..., str]
) -> None:
    key, statuses = sold(), []
    browsers = [as_(name) for name in ("customer", "stranger", "reseller", "colleague")]
    threads = [threading.Thread(target=lambda b=b: statuses.append(claim(b, key).status_code)) for b in browsers]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302, 422, 422, 422]
    assert licence(app).organisation_id is not None


@pytest.mark.parametrize(
    ("licensed_to", "company", "name"), [("Fjord AS", "C", "Fjord AS"), ("", "C Ltd", "C Ltd"), ("", None, "Frank")]
)
def test_who_has_no_organisation_gets_one(
    app: Flask,
    as_: Callable[[str], FlaskClient],
    world: World,
    sold: Callable[..., str],
    licensed_to: str,
    company: str | None,
    name: str,
) -> None:
    with app.app_context():
        db.session.get_one(User, world.ids["former"]).company = company
        db.session.commit()
    claim(as_("former"), sold(licensed_to=licensed_to))
    with app.app_context():
        mine = db.session.scalars(db.session.get_one(User, world.ids["former"]).organisations()).one()
        assert mine.name == name
        assert db.session.get_one(User, world.ids["former"]).role_in(mine) == "owner"


def test_a_refused_claim_makes_no_organisation(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, sold: Callable[..., str]
) -> None:
    with app.app_context():
        before = db.session.query(Organisation).count()
    claim(as_("former"), sold(revoked_at=YESTERDAY))
    with app.app_context():
        assert db.session.query(Organisation).count() == before


def test_members_of_several_choose_one_of_theirs(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, sold: Callable[..., str]
) -> None:
    with app.app_context():
        person = db.session.get_one(User, world.ids["customer"])
        cast.join(person, db.session.get_one(Organisation, world.reseller), "member")
        db.session.commit()
    carla, key = as_("customer"), sold()
    for wrong in (world.elsewhere, 0, "x", ""):
        assert claim(carla, key, organisation=wrong).status_code == 422
    assert licence(app).organisation_id is None
    assert claim(carla, key, organisation=world.reseller).status_code == 302
    assert licence(app).organisation_id == world.reseller


def test_an_organisation_that_is_not_asked_for_is_not_believed(
    app: Flask, as_: Callable[[str], FlaskClient], world: World, sold: Callable[..., str]
) -> None:
    sent = {"organisation": world.elsewhere, "organisation_id": world.elsewhere, "plan": "enterprise"}
    claim(as_("customer"), sold(), **sent)
    kept = licence(app)
    assert (kept.organisation_id, kept.plan) == (world.heron, "business")


def test_visitors_are_asked_to_sign_in(client: FlaskClient, sold: Callable[..., str]) -> None:
    assert "/account/sign-in" in claim(client, sold()).location
    assert "/account/sign-in" in client.get("/account/licences").location
