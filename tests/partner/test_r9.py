"""R9 through the portal, under each shipped policy that knows resellers: what their people may open, and when."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.entitlement import entitlement_of
from portal.accounts.people import Organisation, User
from portal.db import db, utcnow
from portal.policies import the_policy
from portal.sla import Policy, QuoteError, QuoteRequest, load_policy, make_quote, shipped_policies
from portal.sla.routing import route
from portal.tickets import quoting
from portal.tickets.ticket import Ticket
from tests.cast import World
from tests.community.rows import a_category
from tests.community.test_pages import KEY
from tests.house.access import enter
from tests.tickets import writing

KNOWN = [name for name in shipped_policies() if load_policy(name).resellers]
OTHERS = ("email", "chat", "phone", "social", "forum")


@pytest.fixture(params=KNOWN)
def policy(request: pytest.FixtureRequest, app: Flask) -> Iterator[Policy]:
    """The portal under that policy."""
    with app.app_context():
        the_policy()
        kept: dict[object, Policy] = app.extensions["policies"]
    before = dict(kept)
    for source in before:
        kept[source] = load_policy(request.param)
    yield load_policy(request.param)
    kept.update(before)


def test_both_are_asked() -> None:
    assert {"demo", "remote-utilities"} <= set(KNOWN)


def test_requests_of_resellers_come_in_by_ticket_alone(app: Flask, world: World, policy: Policy) -> None:
    with app.app_context():
        rita = db.session.get_one(User, world.ids["reseller"])
        held = entitlement_of(rita, now=utcnow())
        assert held.reseller and [channel.id for channel in held.channels] == ["ticket"]
    for channel in OTHERS:
        try:
            asked = QuoteRequest(policy.policy.free_plan, reseller=True, channel=channel)
            assert not make_quote(policy, asked, at=utcnow(), zone="UTC").allowed
        except QuoteError as error:  # the policy has no such channel at all
            assert error.field == "channel"
    answer = enter(app, world.email("reseller")).post("/tickets/new", data=writing.fields())
    assert answer.status_code == 302
    with app.app_context():
        filed = db.session.scalars(select(Ticket)).one()
        assert filed.organisation_id == world.reseller and filed.rank == policy.resellers.rank  # type: ignore[union-attr]


def test_resellers_may_not_post_on_the_forum(app: Flask, world: World, policy: Policy) -> None:
    with app.app_context():
        room = a_category(slug="help").id
        db.session.commit()
    form = {"category": str(room), "kind": "question", "title": "Who else has this?", "body": "Just so.", "tags": ""}
    refused = enter(app, world.email("reseller")).post("/community/new", data=form | {"form_key": KEY})
    assert refused.status_code == 422


def test_resellers_may_get_remote_support(app: Flask, world: World, policy: Policy) -> None:
    with app.app_context():
        rita, carla = (db.session.get_one(User, world.ids[name]) for name in ("reseller", "customer"))
        assert entitlement_of(rita, now=utcnow()).remote_support
        assert not entitlement_of(carla, now=utcnow()).remote_support


def test_resellers_come_before_free_and_trial(app: Flask, world: World, policy: Policy) -> None:
    with app.app_context():
        rita = db.session.get_one(User, world.ids["reseller"])
        house = db.session.get_one(Organisation, world.reseller)
        quote = quoting.quote_for(rita, house, quoting.Fields(), now=utcnow(), zone="UTC")
    unpaid = [plan.id for plan in policy.plans.values() if not plan.commercial]
    assert policy.policy.free_plan in unpaid
    for plan in unpaid:
        for channel in ("ticket", "forum"):
            if channel in policy.channels:
                assert quote.rank < route(policy, QuoteRequest(plan, channel=channel)).rank, (plan, channel)
    paid = [route(policy, QuoteRequest(plan.id)).rank for plan in policy.plans.values() if plan.commercial]
    assert all(rank < quote.rank for rank in paid)
