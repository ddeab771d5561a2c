"""The order of DESIGN.md: contract, tier bought, subscription, licence, order e-mail, free."""

from datetime import timedelta

import pytest

from portal.sla import QuoteRequest, load_policy
from portal.sla.entitlement import ORDER, Grant, entitled
from portal.sla.routing import route
from tests.sla.asking import at

NOW = at("2026-11-22 12:00")
DEMO = load_policy("demo")
GRANTS = {
    "contract": Grant("contract", "starter", "sla-24x7", reference="C"),
    "tier": Grant("tier", "business", "sla-24x5", reference="T"),
    "subscription": Grant("subscription", "team", reference="S"),
    "licence": Grant("licence", "enterprise", reference="L"),
    "order_email": Grant("order_email", "enterprise", reference="O"),
}


@pytest.mark.parametrize("n", range(5))
def test_the_strongest_source_wins(n):
    left = [GRANTS[source] for source in ORDER[n:5]]
    assert entitled(DEMO, reversed(left), now=NOW).source == ORDER[n]


def test_nobody_has_nothing():
    held = entitled(DEMO, [], now=NOW)
    assert (held.plan, held.tier, held.source, held.remote_support) == ("free", "standard", "free", False)
    assert not held.may_open("ticket") and held.may_open("forum")


def test_grants_hold_from_their_start_until_before_their_end():
    grant = Grant("licence", "team", starts_at=NOW, ends_at=NOW + timedelta(days=1))
    plans = [entitled(DEMO, [grant], now=NOW + step).plan for step in map(timedelta, (-1, 0, 1))]
    assert plans == ["free", "team", "free"]


def test_grants_for_another_product_do_not_count():
    grant = Grant("subscription", "business", product="beacon")
    assert entitled(DEMO, [grant], "atlas", now=NOW).plan == "free"
    assert entitled(DEMO, [grant], "beacon", now=NOW).plan == entitled(DEMO, [grant], now=NOW).plan == "business"


def test_within_a_source_the_better_plan_counts():
    grants = [Grant("licence", "starter"), Grant("licence", "business"), Grant("licence", "team")]
    assert entitled(DEMO, grants, now=NOW).plan == "business"


def test_a_tier_alone_goes_with_the_plan_that_is_held():
    held = entitled(DEMO, [Grant("tier", None, "sla-24x5"), Grant("licence", "team")], now=NOW)
    assert (held.plan, held.tier, held.source) == ("team", "sla-24x5", "tier")


def test_plans_that_the_policy_no_longer_has_do_not_count():
    assert entitled(DEMO, [Grant("contract", "platinum", "sla-24x7")], now=NOW).source == "free"


def test_resellers_have_their_own_channels():
    held = entitled(DEMO, [], now=NOW, reseller=True)
    assert [channel.id for channel in held.channels] == ["ticket"] and held.remote_support


def test_routes_by_rule_plan_and_channel():
    asked = QuoteRequest("enterprise", "sla-24x7", "critical", product="relay", language="de-AT")
    assert route(DEMO, asked) == ("priority", 1, ("networking",), "de")
    assert route(DEMO, QuoteRequest("team", language="fi")) == ("support", 3, (), "en")
    assert route(DEMO, QuoteRequest("team", channel="forum")).rank == 13
    assert route(DEMO, QuoteRequest("free", reseller=True))[:2] == ("partners", 5)
