"""DESIGN.md, 'Arithmetic': how the clocks of a ticket run."""

from datetime import timedelta
from typing import Any

import pytest

from portal.sla import load_policy
from portal.sla.timers import Event, Timers, evaluate
from portal.sla.wording import Voice
from tests.sla.asking import at

ZONE = "Europe/Amsterdam"
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
MONDAY = at("2026-11-23 10:00", ZONE)
SLA = {"plan": "enterprise", "tier": "sla-24x7"}
CRITICAL = SLA | {"severity": "critical"}  # first 30 min, next 1 h, update 2 h, resolution 8 h, around the clock


def run(*events: Event, now: Any = None, policy: str = "demo", **case: Any) -> Timers:
    received = Event("received", MONDAY, **(case or CRITICAL))
    return evaluate(load_policy(policy), [received, *events], now or MONDAY + timedelta(days=60))


def test_without_a_receipt_nothing_runs():
    timers = evaluate(load_policy("demo"), [], MONDAY)
    assert {timer.state for timer in timers} == {"none"} and timers.next_due_at is None


def test_all_clocks_start_at_receipt_but_the_next_response():
    timers = run(now=MONDAY + MINUTE)
    assert [timer.state for timer in timers] == ["running", "none", "running", "running"]
    assert timers.first_response.due_at == timers.next_due_at == MONDAY + 30 * MINUTE
    assert timers.resolution.due_at == MONDAY + 8 * HOUR


def test_due_now_is_not_late_a_second_later_is():
    assert run(now=MONDAY + 30 * MINUTE).first_response.state == "running"
    late = run(now=MONDAY + 30 * MINUTE + SECOND)
    assert late.first_response.state == "late" and late.breaches[0].stopped_at is None


def test_a_person_s_answer_stops_the_first_response():
    answered = Event("agent_replied", MONDAY + 20 * MINUTE)
    assert run(answered).first_response.state == "met"
    assert run(Event("agent_replied", MONDAY + 31 * MINUTE)).first_response.state == "missed"


@pytest.mark.parametrize("kind", ["triaged", "receipt_sent", "noted", "assigned"])
def test_nothing_else_does_where_the_policy_asks_for_a_person(kind):
    assert run(Event(kind, MONDAY + MINUTE), now=MONDAY + 2 * MINUTE).first_response.state == "running"


def test_auto_replies_never_count():
    machine = Event("agent_replied", MONDAY + MINUTE, automatic=True)
    assert run(machine, now=MONDAY + 2 * MINUTE).first_response.state == "running"
    waiting = Event("agent_replied", MONDAY + MINUTE, wait=True)
    away = Event("customer_replied", MONDAY + HOUR, automatic=True)
    timers = run(waiting, away, now=MONDAY + 2 * HOUR)
    assert timers.resolution.state == "paused" and timers.next_response.state == "none"


def test_the_triage_notice_stops_it_where_the_policy_says_so():
    notice = Event("triaged", MONDAY + MINUTE, severity="P1")
    timers = run(notice, policy="zoom", plan="pro", severity="P1")
    assert (timers.first_response.state, timers.first_response.stopped_at) == ("met", MONDAY + MINUTE)


def test_next_response_runs_from_the_oldest_unanswered_message():
    first = Event("agent_replied", MONDAY + MINUTE)
    asked = [Event("customer_replied", MONDAY + n * HOUR) for n in (2, 2.5)]
    timers = run(first, *asked, now=MONDAY + 2.6 * HOUR)
    assert timers.next_response.started_at == MONDAY + 2 * HOUR
    assert timers.next_response.due_at == MONDAY + 3 * HOUR


def test_messages_before_the_first_answer_start_no_next_response():
    assert run(Event("customer_replied", MONDAY + MINUTE), now=MONDAY + HOUR).next_response.state == "none"


def test_a_late_round_of_the_next_response_stays_on_record():
    events = [
        Event("agent_replied", MONDAY + MINUTE),
        Event("customer_replied", MONDAY + HOUR),
        Event("agent_replied", MONDAY + 3 * HOUR, wait=True),
        Event("customer_replied", MONDAY + 4 * HOUR),
        Event("agent_replied", MONDAY + 4.5 * HOUR, wait=True),
    ]
    timers = run(*events, now=MONDAY + 5 * HOUR)
    assert timers.next_response.state == "met"
    late = [(breach.clock, breach.due_at) for breach in timers.breaches]
    assert late == [("update", MONDAY + 2 * HOUR + MINUTE), ("next_response", MONDAY + 2 * HOUR)]


def test_update_and_resolution_pause_while_waiting_and_resume_at_any_customer_message():
    waiting = Event("agent_replied", MONDAY + HOUR, wait=True)
    paused = run(waiting, now=MONDAY + 20 * HOUR)
    assert (paused.update.state, paused.resolution.state) == ("paused", "paused")
    assert paused.waiting_since == MONDAY + HOUR and paused.next_due_at is None
    back = run(waiting, Event("customer_replied", MONDAY + 25 * HOUR), now=MONDAY + 26 * HOUR)
    assert back.resolution.due_at == MONDAY + (8 + 24) * HOUR
    assert back.resolution.pauses == ((MONDAY + HOUR, MONDAY + 25 * HOUR),)
    assert back.update.due_at == MONDAY + (25 + 2) * HOUR


def test_response_clocks_never_pause():
    asked = Event("customer_replied", MONDAY + HOUR)
    events = [Event("agent_replied", MONDAY + MINUTE), asked, Event("waiting", MONDAY + 1.5 * HOUR)]
    assert run(*events, now=MONDAY + 3 * HOUR).next_response.state == "late"


def test_a_pause_on_business_time_leaves_as_much_as_there_was():
    events = [
        Event("agent_replied", MONDAY + HOUR, wait=True),  # update: one business day, waiting from Monday 11:00
        Event("customer_replied", at("2026-11-24 11:00", ZONE)),
    ]
    timers = run(*events, now=at("2026-11-24 12:00", ZONE), plan="team", severity="high")
    assert timers.update.due_at == at("2026-11-25 11:00", ZONE)


def test_the_update_clock_starts_anew_with_each_answer():
    answers = [Event("agent_replied", MONDAY + n * HOUR) for n in (1, 2.5)]
    assert run(*answers, now=MONDAY + 3 * HOUR).update.due_at == MONDAY + 4.5 * HOUR


def test_solving_stops_everything():
    timers = run(Event("agent_replied", MONDAY + HOUR), Event("resolved", MONDAY + HOUR))
    assert [timer.state for timer in timers] == ["missed", "none", "met", "met"] and timers.next_due_at is None


def test_closing_is_no_answer():
    closed = Event("closed", MONDAY + 10 * MINUTE)
    assert run(closed).first_response.state == "none"
    reopened = Event("reopened", MONDAY + 5 * HOUR)
    timers = run(closed, reopened, now=MONDAY + 5 * HOUR)
    assert timers.first_response.due_at == MONDAY + 5 * HOUR + 30 * MINUTE
    assert run(closed, reopened, Event("agent_replied", MONDAY + 6 * HOUR)).first_response.state == "missed"


def test_closed_by_mistake_and_reopened_by_staff_the_first_answer_is_owed_again():
    closed = Event("closed", MONDAY + 10 * MINUTE)
    reopened = Event("reopened", MONDAY + 5 * HOUR, by_customer=False)
    timers = run(closed, reopened, now=MONDAY + 5 * HOUR)
    assert timers.first_response.due_at == MONDAY + 5 * HOUR + 30 * MINUTE


def test_a_plan_or_tier_of_a_later_policy_version_changes_nothing():
    later = Event("plan_changed", MONDAY + MINUTE, plan="platinum", tier="sla-24x8")
    now = MONDAY + 2 * MINUTE
    assert [timer.due_at for timer in run(later, now=now)] == [timer.due_at for timer in run(now=now)]
    alone = Event("plan_changed", MONDAY + MINUTE, plan="platinum")
    assert run(alone, now=now).first_response.due_at == MONDAY + 30 * MINUTE


def test_an_upgrade_starts_no_clock_on_a_closed_ticket():
    events = [Event("closed", MONDAY + MINUTE), Event("plan_changed", MONDAY + HOUR, **SLA)]
    timers = run(*events, now=MONDAY + 2 * HOUR, plan="team", severity="high")
    assert [timer.state for timer in timers if timer.is_open] == [] and timers.next_due_at is None


def test_a_clock_that_an_upgrade_starts_waits_with_the_others():
    asked = Event("agent_replied", MONDAY + HOUR, wait=True)
    upgrade = Event("plan_changed", MONDAY + 2 * HOUR, plan="business", tier="sla-24x5")
    timers = run(asked, upgrade, now=MONDAY + 3 * HOUR, plan="team", severity="high")
    assert (timers.resolution.state, timers.waiting_since) == ("paused", MONDAY + HOUR)


def test_closing_late_keeps_the_breach():
    closed = Event("closed", MONDAY + 40 * MINUTE)
    assert run(closed).first_response.state == "missed"
    reopened = run(closed, Event("reopened", MONDAY + HOUR), now=MONDAY + HOUR)
    assert reopened.first_response.state == "running"
    assert [breach.clock for breach in reopened.breaches] == ["first_response"]


def test_reopening_continues_resolution_without_the_solved_span():
    events = [Event("resolved", MONDAY + 2 * HOUR), Event("reopened", MONDAY + 50 * HOUR)]
    timers = run(*events, now=MONDAY + 51 * HOUR)
    assert (timers.resolution.state, timers.resolution.due_at) == ("running", MONDAY + 56 * HOUR)
    assert timers.next_response.due_at == MONDAY + 51 * HOUR


def test_reopened_by_staff_nobody_waits_for_an_answer():
    events = [Event("resolved", MONDAY + 2 * HOUR), Event("reopened", MONDAY + 3 * HOUR, by_customer=False)]
    assert run(*events, now=MONDAY + 4 * HOUR).next_response.state == "none"


def test_solved_while_waiting_counts_only_the_time_before():
    events = [Event("agent_replied", MONDAY + HOUR, wait=True), Event("resolved", MONDAY + 100 * HOUR)]
    assert run(*events).resolution.state == "met"


def test_a_raised_severity_takes_the_earlier_of_old_due_and_new_target_from_then():
    raised = Event("severity_changed", MONDAY + 10 * MINUTE, severity="critical")
    timers = run(raised, now=MONDAY + 11 * MINUTE, **SLA, severity="high")  # 1 h → 30 min
    assert timers.first_response.due_at == MONDAY + 40 * MINUTE
    assert timers.resolution.due_at == MONDAY + 10 * MINUTE + 8 * HOUR
    late = Event("severity_changed", MONDAY + 50 * MINUTE, severity="critical")
    assert run(late, now=MONDAY + 51 * MINUTE, **SLA, severity="high").first_response.due_at == MONDAY + HOUR


def test_a_lowered_severity_never_moves_what_was_promised():
    lowered = Event("triaged", MONDAY + 5 * MINUTE, severity="low")
    timers = run(lowered, now=MONDAY + 6 * MINUTE)
    assert timers.first_response.due_at == MONDAY + 30 * MINUTE
    assert timers.resolution.due_at == MONDAY + 8 * HOUR


def test_after_lowering_later_rounds_have_the_milder_target():
    events = [
        Event("triaged", MONDAY + 5 * MINUTE, severity="low"),
        Event("agent_replied", MONDAY + 10 * MINUTE),
        Event("customer_replied", MONDAY + HOUR),
    ]
    assert run(*events, now=MONDAY + 2 * HOUR).next_response.due_at == MONDAY + 17 * HOUR


def test_an_upgrade_holds_from_then_and_a_downgrade_takes_nothing_back():
    upgrade = Event("plan_changed", MONDAY + HOUR, plan="business", tier="sla-24x5")
    better = run(upgrade, now=MONDAY + 2 * HOUR, plan="team", severity="high")
    assert better.first_response.due_at == MONDAY + 2 * HOUR  # two business hours before and after: the earlier
    assert better.resolution.due_at == at("2026-11-26 11:00", ZONE)
    worse = run(Event("plan_changed", MONDAY + MINUTE, plan="starter"), now=MONDAY + HOUR)
    assert worse.first_response.due_at == MONDAY + 30 * MINUTE


def test_raising_while_waiting_compares_with_what_is_left():
    events = [
        Event("agent_replied", MONDAY + MINUTE, wait=True),
        Event("severity_changed", MONDAY + 30 * HOUR, severity="critical"),
        Event("customer_replied", MONDAY + 40 * HOUR),
    ]
    timers = run(*events, now=MONDAY + 41 * HOUR, **SLA, severity="high")  # 24 h left at most, 8 h from the change
    assert timers.resolution.due_at == MONDAY + 48 * HOUR


def test_events_come_in_any_order_and_the_future_has_not_happened():
    received, answered = Event("received", MONDAY, **CRITICAL), Event("agent_replied", MONDAY + HOUR)
    policy = load_policy("demo")
    assert evaluate(policy, [answered, received], MONDAY + 2 * HOUR).first_response.state == "missed"
    assert evaluate(policy, [answered, received], MONDAY + MINUTE).first_response.state == "running"


def test_warnings_come_before_the_breach():
    warnings = run(now=MONDAY + MINUTE).first_response.warnings
    assert [(w.at, w.tell) for w in warnings] == [
        (MONDAY, ("assignee", "queue")),  # 30 minutes left, at once
        (MONDAY + 15 * MINUTE, ("assignee",)),  # half of it used
    ]


def test_every_step_is_explained():
    waiting = Event("agent_replied", MONDAY + HOUR, wait=True)
    timers = run(waiting, Event("customer_replied", MONDAY + 25 * HOUR), now=MONDAY + 26 * HOUR)
    said = [Voice("en", ZONE).say(step) for step in timers.resolution.steps]
    assert said[0] == "Started on Mon, 23 Nov 2026, 10:00 CET, due on Mon, 23 Nov 2026, 18:00 CET."
    assert said[1].startswith("Waiting for the customer since Mon, 23 Nov 2026, 11:00 CET")
    assert said[2].endswith("now due on Tue, 24 Nov 2026, 18:00 CET.")


def test_stored_rows_may_carry_more_than_clocks_know():
    event = Event.of("agent_replied", MONDAY, {"message": 7, "wait": True, "reason": "-"})
    assert event == Event("agent_replied", MONDAY, wait=True)


def test_billing_questions_have_their_own_times_and_no_severity():
    timers = run(now=MONDAY + HOUR, plan="free", topic="billing")
    assert timers.first_response.due_at == at("2026-11-25 10:00", ZONE)


def test_a_question_that_joins_is_answered_by_when_it_was_promised():
    answered = Event("agent_replied", MONDAY + MINUTE)
    asked, owed = MONDAY + HOUR, MONDAY + HOUR + 20 * MINUTE
    joined = Event("joined", MONDAY + HOUR + 5 * MINUTE, since=asked, owed_at=owed)
    timers = run(answered, joined, now=MONDAY + HOUR + 6 * MINUTE)
    assert (timers.next_response.started_at, timers.next_response.due_at) == (asked, owed)
    assert run(answered, joined, Event("agent_replied", owed)).next_response.state == "met"


def test_a_ticket_that_joins_without_a_question_moves_no_clock():
    answered = Event("agent_replied", MONDAY + MINUTE, wait=True)
    joined = Event.of("joined", MONDAY + HOUR, {"number": 1})
    assert run(answered, joined, now=MONDAY + 2 * HOUR) == run(answered, now=MONDAY + 2 * HOUR)


def test_what_joins_later_takes_nothing_back():
    joined = Event("joined", MONDAY + MINUTE, since=MONDAY + MINUTE, owed_at=MONDAY + 5 * HOUR)
    assert run(joined, now=MONDAY + 2 * MINUTE).first_response.due_at == MONDAY + 30 * MINUTE


def test_a_clock_that_was_late_before_it_went_on_warns_no_more():
    events = [
        Event("agent_replied", MONDAY + MINUTE),  # update: due two hours later
        Event("waiting", MONDAY + 3 * HOUR),
        Event("customer_replied", MONDAY + 5 * HOUR),
    ]
    update = run(*events, now=MONDAY + 6 * HOUR).update
    assert (update.state, update.warnings) == ("late", ())
