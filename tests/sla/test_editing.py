"""DESIGN.md, 'Arithmetic': what becomes of running clocks when the policy or a calendar is edited."""

from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from portal.sla import Policy, load_policy, parse_policy
from portal.sla.loading import path_of
from portal.sla.timers import Event, Timers, evaluate
from portal.sla.wording import Voice
from tests.sla.asking import at

ZONE = "Europe/Amsterdam"
HOUR = timedelta(hours=1)
MONDAY = at("2026-11-23 10:00", ZONE)
TARGET = {"plan": "team", "severity": "normal"}  # 8 office hours, next response two office days: targets
GUARANTEE = {"plan": "enterprise", "tier": "sla-24x5", "severity": "normal"}  # 4 hours of the working week


@cache
def edited(*changes: tuple[str, str]) -> Policy:
    text = path_of("demo").read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return parse_policy(text)


CLOSED_ON_TUESDAY = edited(("closed = [", 'closed = [ "2026-11-24",'))
NO_WEEK = edited(('hours = { mon-fri = ["00:00-24:00"] }', 'hours = { tue-fri = ["00:00-24:00"] }'))
QUICKER = edited(('normal = "8 business hours"', 'normal = "2 business hours"'))
SLOWER = edited(('normal = "8 business hours"', 'normal = "12 business hours"'))


def run(policy: Policy | None, when: Any, *events: Event, now: Any = None, **case: Any) -> Timers:
    edit = Event("policy_changed", when, policy=policy)
    received = Event("received", MONDAY, **(case or TARGET))
    return evaluate(load_policy("demo"), [received, *events, edit], now or when + timedelta(minutes=1))


def test_a_closed_day_more_moves_what_it_lies_in():
    before = evaluate(load_policy("demo"), [Event("received", MONDAY, **TARGET)], MONDAY).first_response.due_at
    assert before == at("2026-11-24 09:15", ZONE)
    timers = run(CLOSED_ON_TUESDAY, MONDAY + HOUR)
    assert timers.first_response.due_at == at("2026-11-25 09:15", ZONE)
    assert timers.policy is CLOSED_ON_TUESDAY


def test_it_says_so():
    said = Voice("en", ZONE).say(run(CLOSED_ON_TUESDAY, MONDAY + HOUR).first_response.steps[1])
    assert said.startswith("The support policy changed on Mon, 23 Nov 2026, 11:00 CET; ")
    assert said.endswith("counted anew, now due on Wed, 25 Nov 2026, 09:15 CET.")


def test_a_guarantee_is_never_put_off():
    timers = run(NO_WEEK, MONDAY + HOUR, **GUARANTEE)
    assert timers.first_response.due_at == MONDAY + 4 * HOUR
    assert "what was promised stays" in Voice("en", ZONE).say(timers.first_response.steps[-1])


def test_a_guarantee_that_gets_quicker_holds():
    quicker = edited(('normal = "4 business hours"', 'normal = "3 business hours"'))
    assert run(quicker, MONDAY + HOUR, **GUARANTEE).first_response.due_at == MONDAY + 3 * HOUR


def test_nothing_becomes_late_by_an_edit():
    timers = run(QUICKER, MONDAY + 4 * HOUR)
    assert timers.first_response.state == "running"
    assert timers.first_response.due_at == at("2026-11-23 16:00", ZONE)  # two hours from the edit


def test_what_is_late_stays_late():
    timers = run(CLOSED_ON_TUESDAY, at("2026-11-24 12:00", ZONE))
    assert (timers.first_response.state, len(timers.breaches)) == ("late", 1)
    assert timers.first_response.due_at == at("2026-11-24 09:15", ZONE)


def test_what_is_promised_no_more_stays_for_what_runs():
    nothing = edited(('normal = "8 business hours", low = "2 business days" }', 'low = "2 business days" }'))
    assert run(nothing, MONDAY + HOUR).first_response.due_at == at("2026-11-24 09:15", ZONE)


def test_what_is_promised_anew_runs_from_the_edit():
    more = edited(('update = { high = "1 business day" }', 'update = { high = "1 business day", normal = "2 hours" }'))
    assert run(more, MONDAY + HOUR).update.due_at == MONDAY + 3 * HOUR


def test_later_rounds_count_by_the_new_version():
    events = [Event("agent_replied", MONDAY + 2 * HOUR), Event("customer_replied", MONDAY + 3 * HOUR)]
    timers = run(CLOSED_ON_TUESDAY, MONDAY + HOUR, *events, now=MONDAY + 4 * HOUR)
    assert timers.next_response.due_at == at("2026-11-26 13:00", ZONE)


def test_pauses_stay_out_of_the_count():
    update = {"plan": "team", "severity": "high"}  # an update each office day
    waits = Event("agent_replied", MONDAY + HOUR, wait=True)
    back = Event("customer_replied", at("2026-11-25 11:00", ZONE))
    edit = at("2026-11-25 12:00", ZONE)
    closed = edited(("closed = [", 'closed = [ "2026-11-26",'))
    timers = run(closed, edit, waits, back, **update)
    assert timers.update.due_at == at("2026-11-27 11:00", ZONE)


def test_a_raised_clock_counts_from_where_it_was_raised():
    raised = Event("severity_changed", MONDAY + 2 * HOUR, severity="high")
    slower = edited(('high = "2 business hours", normal = "8 business hours"',
                     'high = "3 business hours", normal = "8 business hours"'))  # fmt: skip
    timers = run(slower, MONDAY + 3 * HOUR, raised)
    assert timers.first_response.due_at == at("2026-11-23 15:45", ZONE)


@pytest.mark.parametrize("gone", ["[plans.team]", "[products]\nbeacon"])
def test_a_version_that_does_not_know_the_case_changes_nothing(gone):
    case = TARGET | {"product": "beacon"}
    text = path_of("demo").read_text(encoding="utf-8")
    text = (
        text.replace('"team"', '"crew"').replace("[plans.team]", "[plans.crew]")
        if "team" in gone
        else text.replace("beacon = {", "lamp = {").replace('["beacon"]', '["lamp"]')
    )
    other = parse_policy(text)
    timers = run(other, MONDAY + HOUR, **case)
    assert timers.policy.version == load_policy("demo").version and timers.policy is not other


def test_a_billing_question_has_no_severity_to_raise():
    asked = Event("received", MONDAY, plan="team", topic="billing")
    raised = Event("severity_changed", MONDAY + HOUR, severity="high")
    timers = evaluate(load_policy("demo"), [asked, raised], MONDAY + 2 * HOUR)
    assert timers.first_response.due_at == at("2026-11-25 10:00", ZONE)
    assert len(timers.first_response.steps) == 1


def test_one_pause_is_one_however_often_it_was_looked_at():
    waits = Event("agent_replied", MONDAY + HOUR, wait=True)
    raised = Event("severity_changed", MONDAY + 2 * HOUR, severity="critical")
    received = Event("received", MONDAY, plan="enterprise", tier="sla-24x7", severity="high")
    timers = evaluate(load_policy("demo"), [received, waits, raised], MONDAY + 3 * HOUR)
    assert [(pause.start, pause.end) for pause in timers.resolution.pauses] == [(MONDAY + HOUR, None)]
