"""Facts T1 to T25, in both editions where they agree."""

from datetime import timedelta
from decimal import Decimal

import pytest

from portal.sla import load_policy
from portal.sla.entitlement import Grant, entitled
from tests.sla.asking import ask, at, due, english, opens

CN, EU = "teamviewer-cn", "teamviewer-eu"
BOTH = pytest.mark.parametrize("edition", [CN, EU])
LICENSED = ("remote-access", "business", "premium", "corporate")
HOURS = {"very_high": 1, "high": 2, "medium": 4, "low": 8}
MONDAY, SATURDAY = {}, {}
for _edition, _zone in ((CN, "Asia/Shanghai"), (EU, "Europe/Berlin")):
    MONDAY[_edition] = at("2026-11-23 10:00", _zone)
    SATURDAY[_edition] = at("2026-11-28 10:00", _zone)
WEEK_BEGINS = {CN: at("2026-11-30 00:00", "Asia/Shanghai"), EU: at("2026-11-30 00:00", "Europe/Berlin")}


@BOTH
@pytest.mark.fact("T1")
def test_response_varies_with_demand_package_and_country(edition):
    varies = english(load_policy(edition).general.response_varies_with)
    assert varies == ["demand", "the support package", "the customer's country"]


@pytest.mark.fact("T1")
def test_targets_can_differ_by_region():
    thanksgiving = at("2026-11-26 12:00", "America/New_York")
    everywhere = due("demo", thanksgiving, plan="business", severity="high")
    assert due("demo", thanksgiving, plan="business", severity="high", region="us") > everywhere


@BOTH
@pytest.mark.fact("T2")
def test_three_tiers_of_which_two_are_bought_under_contract(edition):
    policy = load_policy(edition)
    assert list(policy.tiers) == ["standard", "sla-24x5", "sla-24x7"]
    assert [tier.contract for tier in policy.tiers.values()] == [False, True, True]
    assert all(policy.plans[plan].tiers[0] == "standard" for plan in LICENSED)


@BOTH
@pytest.mark.fact("T3")
def test_portal_for_four_plans_and_not_for_free(edition):
    policy = load_policy(edition)
    assert {plan.id for plan in policy.plans.values() if plan.portal} == set(LICENSED)
    assert not policy.plans["free"].portal


@pytest.mark.fact("T3")
def test_editions_name_the_plans_differently():
    assert [str(load_policy(CN).plans[plan].name) for plan in LICENSED] == [
        "Remote Access", "Starter", "Advanced", "Professional",
    ]  # fmt: skip
    assert [str(load_policy(EU).plans[plan].name) for plan in LICENSED] == [
        "Remote Access", "Business", "Premium", "Corporate",
    ]  # fmt: skip


@BOTH
@pytest.mark.fact("T4")
def test_what_the_portal_does(edition):
    portal = " ".join(english(load_policy(edition).self_service.portal))
    for part in ("billing details", "payment methods", "contacts", "view", "download", "pay", "upgrades"):
        assert part in portal


@BOTH
@pytest.mark.fact("T5", "T25")
def test_community_is_open_to_everybody(edition):
    assert load_policy(edition).self_service.community == "everybody"
    assert "forum" in opens(edition, "free")


@BOTH
@pytest.mark.fact("T6")
def test_documents_can_be_downloaded(edition):
    assert load_policy(edition).self_service.documents


@BOTH
@pytest.mark.fact("T7")
def test_monitored_status_page_with_subscriptions(edition):
    own = load_policy(edition).self_service
    assert own.monitored and own.status_page and set(own.status_notices) == {"maintenance", "outage"}


@BOTH
@pytest.mark.fact("T8")
def test_what_a_request_should_carry(edition):
    advice = load_policy(edition).attachments
    assert english(advice.advised) == [
        "product", "account ID", "short description of the problem", "log files", "screenshots",
    ]  # fmt: skip
    assert advice.more_on_request and advice.confidential


@BOTH
@pytest.mark.fact("T9")
def test_remote_access_is_explained_agreed_and_watched(edition):
    remote = load_policy(edition).remote_support
    assert (remote.explained_first_by, remote.consent, remote.customer_present) == ("phone", True, True)


@BOTH
@pytest.mark.fact("T10", "T11", "T25")
@pytest.mark.parametrize("plan", LICENSED)
@pytest.mark.parametrize("tier", ["standard", "sla-24x5", "sla-24x7"])
def test_chat_tickets_and_community_in_every_tier(edition, plan, tier):
    assert {"chat", "ticket", "forum"} <= set(opens(edition, plan, tier))


@BOTH
@pytest.mark.fact("T11", "T12")
def test_receipt_with_a_number_that_callers_give(edition):
    general = load_policy(edition).general
    assert general.ticket_receipt and general.ticket_number_on_phone


@BOTH
@pytest.mark.fact("T13")
def test_sla_customers_get_a_named_contact_with_address_number_and_pin(edition):
    tiers = load_policy(edition).tiers
    assert tiers["standard"].contact == ()
    for tier in ("sla-24x5", "sla-24x7"):
        assert set(tiers[tier].contact) == {"named", "email", "phone", "pin"}


@BOTH
@pytest.mark.fact("T14", "T20")
def test_uptime_and_first_response_are_guaranteed_in_the_sla_tiers(edition):
    policy = load_policy(edition)
    assert (policy.uptime.percent, policy.uptime.basis) == (Decimal("99.9"), "guarantee")
    assert policy.uptime.tiers == ("sla-24x5", "sla-24x7")
    assert ask(policy, MONDAY[edition], plan="business", tier="sla-24x5").basis == "guarantee"


@pytest.mark.fact("T20")
def test_credits_by_the_availability_achieved():
    uptime = load_policy("demo").uptime
    owed = [uptime.credit_for(Decimal(achieved)) for achieved in ("99.9", "99.89", "99.4", "94.0")]
    assert owed == [0, 5, 10, 50]


@BOTH
@pytest.mark.fact("T15")
def test_more_than_25_languages(edition):
    languages = load_policy(edition).languages
    assert languages.more_than == 25
    assert set(languages.support) == {"en", "de", "fr", "es", "it", "pl", "zh", "tr"}


@BOTH
@pytest.mark.fact("T16")
def test_standard_hours_and_the_two_closed_days(edition):
    policy = load_policy(edition)
    office = policy.calendar(policy.tiers["standard"].hours)
    opening = list(office.intervals(MONDAY[edition], MONDAY[edition] + timedelta(days=1)))
    assert sum((end - start for start, end in opening), timedelta()) == timedelta(hours=10)
    christmas = at("2026-12-24 10:00", policy.zone)
    assert not office.is_open(christmas) and not office.is_open(christmas + timedelta(days=7))
    assert policy.tiers["sla-24x7"].hours == "24x7"


@BOTH
@pytest.mark.fact("T16")
def test_sla_tiers_ignore_the_closed_days(edition):
    christmas = at("2026-12-24 10:00", load_policy(edition).zone)
    assert due(edition, christmas, plan="business", tier="sla-24x5", severity="high") == christmas + timedelta(hours=2)


@BOTH
@pytest.mark.fact("T17")
def test_services_and_training_by_agreement(edition):
    services = load_policy(edition).services
    assert len(services) == 2 and all(service.by_agreement for service in services)
    assert "Training, remote or on site in many countries" in english(service.name for service in services)


@BOTH
@pytest.mark.fact("T18")
def test_standard_answers_in_48_to_72_hours_on_working_days(edition):
    friday = at("2026-11-27 12:00", load_policy(edition).zone)
    quote = ask(edition, friday, plan="business")
    assert quote.first_response.earliest_at == friday + timedelta(days=2 + 2)
    assert quote.first_response.due_at == friday + timedelta(days=3 + 2)
    assert (quote.severity, quote.resolution, quote.basis) == (None, None, "target")


@BOTH
@pytest.mark.fact("T18")
def test_standard_has_no_severities_uptime_credits_or_contact(edition):
    policy = load_policy(edition)
    standard = policy.tiers["standard"]
    assert not standard.severities and not standard.contact
    assert "standard" not in policy.uptime.tiers and "standard" not in policy.service_credits.tiers


@BOTH
@pytest.mark.fact("T19")
@pytest.mark.parametrize("tier", ["sla-24x5", "sla-24x7"])
@pytest.mark.parametrize("severity", HOURS)
def test_sla_first_responses_on_a_working_day(edition, tier, severity):
    expected = MONDAY[edition] + timedelta(hours=HOURS[severity])
    assert due(edition, MONDAY[edition], plan="corporate", tier=tier, severity=severity) == expected


@pytest.mark.fact("T19")
@pytest.mark.parametrize("severity", ["high", "medium", "low"])
def test_china_counts_the_milder_severities_on_working_days_only(severity):
    hours = timedelta(hours=HOURS[severity])
    assert due(CN, SATURDAY[CN], plan="business", tier="sla-24x7", severity=severity) == WEEK_BEGINS[CN] + hours
    assert due(EU, SATURDAY[EU], plan="business", tier="sla-24x7", severity=severity) == SATURDAY[EU] + hours


@BOTH
@pytest.mark.fact("T19", "T23")
def test_very_high_counts_on_saturdays_in_24x7(edition):
    one_hour_on = SATURDAY[edition] + timedelta(hours=1)
    asked = {"plan": "business", "tier": "sla-24x7", "severity": "very_high"}
    assert due(edition, SATURDAY[edition], **asked) == one_hour_on
    assert due(edition, SATURDAY[edition], product="frontline", **asked) == one_hour_on


@pytest.mark.fact("T20")
def test_what_the_sla_contract_settles():
    china = load_policy(CN).tiers
    assert china["sla-24x5"].by_contract == china["sla-24x7"].by_contract == ("resolution",)
    assert set(china["sla-24x5"].negotiable) == {"hours", "resolution"} and not china["sla-24x7"].negotiable
    for edition in (CN, EU):
        policy = load_policy(edition)
        assert policy.service_credits.tiers == ("sla-24x5", "sla-24x7") and policy.service_credits.by_contract
        assert len(policy.tiers["sla-24x5"].severities) == 4


@pytest.mark.fact("T21")
def test_email_is_for_everybody_in_china_and_for_sla_in_europe():
    assert "email" in opens(CN, "business") and "email" not in opens(EU, "business")
    for edition in (CN, EU):
        assert "email" in opens(edition, "business", "sla-24x5")
        assert load_policy(edition).tiers["sla-24x7"].priority_channels == ("email",)


@pytest.mark.fact("T22")
def test_the_general_hotline_and_the_dedicated_number():
    assert "phone" in opens(CN, "remote-access") and "phone" not in opens(EU, "remote-access")
    for edition in (CN, EU):
        assert "phone" in opens(edition, "business")
        assert "phone" in opens(edition, "remote-access", "sla-24x5")
        assert load_policy(edition).channels["phone"].pin == ("sla-24x5", "sla-24x7")


@pytest.mark.fact("T22")
def test_dedicated_numbers_replace_the_general_ones():
    numbers = load_policy("demo").numbers_of("phone", "business", "sla-24x5")
    assert numbers and all(number.pin for number in numbers)
    assert not any(number.pin for number in load_policy("demo").numbers_of("phone", "business", "standard"))


@BOTH
@pytest.mark.fact("T23")
@pytest.mark.parametrize("severity", ["high", "medium", "low"])
def test_frontline_falls_back_to_working_days(edition, severity):
    asked = {"plan": "business", "tier": "sla-24x7", "severity": severity, "product": "frontline"}
    assert due(edition, SATURDAY[edition], **asked) == WEEK_BEGINS[edition] + timedelta(hours=HOURS[severity])


@BOTH
@pytest.mark.fact("T24")
def test_the_contract_on_record_beats_the_catalogue(edition):
    policy = load_policy(edition)
    grants = [Grant("subscription", "corporate"), Grant("contract", "remote-access", "sla-24x5", reference="C-1")]
    held = entitled(policy, grants, now=MONDAY[edition])
    assert policy.general.contract_prevails
    assert (held.plan, held.tier, held.source, held.reference) == ("remote-access", "sla-24x5", "contract", "C-1")
