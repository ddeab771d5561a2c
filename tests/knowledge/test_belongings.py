"""The reader's own products and version come first, wherever there are results; nothing is hidden by it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.accounts.entitlement import entitlement_of
from portal.accounts.licences import Contract, Licence
from portal.accounts.people import User
from portal.accounts.products import Product
from portal.db import db, utcnow
from portal.tickets import filing
from tests import cast
from tests.cast import World


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that run inside."""
    told: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(*args: Any) -> None:
        told.append(args[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", note)


Write = Callable[..., str]
As = Callable[[str], FlaskClient]


@pytest.fixture
def lamps(write: Write, world: World) -> None:
    """The same about three products, and about none."""
    for slug, title in (("atlas", "Lamp one"), ("beacon", "Lamp two"), ("relay", "Lamp six")):
        write(slug=f"lamp-{slug}", title=title, body="Light the lamp.", product=slug, versions="4.2")
    write(slug="lamp", title="Lamp ten", body="Light the lamp.")


def sell(app: Flask, world: World, slug: str | None, who: str = "heron") -> None:
    with app.app_context():
        product = world.products[slug] if slug else None
        cast.subscribe(getattr(world, who), "business", product_id=product)
        db.session.commit()


def tell_version(app: Flask, slug: str, version: str, *, ago: int = 1, name: str = "customer") -> None:
    """A ticket of some days ago says which version there is."""
    with app.app_context():
        person = db.session.scalars(db.select(User).filter_by(email=cast.ADDRESSES[name])).one()
        product = db.session.scalars(db.select(Product).filter_by(slug=slug)).one()
        organisation = db.session.scalar(person.organisations())
        about = {"topic": "product", "organisation": organisation, "product": product, "version": version}
        key = f"{slug}-{version}-{ago}".ljust(32, "k")
        request = filing.Request(form_key=key, subject="Odd", body="It is odd.", language="en", zone="UTC", **about)
        filing.file_ticket(request, by=person, now=utcnow() - timedelta(days=ago))
        db.session.commit()


def text(client: FlaskClient, address: str) -> str:
    return re.sub("</?mark>", "", client.get(address).text)


def ids(client: FlaskClient, address: str = "/api/search?q=lamp") -> list[str]:
    return [result["id"].removeprefix("en/") for result in client.get(address).json["results"]]


def test_what_a_customer_has_comes_first_and_nothing_is_hidden(app: Flask, as_: As, world: World, lamps: None) -> None:
    before = ids(app.test_client())
    sell(app, world, "relay")
    assert ids(as_("customer"))[0] == "lamp-relay"
    assert sorted(ids(as_("customer"))) == sorted(before)
    assert ids(as_("customer"))[-2:] == ["lamp-atlas", "lamp-beacon"]
    assert ids(app.test_client()) == ids(as_("stranger")) == before


def test_it_does_so_on_the_page_as_one_types_and_beside_a_ticket(
    app: Flask, as_: As, world: World, lamps: None
) -> None:
    sell(app, world, "relay")
    customer = as_("customer")
    for address in ("/search?q=lamp", "/search/suggest?q=lam", "/tickets/answers?subject=Lamp"):
        page = text(customer, address)
        assert 0 < page.find("Lamp six") < page.find("Lamp ten") < page.find("Lamp two"), address


@pytest.mark.parametrize("source", ["contract", "licence", "ordered"])
def test_every_kind_of_holding_counts(app: Flask, as_: As, world: World, lamps: None, source: str) -> None:
    with app.app_context():
        about = {"product_id": world.products["relay"], "plan": "business", "starts_at": cast.LONG_AGO}
        if source == "contract":
            held = Contract(organisation_id=world.heron, reference="C-1", tier="sla-24x7", **about)
        else:
            belongs = (
                {"organisation_id": world.heron} if source == "licence" else {"order_email": cast.ADDRESSES["customer"]}
            )
            held = Licence(key_hash="k", key_hint="k", **belongs, **about)
        db.session.add(held)
        db.session.commit()
        assert entitlement_of(db.session.get(User, world.ids["customer"]), "relay", now=utcnow()).source != "free"
    assert ids(as_("customer"))[0] == "lamp-relay"


def test_what_has_ended_counts_no_more(app: Flask, as_: As, world: World, lamps: None) -> None:
    sell(app, world, "relay")
    assert ids(as_("customer"))[0] == "lamp-relay"
    with app.app_context():
        db.session.execute(db.text("UPDATE subscription SET ends_at = :then"), {"then": cast.LONG_AGO + timedelta(1)})
        db.session.commit()
    assert ids(as_("customer")) == ids(app.test_client())


def test_a_plan_for_everything_puts_nothing_back(app: Flask, as_: As, world: World, lamps: None) -> None:
    sell(app, world, None)
    assert ids(as_("customer")) == ids(app.test_client())
    tell_version(app, "relay", "4.2.1.0")
    assert ids(as_("customer"))[0] == "lamp-relay"


def test_a_product_that_is_named_is_what_it_is_about(app: Flask, as_: As, world: World, write: Write) -> None:
    write(slug="relay-lamp", title="Lamp of Relay", body="Light it.", product="relay")
    write(slug="beacon-lamp", title="Lamp", body="Light it, with Relay or without.", product="beacon")
    sell(app, world, "beacon")
    assert ids(as_("customer"), "/api/search?q=relay+lamp") == ["relay-lamp", "beacon-lamp"]


def test_the_version_of_the_latest_ticket_comes_first_others_say_so(
    app: Flask, as_: As, world: World, write: Write
) -> None:
    write(slug="older", title="Lamp one", body="Light the lamp.", product="beacon", versions="3.8")
    write(slug="newer", title="Lamp two", body="Light the lamp.", product="beacon", versions="4.2")
    sell(app, world, "beacon")
    tell_version(app, "beacon", "4.2.0.0", ago=9)
    customer = as_("customer")
    assert ids(customer) == ["newer", "older"]
    tell_version(app, "beacon", "3.8.0.0", ago=1)
    tell_version(app, "beacon", "4.2.0.0", ago=3)
    assert ids(customer) == ["older", "newer"]
    for address in ("/search?q=lamp", "/search/suggest?q=lamp", "/tickets/answers?subject=Lamp"):
        page = text(customer, address)
        assert page.count("For another version: 4.2") == 1, address
        assert 0 < page.find("Lamp one") < page.find("Lamp two"), address
    assert "Confirmed for your version" in customer.get("/search?q=lamp").text
    assert "another version" not in as_("stranger").get("/search?q=lamp").text


def test_a_version_that_is_asked_about_or_chosen_counts_instead(
    app: Flask, as_: As, world: World, write: Write
) -> None:
    write(slug="older", title="Lamp one", body="Light the lamp of 3.8.", product="beacon", versions="3.8")
    write(slug="newer", title="Lamp two", body="Light the lamp of 4.2.", product="beacon", versions="4.2")
    sell(app, world, "beacon")
    tell_version(app, "beacon", "4.2.0.0")
    customer = as_("customer")
    assert ids(customer, "/api/search?q=lamp+3.8")[0] == "older"
    assert "another version" not in customer.get("/search?q=lamp+3.8").text
    assert ids(customer, "/api/search?q=lamp&product=beacon&version=3.8") == ["older"]
    assert ids(customer, "/api/search?q=lamp&product=beacon") == ["newer", "older"]
    beside = text(customer, "/tickets/answers?subject=Lamp&product=beacon&version=3.8.1")
    assert 0 < beside.find("Lamp one") < beside.find("Lamp two")


def test_it_costs_one_query(app: Flask, as_: As, world: World, lamps: None) -> None:
    sell(app, world, "relay")
    customer, colleague = as_("customer"), as_("agent")
    for reader in (customer, colleague):
        reader.get("/search?q=lamp")
    asked = []
    for reader in (customer, colleague):
        with statements(app) as told:
            reader.get("/search?q=lamp&product=relay&kind=article")
        asked.append(sum("product_version" in one for one in told))
    assert asked == [1, 0]
