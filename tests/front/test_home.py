import html
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.policies import the_policy
from portal.sla import QuoteRequest, load_policy, make_quote
from tests import cast


def test_a_visitor_finds_search_hours_and_ways_to_get_help(client: FlaskClient) -> None:
    page = client.get("/").text
    assert 'role="search"' in page
    assert "Support is" in page
    assert "File a ticket" in page and "Support policy" in page
    assert "Billing question" not in page


def test_a_customer_reads_when_a_ticket_would_be_answered(
    app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]
) -> None:
    with app.app_context():
        policy = the_policy()
        plan = next(plan for plan in policy.plans.values() if len(plan.tiers) > 1)
        cast.subscribe(world.heron, plan.id, plan.tiers[-1])
        db.session.commit()
        quote = make_quote(policy, QuoteRequest(plan=plan.id, tier=plan.tiers[-1]), utcnow())
        assert quote.first_response
    page = as_("customer").get("/").text
    assert "First response by" in page
    assert str(quote.first_response.due_at.year) in page


def test_staff_see_no_plan_of_their_own(as_: Callable[[str], FlaskClient]) -> None:
    assert "What your plan" not in as_("agent").get("/").text


def test_ready_means_the_database_answers(client: FlaskClient) -> None:
    assert client.get("/readyz").json == {"status": "ready", "checks": {"database": True, "migrations": True}}


def test_staff_find_the_desk_and_no_ways_of_a_customer(as_: Callable[[str], FlaskClient]) -> None:
    ways = ways_on(as_("agent"))
    assert "The tickets that customers wait for" in ways and 'href="/desk/"' in ways
    assert "Billing question" not in ways and "Tickets come with" not in ways


def test_a_visitor_reads_what_tickets_come_with(client: FlaskClient) -> None:
    ways = ways_on(client)
    assert "Tickets come with Enterprise, Business, Team, Starter and Trial. Sign in, and" in ways
    assert 'href="/tickets/new"' in ways


def test_a_plan_without_tickets_says_what_it_has_instead(as_: Callable[[str], FlaskClient]) -> None:
    ways = ways_on(as_("stranger"))
    assert "Your plan Free has one way to get help: Community forum." in ways
    assert "Tickets come with Enterprise" in ways
    assert "does not include" not in ways
    assert 'href="/support-policy#channels"' in ways


def test_several_ways_are_told_in_the_plural(
    app: Flask, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy("demo")
    free = replace(policy.plans["free"], channels=("forum", "chat"))
    both = replace(policy, plans={**policy.plans, "free": free})
    monkeypatch.setattr("portal.front.home.the_policy", lambda: both)
    assert "Your plan Free has these ways to get help: Live chat and Community forum." in ways_on(as_("stranger"))


def test_a_reseller_without_tickets_is_told_so(
    app: Flask, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy("demo")
    assert policy.resellers
    other = replace(policy, resellers=replace(policy.resellers, channels=("chat",)))
    monkeypatch.setattr("portal.front.home.the_policy", lambda: other)
    assert "As a reseller you have one way to get help: Live chat." in ways_on(as_("reseller"))


def test_a_reseller_may_file(as_: Callable[[str], FlaskClient]) -> None:
    ways = ways_on(as_("reseller"))
    assert "File a ticket" in ways and "one way" not in ways


def ways_on(client: FlaskClient) -> str:
    page = html.unescape(client.get("/").text)
    return page.split('aria-labelledby="ways"')[1].split("</section>")[0]


@pytest.mark.fact("T10")
def test_who_has_chat_begins_it_here(app: Flask, world: cast.World, as_: Callable[[str], FlaskClient]) -> None:
    without = as_("customer").get("/").text
    with app.app_context():
        policy = the_policy()
        plan, tier = next(
            (plan.id, tier)
            for plan in policy.plans.values()
            for tier in plan.tiers
            if any(channel.id == "chat" for channel in policy.channels_of(plan.id, tier))
        )
        cast.subscribe(world.heron, plan, tier)
        db.session.commit()
    page = as_("customer").get("/").text
    assert 'href="/chat/"' not in without
    assert 'href="/chat/"' in page and policy.channels["chat"].name.to("en") in page
