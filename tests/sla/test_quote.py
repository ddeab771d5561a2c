"""Quotes: their JSON, what is refused and why, what would be faster, and how it is said."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from portal.sla import Quote, QuoteError, QuoteRequest, load_policy, make_quote
from portal.sla.wording import Voice, sentences
from tests.sla.asking import ask, at

BEFORE_CHRISTMAS = at("2026-12-23 17:40", "Europe/Amsterdam")
KEYS = ["allowed", "reason", "tier", "queue", "rank", "severity", "basis", "first_response", "next_response", "update",
        "resolution", "stops_on", "policy", "explanation", "faster"]  # fmt: skip


def test_json_has_exactly_the_published_keys():
    packed = ask("demo", BEFORE_CHRISTMAS, plan="team").to_json()
    assert list(packed) == KEYS
    assert packed["first_response"] == {
        "due_at": "2026-12-28T15:55:00Z", "earliest_at": None, "calendar": "office", "business_seconds": 28_800,
    }  # fmt: skip
    assert packed["policy"] == {"id": "demo", "version": load_policy("demo").version}


@pytest.mark.parametrize("request_", [
    QuoteRequest("team"), QuoteRequest("starter"), QuoteRequest("free"), QuoteRequest("free", topic="billing"),
    QuoteRequest("enterprise", "sla-24x7", "critical"), QuoteRequest("trial", reseller=True),
])  # fmt: skip
def test_json_and_records_make_the_round_trip(request_):
    quote = make_quote(load_policy("demo"), request_, BEFORE_CHRISTMAS, "America/New_York")
    for packed, again in ((quote.to_json(), Quote.to_json), (quote.to_record(), Quote.to_record)):
        assert again(Quote.from_json(json.loads(json.dumps(packed)))) == packed


def test_a_record_can_be_said_in_another_language_and_zone_later():
    record = json.loads(json.dumps(ask("demo", BEFORE_CHRISTMAS, plan="team").to_record()))
    said = sentences(Quote.from_json(record), locale="de", zone="Asia/Shanghai")
    assert any("Heiligabend" in sentence for sentence in said)
    assert "28. Dez. 2026, 23:55 GMT+08:00" in said[4]


def test_explanation_in_both_zones_with_holidays_named():
    assert ask("demo", BEFORE_CHRISTMAS, "Europe/London", plan="team").explanation == [
        "Received on Wed, 23 Dec 2026, 16:40 GMT (17:40 CET at support).",
        "The target for the first response is 8 business hours.",
        "Only business hours count (office hours in Amsterdam). Support is open, so the clock starts at once.",
        "Not counted: Thu 24 Dec (Christmas Eve), Fri 25 Dec (Christmas Day), Sat 26 Dec (Second Day of Christmas) "
        "and 1 day without business hours.",
        "Due on Mon, 28 Dec 2026, 15:55 GMT (16:55 CET at support).",
        "The clock stops with the first response by a person; automatic receipts don't count.",
    ]


@pytest.mark.parametrize(("received", "why"), [
    ("2026-11-23 12:45", "Support is closed at this hour, so the clock starts on Mon, 23 Nov 2026, 13:15 CET."),
    ("2026-11-28 12:00", "Support is closed on that weekday, so the clock starts on Mon, 30 Nov 2026, 08:30 CET."),
    ("2026-04-27 12:00", "Support is closed that day (King's Day), so the clock starts on Tue, 28 Apr"),
])  # fmt: skip
def test_why_the_clock_starts_later(received, why):
    assert why in ask("demo", at(received, "Europe/Amsterdam"), plan="team").explanation[2]


def test_a_range_is_said_with_both_ends():
    quote = ask("demo", at("2026-11-23 10:00", "Europe/Amsterdam"), plan="starter")
    assert quote.explanation[1] == "On average, the first response takes 1 to 2 business days; this is no guarantee."
    assert quote.explanation[3] == "Due between Tue, 24 Nov 2026, 10:00 CET and Wed, 25 Nov 2026, 10:00 CET."


def test_sentences_go_through_the_translations_passed_in():
    quote = ask("demo", BEFORE_CHRISTMAS, plan="team")
    german = {"The target for the first response is %(time)s.": "Ziel für die erste Antwort: %(time)s."}
    said = sentences(
        quote,
        locale="de",
        translate=lambda message: german.get(message, message),
        translate_plural=lambda one, many, number: (
            "%(number)s Arbeitsstunde" if number == 1 else "%(number)s Arbeitsstunden"
        ),
    )
    assert said[1] == "Ziel für die erste Antwort: 8 Arbeitsstunden."


@pytest.mark.parametrize("locale", ["en", "de", "nl", "da", "ru", "zh", "zh_Hans_CN", "ar", "pt-BR"])
def test_every_step_can_be_said_in_every_language(locale):
    for request in (QuoteRequest("team"), QuoteRequest("free"), QuoteRequest("starter")):
        quote = make_quote(load_policy("demo"), request, BEFORE_CHRISTMAS)
        assert all(sentences(quote, locale=locale, zone="Asia/Kathmandu"))


def test_a_plan_without_tickets_is_told_what_it_has_instead():
    quote = ask("demo", BEFORE_CHRISTMAS, plan="free")
    assert not quote.allowed and quote.first_response is None and quote.basis == "none"
    assert quote.reason == "The plan Free does not include Web ticket. It includes: Community forum."
    assert {option.kind for option in quote.faster} == {"plan"}


def test_billing_questions_are_always_allowed():
    for policy, plan in (("demo", "free"), ("teamviewer-eu", "free"), ("remote-utilities", "trial"), ("zoom", "free")):
        quote = ask(policy, BEFORE_CHRISTMAS, plan=plan, topic="billing")
        assert quote.allowed and quote.queue == "billing" and quote.severity is None


def test_a_tier_that_is_not_sold_with_the_plan_needs_a_contract():
    quote = ask("demo", BEFORE_CHRISTMAS, plan="starter", tier="sla-24x7")
    assert not quote.allowed and "can't be had with the plan Starter" in quote.reason
    assert ask("demo", BEFORE_CHRISTMAS, plan="starter", tier="sla-24x7", contract=True).allowed


def test_what_would_be_faster_is_really_faster_and_soonest_first():
    quote = ask("demo", BEFORE_CHRISTMAS, plan="team")
    due = [option.due_at for option in quote.faster]
    assert due and due == sorted(due) and due[-1] < quote.first_response.due_at
    assert {(option.kind, option.id) for option in quote.faster} >= {("tier", "sla-24x5"), ("channel", "chat")}


def test_what_a_contract_adds_is_compared_by_channel_too():
    quote = ask(
        "demo", BEFORE_CHRISTMAS, plan="starter", tier="sla-24x7", severity="low", channel="social", contract=True
    )
    assert not quote.allowed and ("channel", "ticket") in {(option.kind, option.id) for option in quote.faster}


def test_fractions_of_a_second_are_dropped():
    early = ask("demo", BEFORE_CHRISTMAS + timedelta(microseconds=999_999), plan="team")
    assert early.first_response == ask("demo", BEFORE_CHRISTMAS, plan="team").first_response


def test_the_default_severity_is_the_policy_s():
    assert ask("demo", BEFORE_CHRISTMAS, plan="team").severity == "normal"
    assert ask("teamviewer-eu", BEFORE_CHRISTMAS, plan="business").severity is None


@pytest.mark.parametrize(("field", "asked", "says"), [
    ("plan", {"plan": "gold"}, "enterprise, business, team, starter, trial, free"),
    ("tier", {"tier": "gold"}, "standard, sla-24x5, sla-24x7"),
    ("severity", {"severity": "dire"}, "high, normal, low"),
    ("severity", {"severity": "critical"}, "high, normal, low"),
    ("channel", {"channel": "fax"}, "ticket, chat, phone, email, forum, social"),
    ("product", {"product": "abacus"}, "beacon, relay, atlas"),
    ("region", {"region": "moon"}, "us"),
    ("topic", {"topic": "weather"}, "product, billing"),
])  # fmt: skip
def test_unknown_values_are_refused_with_the_valid_ones(field, asked, says):
    with pytest.raises(QuoteError) as caught:
        ask("demo", BEFORE_CHRISTMAS, **({"plan": "team"} | asked))
    assert caught.value.field == field and f"(valid: {says})" in str(caught.value)


def test_severity_where_there_are_none_bad_zones_and_naive_instants_are_refused():
    with pytest.raises(QuoteError, match="has no severities"):
        ask("teamviewer-eu", BEFORE_CHRISTMAS, plan="business", severity="high")
    with pytest.raises(QuoteError, match="no IANA time zone"):
        ask("demo", BEFORE_CHRISTMAS, "Amsterdam", plan="team")
    for year in (1, 1969, 2101, 9999):
        with pytest.raises(QuoteError, match="from 1970 to 2100"):
            ask("demo", datetime(year, 6, 1, tzinfo=UTC), plan="team")
    with pytest.raises(QuoteError, match="no time zone"):
        make_quote(load_policy("demo"), QuoteRequest("team"), datetime(2026, 1, 1))  # noqa: DTZ001


def test_every_case_of_every_policy_can_be_quoted_and_said():
    for name in ("demo", "remote-utilities", "teamviewer-cn", "teamviewer-eu", "zoom", "zoom-classic"):
        policy = load_policy(name)
        for plan, tier, severity in policy.combinations():
            quote = make_quote(policy, QuoteRequest(plan.id, tier.id, severity), datetime(2026, 7, 1, tzinfo=UTC))
            assert quote.to_json()["explanation"]
            assert quote.allowed or Voice("en").say(quote.refusal) == quote.reason
