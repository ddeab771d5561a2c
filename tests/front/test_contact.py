"""The contact page: the ways that this reader has, and what the others come with."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.db import db
from portal.front import contact
from portal.sla import load_policy
from tests import cast
from tests.cast import World

GENERAL, DEDICATED = "+31 20 555 0140", "+31 20 555 0199"


@pytest.fixture
def holding(app: Flask, world: World) -> Callable[..., None]:
    def hold(plan: str, tier: str | None = None) -> None:
        with app.app_context():
            cast.subscribe(world.heron, plan, tier)
            db.session.commit()

    return hold


def test_a_visitor_reads_what_signing_in_shows_and_no_number(client: FlaskClient) -> None:
    page = client.get("/contact").text
    assert "Sign in to see the ways you have" in page and 'next=/contact"' in page
    assert "Enterprise, Business, SLA 24x5 and SLA 24x7" in page.replace("×", "x")
    assert "tel:" not in page and "mailto:" not in page


def test_a_plan_with_the_phone_has_the_general_numbers(
    holding: Callable[..., None], as_: Callable[[str], FlaskClient]
) -> None:
    holding("business")
    page = as_("customer").get("/contact").text
    assert GENERAL in page and DEDICATED not in page
    assert "On average, the first response takes 5 business minutes" in page
    assert 'href="tel:+16175550140;ext=2"' in page and "extension 2" in page
    assert "For Enterprise and Business" in page and "with your PIN" not in page
    assert "band-week" in page, "the hours of the phone are drawn"


def test_a_tier_with_numbers_of_its_own_has_those_alone(
    holding: Callable[..., None], as_: Callable[[str], FlaskClient]
) -> None:
    holding("enterprise", "sla-24x7")
    browser = as_("customer")
    page = browser.get("/contact").text
    assert DEDICATED in page and GENERAL not in page
    assert "with your PIN" in page and "You have no PIN yet." in page
    assert "Open around the clock" in page, "they are answered in the hours of the tier"
    browser.post("/account/pin")
    assert "Your PIN was made" in browser.get("/contact").text


def test_a_plan_without_the_phone_reads_who_has_it(
    holding: Callable[..., None], as_: Callable[[str], FlaskClient]
) -> None:
    holding("team")
    page = as_("customer").get("/contact").text
    assert "tel:" not in page and "Ways of other plans" in page
    assert "File a ticket" in page and "Ask about billing" in page


def test_a_free_plan_may_ask_about_billing(as_: Callable[[str], FlaskClient]) -> None:
    page = as_("stranger").get("/contact").text
    assert "Your plan Free has none of these ways." in page
    assert 'href="/tickets/new?topic=billing"' in page and "tel:" not in page


def test_staff_see_every_number(as_: Callable[[str], FlaskClient]) -> None:
    page = as_("agent").get("/contact").text
    assert GENERAL in page and DEDICATED in page and "Billing question" not in page


@pytest.mark.parametrize(
    ("zone", "first"), [("America/Chicago", "US"), ("Europe/Amsterdam", "NL"), ("Asia/Tokyo", "NL")]
)
def test_the_readers_own_country_comes_first(zone: str, first: str, app: Flask) -> None:
    numbers = load_policy("demo").numbers_of("phone", "business", "standard")
    with app.test_request_context(headers={"Cookie": f"tz={zone}"}):
        assert contact.nearest_first(numbers)[0].country == first


def test_it_is_open_by_the_calendar_and_said_in_the_readers_zone(
    app: Flask, holding: Callable[..., None], as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    holding("business")
    browser = as_("customer")
    browser.set_cookie("tz", "America/New_York")
    for at, said in (
        (datetime(2027, 1, 13, 9, tzinfo=UTC), "Open now</strong> <span>until"),
        (datetime(2027, 1, 16, 9, tzinfo=UTC), "Closed now</strong> <span>opens"),
    ):
        monkeypatch.setattr("portal.front.views.utcnow", lambda at=at: at)
        page = browser.get("/contact").text
        assert said in page
    assert "Mon, 18 Jan 2027, 02:30" in page


@pytest.mark.parametrize("policy", ["zoom", "zoom-classic", "teamviewer-eu", "teamviewer-cn", "remote-utilities"])
def test_every_policy_has_its_page(
    policy: str, app: Flask, client: FlaskClient, as_: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = load_policy(policy)
    for module in ("portal.front.contact", "portal.accounts.entitlement", "portal.accounts.pins", "portal.front.views"):
        monkeypatch.setattr(f"{module}.the_policy", lambda: other)
    for browser in (client, as_("stranger"), as_("agent")):
        assert browser.get("/contact").status_code == 200


def test_it_is_found_where_help_is(client: FlaskClient) -> None:
    assert 'href="/contact"' in client.get("/").text
    assert 'href="/contact"' in client.get("/support-policy").text
