from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from portal.db import db, utcnow
from portal.policies import the_policy
from portal.sla import QuoteRequest, make_quote
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
