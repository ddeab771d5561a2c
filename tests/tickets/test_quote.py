"""The quote beside the form: what the SLA module says, renewed as the fields change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.db import db
from portal.sla import QuoteRequest, make_quote
from portal.tickets import quoting
from tests.cast import World
from tests.tickets import writing

As = Callable[[str], FlaskClient]
HTMX = {"HX-Request": "true"}


def test_the_piece_shows_the_modules_promise(app: Flask, world: World, as_: As) -> None:
    plan, tier = writing.equip(app, world)
    severity = writing.policy().severities_of(tier or writing.policy().plans[plan].tiers[0])[0].id
    page = as_("customer").get(f"/tickets/quote?topic=product&product=beacon&severity={severity}", headers=HTMX)
    assert page.status_code == 200 and "<html" not in page.text
    assert "band-svg" in page.text and writing.policy().version in page.text
    quote = make_quote(
        writing.policy(), QuoteRequest(plan=plan, tier=tier, severity=severity, product="beacon"), datetime.now(UTC)
    )
    assert quote.first_response and f"{quote.first_response.due_at:%Y-%m-%dT%H:%M}" in page.text


def test_other_choices_come_along_only_when_they_change(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    first = browser.get("/tickets/quote?topic=product&product=beacon", headers=HTMX).text
    offered = first.partition('name="offered" value="')[2].partition('"')[0]
    assert 'id="choices" hx-swap-oob' in first and offered
    again = browser.get("/tickets/quote", query_string={"topic": "product", "product": "beacon", "offered": offered})
    assert 'id="choices"' not in again.text and 'id="version-advice" hx-swap-oob' in again.text
    billing = browser.get("/tickets/quote", query_string={"topic": "billing", "offered": offered}).text
    assert 'id="choices" hx-swap-oob' in billing and 'name="severity"' not in billing


def test_before_a_product_is_chosen_nothing_is_promised(app: Flask, world: World, as_: As) -> None:
    """The best plan may be for another product: quoting it would promise what nobody keeps."""
    plan, tier = writing.plan_with_tickets()
    with app.app_context():
        writing.cast.subscribe(world.heron, plan, tier, product_id=world.products["beacon"])
        db.session.commit()
    browser = as_("customer")
    page = browser.get("/tickets/new").text
    assert "Which product is it about?" in page and "band-svg" not in page and 'name="severity"' not in page
    assert 'for="product">Product <span class="required"' in page
    assert "band-svg" in browser.get("/tickets/quote?topic=product&product=beacon").text
    assert "Your plan has no tickets for this" in browser.get("/tickets/quote?topic=product&product=relay").text
    assert "Which product" not in browser.get("/tickets/quote?topic=billing").text


def test_without_a_plan_for_any_product_the_form_says_so_at_once(as_: As) -> None:
    page = as_("customer").get("/tickets/new").text
    assert "Your plan has no tickets for this" in page and "Which product" not in page


def test_one_product_is_chosen_already(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    with app.app_context():
        for slug in ("relay", "atlas"):
            db.session.get_one(Product, world.products[slug]).is_retired = True
        db.session.commit()
    page = as_("customer").get("/tickets/new").text
    assert "band-svg" in page and "Which product" not in page


def test_without_javascript_a_button_does_the_same(app: Flask, world: World, as_: As) -> None:
    writing.equip(app, world)
    page = as_("customer").post("/tickets/quote", data=writing.fields(subject="Kept", body="Kept too"))
    assert page.status_code == 200 and "band-svg" in page.text
    assert 'value="Kept"' in page.text and "Kept too" in page.text
    with app.app_context():
        assert writing.tickets_count() == 0 and len(writing.drafts()) == 1


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Pacific/Apia"])
def test_times_are_the_readers(app: Flask, world: World, as_: As, person: Callable[[str], User], zone: str) -> None:
    writing.equip(app, world)
    browser = as_("customer")
    with app.app_context():
        person("customer").zone = zone
        db.session.commit()
    page = browser.get("/tickets/quote?topic=product&product=beacon", headers=HTMX).text
    assert writing.policy().zone in page  # and, beside it, the policy's


@pytest.mark.parametrize("name", ["topic", "product", "severity", "organisation", "version"])
@pytest.mark.parametrize("value", ["", "nonsense", "'; DROP TABLE ticket", "9" * 300, "\x00", "<script>"])
def test_nonsense_is_quoted_or_refused_but_never_breaks(
    app: Flask, world: World, as_: As, name: str, value: str
) -> None:
    writing.equip(app, world)
    query = {"topic": "product", "product": "beacon", name: value}
    page = as_("customer").get("/tickets/quote", query_string=query, headers=HTMX)
    assert page.status_code == 200 and "<script>" not in page.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.integers(0, 600_000), pick=st.integers(0, 3))
def test_the_shell_adds_nothing_to_the_modules_quote(app: Flask, world: World, minutes: int, pick: int) -> None:
    """Same plan, tier, severity and instant: same due times, by any road."""
    plan, tier = writing.plan_with_tickets()
    at = writing.MONDAY + timedelta(minutes=minutes)
    with app.app_context():
        if not db.session.scalar(db.select(Subscription.id)):
            writing.cast.subscribe(world.heron, plan, tier)
        heron = db.session.get(Organisation, world.heron)
        customer = db.session.get(User, world.ids["customer"])
        assert customer is not None
        offered = quoting.severities(writing.policy(), tier or writing.policy().plans[plan].tiers[0])
        severity = offered[pick % len(offered)]
        ours = quoting.quote_for(customer, heron, quoting.Fields(severity=severity), now=at, zone="Asia/Kolkata")
        theirs = make_quote(writing.policy(), QuoteRequest(plan=plan, tier=tier, severity=severity), at)
        assert ours.first_response == theirs.first_response and ours.resolution == theirs.resolution
        db.session.commit()


def test_what_would_be_faster_names_its_zone(app: Flask, world: World, as_: As) -> None:
    with app.app_context():
        writing.cast.subscribe(world.heron, "starter")
        db.session.commit()
    page = as_("customer").get("/tickets/quote?topic=product&product=beacon", headers=HTMX).text
    ways = page.partition("What would be faster")[2].partition("</ul>")[0]
    assert ways.count("<li>") and ways.count("<time ") == ways.count("<li>")


def test_a_change_is_told_in_one_sentence(app: Flask, world: World, as_: As) -> None:
    """A live region around the whole panel would be read out whole at each change of the form."""
    writing.equip(app, world)
    form = as_("customer").get("/tickets/new").text
    assert '<p class="sr-only" role="status" id="quote-told"></p>' in form
    assert "aria-live" not in form[form.index('id="quote"') :].split(">")[0]
    piece = as_("customer").get("/tickets/quote?topic=product&product=beacon", headers=HTMX).text
    told = piece.split('data-tell="quote-told">')
    assert len(told) == 2 and told[1].startswith("First response ")
