"""Tickets on behalf: filed with what the customer holds, listed, answered, and out of reach once they say so."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.entitlement import entitlement_of
from portal.accounts.licences import Subscription
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from portal.sla import QuoteRequest
from portal.sla.routing import route
from portal.tickets import remote
from portal.tickets.following import follow
from portal.tickets.ticket import Draft, Ticket
from tests import cast
from tests.billing.test_desk_queries import counted
from tests.cast import World
from tests.partner.acting import let_act, the_consent, the_partner, the_relation
from tests.tickets import writing

As = Callable[[str], FlaskClient]


@pytest.fixture
def acting(app: Flask, world: World) -> World:
    """Rita may act for Heron Marine, which has a plan with tickets."""
    writing.equip(app, world)
    with app.app_context():
        let_act(world, utcnow())
        db.session.commit()
    return world


def file_for(rita: FlaskClient, organisation: int, **overrides: str) -> int:
    form = writing.fields(organisation=str(organisation), **overrides)
    return int(rita.post("/tickets/new", data=form).status_code)


def the_ticket() -> Ticket:
    return db.session.scalars(select(Ticket).order_by(Ticket.id.desc())).first() or pytest.fail("no ticket")


def the_subscription(organisation: int) -> Subscription:
    return db.session.scalars(select(Subscription).where(Subscription.organisation_id == organisation)).one()


def test_the_promise_is_what_the_customers_own_people_would_get(app: Flask, acting: World, as_: As) -> None:
    rita = as_("reseller")
    shown = rita.get(f"/tickets/new?organisation={acting.heron}").text
    assert "Heron Marine (your customer)" in shown
    assert file_for(rita, acting.heron) == 302
    assert as_("customer").post("/tickets/new", data=writing.fields()).status_code == 302
    with app.app_context():
        for_them, own = db.session.scalars(select(Ticket).order_by(Ticket.id)).all()
        assert (for_them.organisation_id, for_them.reseller_id) == (acting.heron, acting.reseller)
        assert (own.reseller_id, own.plan, own.tier) == (None, for_them.plan, for_them.tier)
        assert for_them.promise["basis"] == own.promise["basis"] and for_them.queue == own.queue


def test_the_better_place_in_the_queue_counts(app: Flask, world: World, as_: As) -> None:
    """R9: what resellers ask comes before those who pay nothing; a customer who pays stands where they paid for."""
    policy = writing.policy()
    assert policy.resellers
    unpaid = [plan for plan in policy.plans.values() if policy.channels_of(plan.id, plan.tiers[0])]
    behind = [plan for plan in unpaid if plan.rank > policy.resellers.rank]
    ahead = [plan for plan in unpaid if plan.rank < policy.resellers.rank]
    for plan in (*behind, *ahead):
        if "ticket" not in {channel.id for channel in policy.channels_of(plan.id, plan.tiers[0])}:
            continue
        with app.app_context():
            cast.subscribe(world.heron, plan.id, plan.tiers[0])
            if not db.session.scalars(select(Ticket.id)).first():
                let_act(world, utcnow())
            db.session.commit()
        assert file_for(as_("reseller"), world.heron) == 302
        with app.app_context():
            alone = route(policy, QuoteRequest(the_ticket().plan, tier=the_ticket().tier)).rank
            assert the_ticket().rank == min(alone, policy.resellers.rank)


def test_both_sides_see_who_filed_for_whom(app: Flask, acting: World, as_: As) -> None:
    rita = as_("reseller")
    assert file_for(rita, acting.heron) == 302
    with app.app_context():
        number, house = the_ticket().number, the_ticket().reseller.name  # type: ignore[union-attr]
        run_due()
        receipt = db.session.scalars(select(Mail).order_by(Mail.id.desc())).first()
        assert receipt and receipt.recipient == acting.email("reseller")
        assert "You filed it for Heron Marine." in receipt.text
    page = rita.get(f"/tickets/{number}").text
    assert "You act for Heron Marine here." in page and "Filed for" in page
    theirs = as_("owner").get(f"/tickets/{number}").text
    assert house in theirs and "You act for" not in theirs
    desk = as_("agent").get(f"/desk/{number}").text
    assert "Filed for them by" in desk and house in desk and "Heron Marine" in desk


def test_consent_that_goes_while_the_form_is_open_files_nothing_and_loses_nothing(
    app: Flask, acting: World, as_: As
) -> None:
    rita = as_("reseller")
    form = writing.fields(organisation=str(acting.heron))
    with app.app_context():
        the_consent().withdrawn_at = utcnow()
        db.session.commit()
    answer = rita.post("/tickets/new", data=form)
    assert answer.status_code == 422 and "You can’t file for that organisation (any more)." in answer.text
    assert form["subject"] in answer.text and "Heron Marine" not in answer.text
    with app.app_context():
        assert not db.session.scalars(select(Ticket)).all()
        assert db.session.scalars(select(Draft)).one().fields["subject"] == form["subject"]


def test_an_organisation_that_gave_no_word_is_not_to_be_chosen(app: Flask, acting: World, as_: As) -> None:
    assert file_for(as_("reseller"), acting.elsewhere) == 422
    assert file_for(as_("stranger"), acting.heron) == 422
    with app.app_context():
        assert not db.session.scalars(select(Ticket)).all()


def test_nobody_asks_about_money_for_another(app: Flask, acting: World, as_: As) -> None:
    answer = as_("reseller").post("/tickets/new", data=writing.fields(organisation=str(acting.heron), topic="billing"))
    assert answer.status_code == 422 and "Billing is between us and your customer." in answer.text


def test_their_upgrade_counts_and_the_resellers_own_holdings_do_not(app: Flask, acting: World, as_: As) -> None:
    assert file_for(as_("reseller"), acting.heron) == 302
    with app.app_context():
        before = the_ticket().plan
        follow(the_ticket(), now=utcnow())
        assert the_ticket().plan == before
        rita, bought = db.session.get_one(User, acting.ids["reseller"]), the_subscription(acting.heron)
        other = next(plan.id for plan in writing.policy().plans.values() if plan.commercial and plan.id != before)
        bought.plan = other
        db.session.flush()
        assert entitlement_of(rita, now=utcnow()).plan != other
        follow(the_ticket(), now=utcnow())
        assert the_ticket().plan == other


def test_a_reseller_shares_nothing_and_sees_nobody_of_theirs(app: Flask, acting: World, as_: As) -> None:
    rita = as_("reseller")
    assert file_for(rita, acting.heron) == 302
    with app.app_context():
        number = the_ticket().number
    page = rita.get(f"/tickets/{number}").text
    assert "Share with" not in page and acting.email("customer") not in page
    shared = rita.post(f"/tickets/{number}/followers", data={"person": str(acting.ids["customer"])})
    assert shared.status_code == 403
    offered = as_("owner").get(f"/tickets/{number}").text
    assert f'<option value="{acting.ids["customer"]}"' in offered
    assert f'<option value="{acting.ids["reseller"]}"' not in offered


@pytest.mark.fact("R9")
def test_a_reseller_may_get_remote_support_for_a_customer_without(app: Flask, world: World, as_: As) -> None:
    policy = writing.policy()
    assert policy.remote_support and policy.remote_support.resellers
    without = [plan for plan in policy.plans.values() if plan.id not in policy.remote_support.plans]
    plan = next(plan for plan in without if "ticket" in plan.channels)
    with app.app_context():
        cast.subscribe(world.heron, plan.id, plan.tiers[0])
        let_act(world, utcnow())
        db.session.commit()
    assert file_for(as_("reseller"), world.heron) == 302
    with app.app_context():
        assert remote.terms(the_ticket(), now=utcnow()) is not None
        the_partner().ends_at = utcnow() - timedelta(seconds=1)
        db.session.flush()
        assert remote.terms(the_ticket(), now=utcnow()) is None


def test_who_lost_the_right_gets_no_mail(app: Flask, acting: World, as_: As) -> None:
    rita, agent = as_("reseller"), as_("agent")
    assert file_for(rita, acting.heron) == 302
    with app.app_context():
        number = the_ticket().number
        the_consent().withdrawn_at = utcnow()
        db.session.commit()
        run_due()
        known = set(db.session.scalars(select(Mail.id)))
    assert rita.get(f"/tickets/{number}").status_code == 404
    answered = agent.post(f"/desk/{number}/reply", data={"body": "Please try the new version."})
    assert answered.status_code == 302
    with app.app_context():
        run_due()
        later = db.session.scalars(select(Mail).where(Mail.id.not_in(known))).all()
        assert acting.email("reseller") not in {mail.recipient for mail in later}


def test_who_acts_for_them_can_get_the_answers_by_mail(app: Flask, acting: World, as_: As) -> None:
    rita, agent = as_("reseller"), as_("agent")
    number = writing.filed(as_("customer"))

    def told(body: str) -> set[str]:
        assert agent.post(f"/desk/{number}/reply", data={"body": body}).status_code == 302
        with app.app_context():
            run_due()
            return {mail.recipient for mail in db.session.scalars(select(Mail)) if body in mail.text}

    address = acting.email("reseller")
    assert "Get answers by mail" in rita.get(f"/tickets/{number}").text
    assert address not in told("First.") and rita.post(f"/tickets/{number}/follow").status_code == 302
    assert "No more mails about it" in rita.get(f"/tickets/{number}").text
    assert told("Second.") == {address, acting.email("customer")}
    with app.app_context():
        the_consent().withdrawn_at = utcnow()
        db.session.commit()
    assert told("Third.") == {acting.email("customer")}
    with app.app_context():
        the_consent().withdrawn_at = None
        db.session.commit()
    assert rita.post(f"/tickets/{number}/unfollow").status_code == 302
    assert address not in told("Fourth.")
    assert as_("customer").post(f"/tickets/{number}/follow").status_code == 403
    assert as_("stranger").post(f"/tickets/{number}/follow").status_code == 404


def test_the_list_shows_own_and_theirs_and_is_narrowed(app: Flask, acting: World, as_: As) -> None:
    rita = as_("reseller")
    assert "No tickets yet" in rita.get("/partner/tickets").text
    assert file_for(rita, acting.heron, subject="For Heron") == 302
    assert file_for(rita, acting.reseller, subject="Of our own") == 302
    assert as_("customer").post("/tickets/new", data=writing.fields(subject="By Carla")).status_code == 302
    assert (
        as_("customer").post("/tickets/new", data=writing.fields(subject="Of money", topic="billing")).status_code
        == 302
    )
    for asked, seen in {
        "": {"For Heron", "Of our own", "By Carla"},
        "?customer=own": {"Of our own"},
        f"?customer={acting.heron}": {"For Heron", "By Carla"},
        f"?customer={acting.elsewhere}": {"For Heron", "Of our own", "By Carla"},
        "?q=carla": {"By Carla"},
        "?status=closed": set(),
        "?status=late": set(),
        "?status=open&sort=due": {"For Heron", "Of our own", "By Carla"},
    }.items():
        page = rita.get(f"/partner/tickets{asked}").text
        every = ("For Heron", "Of our own", "By Carla", "Of money")
        assert {subject for subject in every if f">{subject}</a>" in page} == seen, asked
    with app.app_context():
        ticket = db.session.scalars(select(Ticket).where(Ticket.subject == "By Carla")).one()
        ticket.next_due_at = utcnow() - timedelta(hours=1)
        db.session.commit()
    with time_machine.travel(utcnow() + timedelta(minutes=1)):  # what is kept is kept for a minute
        assert ">By Carla</a>" in rita.get("/partner/tickets?status=late").text
        overview = rita.get("/partner/").text
        assert "Late: 1" in overview and "Open: 3" in overview and ">By Carla</a>" in overview
        assert ">By Carla</a>" in rita.get("/partner/tickets").text
        with app.app_context():
            the_relation().ends_at = utcnow()
            db.session.commit()
        page = rita.get("/partner/tickets").text  # but what ended is gone at once
        assert ">Of our own</a>" in page and ">For Heron</a>" not in page and ">By Carla</a>" not in page


def test_the_list_asks_as_much_for_many_as_for_one(app: Flask, acting: World, as_: As) -> None:
    rita = as_("reseller")
    asked = []
    for number in (1, 4):
        for _n in range(number):
            assert file_for(rita, acting.heron) == 302
        with counted(app) as seen:
            assert rita.get("/partner/tickets").status_code == rita.get("/partner/").status_code == 200
        asked.append(len(seen))
    assert asked[0] == asked[1]
