"""Facts R1 to R19."""

from datetime import timedelta

import pytest

from portal.sla import QuoteRequest, load_policy
from portal.sla.entitlement import Grant, entitled
from portal.sla.routing import answer_language, route
from portal.sla.versions import check
from tests.sla.asking import ask, at, due, english, opens

RU = "remote-utilities"
PACIFIC = "America/Los_Angeles"
MONDAY = at("2026-11-23 08:00", PACIFIC)
PAID = {"site": 2, "pro": 3, "plus": 4, "starter": 8}


@pytest.mark.fact("R1")
def test_says_what_is_machine_translated_and_what_prevails():
    languages = load_policy(RU).languages
    assert languages.machine_translated == ("da",) and languages.authoritative == "en"


@pytest.mark.fact("R2")
def test_asking_accepts_a_policy_that_may_change_and_keeps_its_history():
    policy = load_policy(RU)
    assert policy.general.asking_accepts and policy.general.may_change_without_notice
    assert policy.version in [change.version for change in policy.history]


@pytest.mark.fact("R3")
def test_search_first():
    assert english(load_policy(RU).self_service.search_first) == ["documentation", "knowledge base", "forum"]


@pytest.mark.fact("R4")
def test_hours_are_pacific_working_hours():
    calendar = load_policy(RU).calendars["working-hours"]
    week = list(calendar.intervals(MONDAY, MONDAY + timedelta(days=7)))
    assert (calendar.zone, len(week)) == (PACIFIC, 5)
    assert week[0] == (MONDAY, at("2026-11-23 17:00", PACIFIC))


@pytest.mark.fact("R5")
@pytest.mark.parametrize("plan", PAID)
def test_averages_by_licence_within_working_hours(plan):
    assert due(RU, MONDAY, plan=plan) == MONDAY + timedelta(hours=PAID[plan])
    friday_evening = at("2026-11-20 17:00", PACIFIC)
    assert due(RU, friday_evening, plan=plan) == MONDAY + timedelta(hours=PAID[plan])
    assert ask(RU, MONDAY, plan=plan).basis == "average"


@pytest.mark.fact("R5")
@pytest.mark.parametrize("plan", ["free", "trial"])
def test_free_and_trial_take_24_working_hours(plan):
    assert due(RU, MONDAY, plan=plan, channel="forum") == at("2026-11-25 14:00", PACIFIC)


@pytest.mark.fact("R5")
def test_published_priorities_follow_the_licence():
    plans = load_policy(RU).plans
    assert {id_: plan.priority for id_, plan in plans.items()} == {
        "site": 1, "pro": 2, "plus": 3, "starter": 4, "free": 5, "trial": 5,
    }  # fmt: skip


@pytest.mark.fact("R6")
def test_paid_levels_have_tickets_and_forum_the_others_the_forum():
    assert all(opens(RU, plan) == ["ticket", "forum"] for plan in PAID)
    assert opens(RU, "free") == opens(RU, "trial") == ["forum"]
    assert "Community forum" in ask(RU, MONDAY, plan="free").reason


@pytest.mark.fact("R7")
def test_an_upgrade_of_the_licence_upgrades_the_support_at_once():
    policy = load_policy(RU)
    bought = Grant("licence", "plus", starts_at=MONDAY)
    before = entitled(policy, [Grant("licence", "starter"), bought], now=MONDAY - timedelta(seconds=1))
    after = entitled(policy, [Grant("licence", "starter"), bought], now=MONDAY)
    assert (before.plan, after.plan, policy.general.upgrade_takes_effect) == ("starter", "plus", "at once")


@pytest.mark.fact("R8")
def test_support_costs_nothing():
    assert load_policy(RU).general.free_of_charge


@pytest.mark.fact("R9")
def test_resellers_have_tickets_a_partner_area_and_a_place_before_free():
    policy = load_policy(RU)
    ranks = [route(policy, QuoteRequest(plan, reseller=seller, channel=channel)).rank
             for plan, seller, channel in (("starter", False, "ticket"), ("free", True, "ticket"),
                                           ("free", False, "forum"))]  # fmt: skip
    assert ranks == sorted(set(ranks))
    assert policy.resellers.partner_area and policy.resellers.remote_support
    assert [channel.id for channel in policy.channels_of("free", reseller=True)] == ["ticket"]


@pytest.mark.fact("R9")
def test_resellers_cannot_use_the_forum_and_have_no_figure_of_their_own():
    assert not ask(RU, MONDAY, plan="free", reseller=True, channel="forum").allowed
    quote = ask(RU, MONDAY, plan="free", reseller=True)
    assert quote.allowed and quote.first_response is None and quote.basis == "none"


@pytest.mark.fact("R10")
@pytest.mark.parametrize("channel", ["email", "chat", "phone", "social"])
def test_other_channels_are_at_discretion(channel):
    quote = ask(RU, MONDAY, plan="site", channel=channel)
    assert not quote.allowed and "discretion" in quote.reason and "Ticket" in quote.reason


@pytest.mark.fact("R11")
def test_everything_is_answered_in_english():
    policy = load_policy(RU)
    assert policy.languages.support == ("en",) and answer_language(policy, "da") == "en"
    assert "nobody vouches" in str(policy.languages.others)


@pytest.mark.fact("R12")
def test_posting_and_filing_need_a_free_account():
    registration = load_policy(RU).registration
    assert registration.needed_for == ("ticket", "forum") and registration.free_of_charge


@pytest.mark.fact("R13")
def test_recognised_by_order_mail_or_by_a_key_entered_once():
    registration = load_policy(RU).registration
    assert registration.recognised_by == ("order_email", "licence_key") and registration.licence_key_claims == 1
    held = entitled(load_policy(RU), [Grant("order_email", "pro")], now=MONDAY)
    assert (held.plan, held.source) == ("pro", "order_email")


@pytest.mark.fact("R14")
def test_tickets_come_before_forum_posts():
    policy = load_policy(RU)
    last_ticket = route(policy, QuoteRequest("free", reseller=True)).rank
    assert route(policy, QuoteRequest("site", channel="forum")).rank > last_ticket
    assert policy.general.prefer_ticket_to == ("forum",)


@pytest.mark.fact("R15")
def test_what_is_covered():
    coverage = load_policy(RU).coverage
    assert english(coverage.covered) == [
        "installing, configuring and using the products", "ways around known problems", "recording new bugs",
    ]  # fmt: skip
    assert all(part in str(coverage.defects) for part in ("as soon as possible", "how hard", "workaround"))


@pytest.mark.fact("R16")
def test_what_is_not_covered():
    coverage = load_policy(RU).coverage
    assert english(coverage.not_covered) == [
        "administration of networks and systems", "hardware", "software of third parties",
        "writing scripts or integrations",
    ]  # fmt: skip
    assert "antivirus" in str(coverage.partly[0])


@pytest.mark.fact("R17")
def test_the_newest_major_is_supported_and_the_newest_patch_advised():
    releases = ["6.10.9.0", "7.5.0.0", "7.6.2.0"]
    states = [check(load_policy(RU), releases, version).state for version in ("7.6.2.0", "7.5.0.0", "6.10.9.0")]
    assert states == ["supported", "outdated", "unsupported"]
    assert str(check(load_policy(RU), releases, "7.5.0.0").advise) == "7.6.2.0"


@pytest.mark.fact("R18")
def test_remote_support_for_commercial_licences_and_resellers():
    remote = load_policy(RU).remote_support
    assert set(remote.plans) == set(PAID) and remote.resellers and len(remote.tools) == 2
    assert not entitled(load_policy(RU), [], now=MONDAY).remote_support


@pytest.mark.fact("R19")
def test_credentials_go_through_tickets_and_never_the_forum():
    remote = load_policy(RU).remote_support
    assert remote.credentials_only_by == ("ticket",) and remote.credentials_never_by == ("forum",)
