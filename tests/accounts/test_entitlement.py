"""What counts for whom: contract, tier, subscription, licence, order e-mail, free, in this order (T24, R13)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_login import AnonymousUserMixin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.entitlement import entitlement_of, entitlements_of, grants_of, region_of
from portal.accounts.licences import Contract, Licence, Subscription
from portal.accounts.people import Membership, Organisation, User
from portal.accounts.products import Product
from portal.db import db, utcnow
from tests import cast
from tests.cast import LONG_AGO, World

SOURCES = ("contract", "tier", "subscription", "licence", "order_email")
NOW = utcnow().replace(microsecond=0)


def record(source: str, world: World, **fields: Any) -> Any:
    """One proof of that kind for Heron Marine (the order: to its customer)."""
    plan = {"contract": "enterprise", "tier": "business", "subscription": "team"}.get(source, "starter")
    given = {"plan": plan, "starts_at": LONG_AGO, **fields}
    if source == "contract":
        row: Any = Contract(organisation_id=world.heron, reference="C-1", tier="sla-24x7", **given)
    elif source in ("tier", "subscription"):
        tier = "sla-24x5" if source == "tier" else None
        row = Subscription(organisation_id=world.heron, reference="S-1", tier=tier, **given)
    else:
        held = {"organisation_id": world.heron} if source == "licence" else {"order_email": "carla@heron.example"}
        known = {"key_hash": source, "key_hint": "1234", "product_id": world.products["beacon"]}
        row = Licence(**{**known, **held, **given})
    db.session.add(row)
    db.session.flush()
    return row


def carla(world: World) -> User:
    return db.session.get_one(User, world.ids["customer"])


@given(held=st.sets(st.sampled_from(SOURCES)))
@settings(max_examples=32, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.fact("T24", "R13")
def test_the_strongest_source_counts(app: Flask, world: World, held: set[str]) -> None:
    with app.app_context():
        for source in held:
            record(source, world)
        strongest = next((source for source in SOURCES if source in held), "free")
        assert entitlement_of(carla(world), "beacon", now=NOW).source == strongest
        db.session.rollback()


@pytest.mark.parametrize("source", SOURCES)
def test_it_counts_from_its_start_until_before_its_end(app: Flask, world: World, source: str) -> None:
    hour = timedelta(hours=1)
    with app.app_context():
        record(source, world, starts_at=NOW, ends_at=NOW + hour)
        found = [entitlement_of(carla(world), now=at).source for at in moments(NOW, hour)]
        assert found == ["free", source, source, "free"]


def moments(start: datetime, length: timedelta) -> list[datetime]:
    tick = timedelta(seconds=1)
    return [start - tick, start, start + length - tick, start + length]


@pytest.mark.fact("R7")
def test_an_upgrade_counts_at_once(app: Flask, world: World) -> None:
    with app.app_context():
        held = record("subscription", world, plan="starter")
        assert entitlement_of(carla(world), now=NOW).plan == "starter"
        held.plan = "business"
        assert entitlement_of(carla(world), now=NOW).plan == "business"


def test_a_revoked_licence_does_not_count(app: Flask, world: World) -> None:
    with app.app_context():
        record("licence", world, revoked_at=NOW)
        assert entitlement_of(carla(world), now=NOW - timedelta(seconds=1)).source == "licence"
        assert entitlement_of(carla(world), now=NOW).source == "free"


def test_a_product_counts_for_itself_alone(app: Flask, world: World) -> None:
    with app.app_context():
        record("subscription", world, product_id=world.products["relay"])
        assert entitlement_of(carla(world), "relay", now=NOW).plan == "team"
        assert entitlement_of(carla(world), "beacon", now=NOW).plan == "free"
        products = db.session.scalars(db.select(Product).order_by(Product.slug)).all()
        each = {product.slug: found.plan for product, found in entitlements_of(carla(world), products, now=NOW)}
        assert each == {"atlas": "free", "beacon": "free", "relay": "team"}


@pytest.mark.fact("R13")
def test_an_order_counts_for_a_confirmed_address_alone(app: Flask, world: World) -> None:
    with app.app_context():
        record("order_email", world)
        person = carla(world)
        assert entitlement_of(person, "beacon", now=NOW).source == "order_email"
        person.confirmed_at = None
        assert entitlement_of(person, "beacon", now=NOW).source == "free"


def test_an_order_counts_for_its_address_whatever_its_case(app: Flask, world: World) -> None:
    with app.app_context():
        record("order_email", world, order_email="carla@heron.example")
        colin = db.session.get_one(User, world.ids["colleague"])
        assert entitlement_of(colin, "beacon", now=NOW).source == "free"


def test_a_claimed_licence_leaves_with_the_membership(app: Flask, world: World) -> None:
    """It was ordered to Carla's address, and Heron has claimed it: it is Heron's, also when she leaves."""
    with app.app_context():
        record("licence", world, order_email="carla@heron.example")
        person = carla(world)
        assert entitlement_of(person, "beacon", now=NOW).source == "licence"
        db.session.scalars(db.select(Membership).filter_by(user_id=person.id)).one().ended_at = NOW
        db.session.flush()
        assert entitlement_of(person, "beacon", now=NOW).source == "free"


@pytest.mark.parametrize("name", ["stranger", "former", "reseller"])
def test_what_others_hold_counts_for_nobody_else(app: Flask, world: World, name: str) -> None:
    with app.app_context():
        for source in SOURCES:
            record(source, world)
        person = db.session.get_one(User, world.ids[name])
        assert grants_of(person, now=NOW) == []
        assert grants_of(person, organisation=world.heron, now=NOW) == []


def test_in_one_organisation_only_its_own_counts(app: Flask, world: World) -> None:
    with app.app_context():
        record("contract", world)
        person = carla(world)
        other = cast.make_organisation("Other")
        cast.join(person, other, "member")
        db.session.flush()
        assert entitlement_of(person, organisation=other, now=NOW).source == "free"
        assert entitlement_of(person, organisation=world.heron, now=NOW).source == "contract"
        assert entitlement_of(person, now=NOW).source == "contract"


def test_visitors_have_what_is_free(app: Flask, world: World) -> None:
    with app.app_context():
        assert entitlement_of(AnonymousUserMixin(), now=NOW).source == "free"


@pytest.mark.fact("R9")
def test_resellers_are_known_as_such(app: Flask, world: World) -> None:
    with app.app_context():
        rita = db.session.get_one(User, world.ids["reseller"])
        assert entitlement_of(rita, now=NOW).reseller
        assert not entitlement_of(carla(world), now=NOW).reseller


@pytest.mark.fact("T1")
def test_the_contracts_region_comes_before_the_organisations(app: Flask, world: World) -> None:
    with app.app_context():
        heron = db.session.get_one(Organisation, world.heron)
        heron.region = "eu"
        db.session.flush()
        assert region_of(heron, now=NOW) == "eu"
        record("contract", world, region="cn")
        assert region_of(heron, now=NOW) == "cn"
        assert region_of(None, now=NOW) is None


def test_it_asks_the_database_a_fixed_number_of_times(app: Flask, world: World, counted: Callable[[], int]) -> None:
    with app.app_context():
        person = carla(world)
        for number in range(20):
            record("licence", world, key_hash=f"{number}")
        counted()
        entitlement_of(person, "beacon", now=NOW)
        assert counted() <= 4
