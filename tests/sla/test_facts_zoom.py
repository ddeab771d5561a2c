"""Facts Z1 to Z16, in both editions where they agree."""

from datetime import timedelta

import pytest

from portal.sla import load_policy
from portal.sla.timers import Event, evaluate
from tests.sla.asking import ask, at, due, english, opens

OLD, NEW = "zoom-classic", "zoom"
BOTH = pytest.mark.parametrize("edition", [OLD, NEW])
CHRISTMAS = at("2026-12-25 03:00")
HOURS = {"P1": 1, "P2": 4, "P3": 24, "P4": 24}


@BOTH
@pytest.mark.fact("Z1")
def test_a_ticket_is_a_notice_or_a_question(edition):
    meaning = str(load_policy(edition).general.ticket_is)
    assert "notice" in meaning and "question" in meaning


@BOTH
@pytest.mark.fact("Z2")
@pytest.mark.parametrize("plan", ["business", "education", "api"])
def test_ticket_chat_and_phone_with_numbers_by_country(edition, plan):
    assert opens(edition, plan) == ["ticket", "chat", "phone"]
    numbers = load_policy(edition).numbers_of("phone", plan, "standard")
    assert sorted(number.country for number in numbers) == ["AU", "GB", "GB", "US", "US"]
    assert {number.extension for number in numbers} == {"2"}


@BOTH
@pytest.mark.fact("Z3")
def test_pro_has_ticket_and_chat(edition):
    assert opens(edition, "pro") == ["ticket", "chat"]


@pytest.mark.fact("Z4")
def test_free_lost_the_chat():
    assert opens(OLD, "free") == ["ticket", "chat"]
    assert opens(NEW, "free") == ["ticket"]


@pytest.mark.fact("Z4")
def test_a_chat_on_the_free_plan_is_refused_with_what_there_is():
    quote = ask(NEW, CHRISTMAS, plan="free", channel="chat")
    assert not quote.allowed and quote.first_response is None
    assert "Web ticket" in quote.reason and "Live chat" in quote.reason


@BOTH
@pytest.mark.fact("Z5")
def test_hours_are_every_hour_holidays_included(edition):
    policy = load_policy(edition)
    assert policy.calendar(policy.tiers["standard"].hours).is_always_open


@BOTH
@pytest.mark.fact("Z6")
def test_priority_1_is_down_without_a_way_around_and_worked_on_around_the_clock(edition):
    severity = load_policy(edition).severities["P1"]
    assert (severity.workaround, severity.hours) == ("none", "24x7") and "down" in str(severity.wording)


@BOTH
@pytest.mark.fact("Z7")
def test_priority_2_is_worked_on_in_business_hours_and_beyond_where_needed(edition):
    severity = load_policy(edition).severities["P2"]
    assert (severity.workaround, severity.hours) == ("partial", "business") and severity.beyond_hours


@BOTH
@pytest.mark.fact("Z8")
def test_priority_3_is_a_feature_while_performance_holds(edition):
    severity = load_policy(edition).severities["P3"]
    assert severity.hours == "business" and not severity.beyond_hours and "feature" in str(severity.wording)


@BOTH
@pytest.mark.fact("Z9")
def test_priority_4_is_questions_wishes_and_early_versions(edition):
    severity = load_policy(edition).severities["P4"]
    assert severity.hours == "business" and "alpha and beta" in str(severity.wording)


@BOTH
@pytest.mark.fact("Z10")
def test_the_vendor_decides_the_priority(edition):
    assert load_policy(edition).clocks.severity_decided_by == "vendor"


@BOTH
@pytest.mark.fact("Z10", "Z11")
def test_the_clock_runs_from_receipt_to_the_notice_that_the_ticket_is_logged(edition):
    events = [
        Event("received", CHRISTMAS, plan="pro", severity="P4"),
        Event("receipt_sent", CHRISTMAS + timedelta(seconds=2)),
        Event("triaged", CHRISTMAS + timedelta(minutes=40), severity="P2"),
    ]
    first = evaluate(load_policy(edition), events, CHRISTMAS + timedelta(hours=2)).first_response
    assert (first.state, first.started_at) == ("met", CHRISTMAS)
    assert first.stopped_at == CHRISTMAS + timedelta(minutes=40)


@BOTH
@pytest.mark.fact("Z12")
@pytest.mark.parametrize("plan", ["pro", "business", "api", "education"])
@pytest.mark.parametrize("severity", HOURS)
def test_first_response_by_priority(edition, plan, severity):
    quote = ask(edition, CHRISTMAS, plan=plan, severity=severity)
    assert quote.first_response.due_at == CHRISTMAS + timedelta(hours=HOURS[severity])
    assert (quote.basis, quote.stops_on) == ("target", "triage_notice")


@pytest.mark.fact("Z13")
@pytest.mark.parametrize("severity", HOURS)
def test_free_had_24_hours_for_every_priority_and_has_nothing_stated_now(severity):
    assert due(OLD, CHRISTMAS, plan="free", severity=severity) == CHRISTMAS + timedelta(hours=24)
    now = ask(NEW, CHRISTMAS, plan="free", severity=severity)
    assert now.allowed and now.first_response is None and now.basis == "none"


@BOTH
@pytest.mark.fact("Z14")
def test_satisfaction_and_comments_are_asked_for_when_resolved(edition):
    asked = load_policy(edition).satisfaction
    assert asked.asked_when_resolved and english(asked.asks_for) == ["how satisfied you are", "comments"]


@BOTH
@pytest.mark.fact("Z15")
def test_other_services(edition):
    assert english(service.name for service in load_policy(edition).services) == [
        "Training", "Consulting", "Branding", "Implementation", "Custom solutions", "Development",
    ]  # fmt: skip


@pytest.mark.fact("Z16")
def test_articles_ask_whether_they_helped_and_offer_a_ticket():
    asked = load_policy(OLD).satisfaction
    assert asked.articles_ask and asked.articles_offer_ticket
