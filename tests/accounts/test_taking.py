"""A licence that is recognised by the address of its order goes to the holder's organisation without its key (R13)."""

from collections.abc import Callable

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

As = Callable[[str], FlaskClient]


@pytest.fixture
def ordered(app: Flask, world: World) -> int:
    """A licence of Beacon that was ordered to the customer's address."""
    with app.app_context():
        row = cast.sell(new_key(), "business", world.products["beacon"], order_email=world.email("customer"))
        db.session.commit()
        return int(row.id)


def plan_of(world: World, name: str) -> str:
    person = db.session.get_one(User, world.ids[name])
    return entitlement_of(person, "beacon", now=utcnow()).plan


@pytest.mark.fact("R13")
def test_the_colleagues_have_it_then(app: Flask, world: World, ordered: int, as_: As) -> None:
    with app.app_context():
        assert (plan_of(world, "customer"), plan_of(world, "colleague")) == ("business", "free")
    carla = as_("customer")
    assert "Take it into Heron Marine" in carla.get("/account/licences").text
    assert carla.post(f"/account/licences/{ordered}/take").status_code == 302
    with app.app_context():
        kept = db.session.get_one(Licence, ordered)
        assert (kept.organisation_id, kept.claimed_by_id) == (world.heron, world.ids["customer"])
        assert (plan_of(world, "customer"), plan_of(world, "colleague")) == ("business", "business")
    assert "Take it into" not in carla.get("/account/licences").text


def test_it_is_taken_once(app: Flask, world: World, ordered: int, as_: As) -> None:
    carla = as_("customer")
    assert carla.post(f"/account/licences/{ordered}/take").status_code == 302
    again = carla.post(f"/account/licences/{ordered}/take")
    assert again.status_code == 422 and "has this licence already" in again.text


@pytest.mark.parametrize("name", ["colleague", "stranger", "agent"])
def test_nobody_else_finds_it(name: str, app: Flask, world: World, ordered: int, as_: As) -> None:
    assert as_(name).post(f"/account/licences/{ordered}/take").status_code == 404
    with app.app_context():
        assert db.session.get_one(Licence, ordered).organisation_id is None


def test_who_has_no_organisation_gets_one(app: Flask, world: World, ordered: int, as_: As) -> None:
    with app.app_context():
        db.session.get_one(Licence, ordered).order_email = world.email("former")
        db.session.get_one(Licence, ordered).licensed_to = "Saltmarsh Ferries"
        db.session.commit()
    assert as_("former").post(f"/account/licences/{ordered}/take").status_code == 302
    with app.app_context():
        kept = db.session.get_one(Licence, ordered)
        assert db.session.get_one(Organisation, kept.organisation_id).name == "Saltmarsh Ferries"


def test_an_organisation_is_founded_without_a_licence(app: Flask, world: World, ordered: int, as_: As) -> None:
    olaf = as_("former")
    assert "/account/organisation/new" in olaf.get("/account/").text
    assert olaf.post("/account/organisation/new", data={"name": "  "}).status_code == 422
    made = olaf.post("/account/organisation/new", data={"name": "Saltmarsh Ferries"})
    assert made.status_code == 302 and "Saltmarsh Ferries is founded" in olaf.get(made.location).text
    with app.app_context():
        house = db.session.scalars(db.select(Organisation).where(Organisation.name == "Saltmarsh Ferries")).one()
        olaf_here = db.session.get_one(User, world.ids["former"])
        assert olaf_here.role_in(house) == "owner"
        assert entitlement_of(olaf_here, "beacon", house, now=utcnow()).plan == "free"


def test_a_foreign_organisation_is_refused(app: Flask, world: World, ordered: int, as_: As) -> None:
    with app.app_context():
        carla, house = db.session.get_one(User, world.ids["customer"]), db.session.get_one(Organisation, world.reseller)
        cast.join(carla, house, "member")
        db.session.commit()
    browser = as_("customer")
    refused = browser.post(f"/account/licences/{ordered}/take", data={"organisation": str(world.elsewhere)})
    assert refused.status_code == 422 and "Choose one of your organisations." in refused.text
    chosen = browser.post(f"/account/licences/{ordered}/take", data={"organisation": str(world.reseller)})
    assert chosen.status_code == 302
