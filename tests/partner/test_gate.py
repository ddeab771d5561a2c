"""Who gets into the partner area, and for whom they work there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from tests import cast
from tests.billing.test_desk_queries import counted
from tests.cast import World
from tests.partner.acting import ENDS, HOLDS, let_act

As = Callable[[str], FlaskClient]
OF_THE_HOUSE = ("a member who doesn't see all", "the partnership is over", "suspended", "left the reseller")


def test_only_a_partners_people_find_the_area(as_: As) -> None:
    assert as_("reseller").get("/partner/").status_code == 200
    for name in ("owner", "customer", "billing", "stranger", "agent", "admin"):
        assert as_(name).get("/partner/").status_code == 404, name


def test_the_frame_leads_there_only_for_them(as_: As) -> None:
    assert 'href="/partner/"' in as_("reseller").get("/tickets/").text
    for name in ("owner", "customer", "stranger", "agent"):
        assert 'href="/partner/"' not in as_(name).get("/tickets/").text, name


@pytest.mark.parametrize("why", OF_THE_HOUSE)
def test_who_lost_the_right_stands_outside_with_the_next_page(why: str, app: Flask, world: World, as_: As) -> None:
    rita = as_("reseller")
    with app.app_context():
        let_act(world, utcnow())
        db.session.commit()
    assert rita.get("/partner/").status_code == 200
    with app.app_context():
        ENDS[why](world, utcnow() - timedelta(seconds=1))
        db.session.commit()
    assert rita.get("/partner/").status_code == 404
    assert 'href="/partner/"' not in rita.get("/tickets/").text


@pytest.mark.parametrize("who", HOLDS)
def test_owners_and_those_who_see_all_get_in(who: str, app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        let_act(world, utcnow())
        HOLDS[who](world, utcnow())
        db.session.commit()
    assert as_("reseller").get("/partner/").status_code == 200


def test_somebody_of_two_resellers_chooses(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        second = cast.make_organisation("Another Shop", is_reseller=True)
        cast.join(db.session.get_one(User, world.ids["reseller"]), second, "owner")
        db.session.commit()
        another = second.id
    rita = as_("reseller")
    assert "<h1>Another Shop</h1>" in rita.get("/partner/").text  # the first by name
    assert rita.post("/partner/choose", data={"reseller": world.reseller}).status_code == 302
    assert "<h1>Rita Resells</h1>" in rita.get("/partner/").text
    assert rita.post("/partner/choose", data={"reseller": world.heron}).status_code == 404
    with app.app_context():  # what the session remembers is worth nothing once the right is gone
        db.session.get_one(Organisation, world.reseller).is_reseller = False
        db.session.commit()
    assert "<h1>Another Shop</h1>" in rita.get("/partner/").text
    assert rita.post("/partner/choose", data={"reseller": another}).status_code == 302


def test_the_frame_costs_no_query_more(app: Flask, as_: As) -> None:
    asked = {}
    for name in ("reseller", "stranger"):
        browser = as_(name)
        browser.get("/support-policy")
        with counted(app) as seen:
            browser.get("/support-policy")
        asked[name] = len(seen)
    assert asked["reseller"] == asked["stranger"]
