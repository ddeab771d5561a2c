"""A seeded sample of `python -m tests.sla.year`; YEAR_TICKETS asks for more."""

import os

from portal.sla.clockwork import Clockwork
from portal.sla.targets import Case, Target
from portal.sla.timers import _Log
from tests.sla import year

TICKETS = int(os.environ.get("YEAR_TICKETS", "120"))
FEW = {"demo": 3, "zoom": 1}


def test_the_clocks_of_a_year_equal_the_count_minute_by_minute():
    tally = year.simulate(TICKETS, seed=20261231, policies=FEW)
    assert tally.differences == []
    assert {"paused", "late", "missed", "met", "running"} <= set(tally.states)


def test_the_oracle_notices_when_a_pause_takes_no_time_out(monkeypatch):
    monkeypatch.setattr(Clockwork, "_shift", lambda *_: None)
    assert year.simulate(60, seed=3, policies=FEW).differences


def test_the_oracle_notices_when_a_raised_ticket_begins_anew(monkeypatch):
    monkeypatch.setattr(Clockwork, "improve", Clockwork.start)
    assert year.simulate(60, seed=3, policies=FEW).differences


def test_the_oracle_notices_when_closing_counts_as_an_answer(monkeypatch):
    monkeypatch.setattr(_Log, "_closed", _Log._solved)
    assert year.simulate(60, seed=3, policies=FEW).differences


def test_the_oracle_notices_when_an_edit_puts_a_guarantee_off(monkeypatch):
    def anew(clock: Clockwork, target: Target | None, case: Case, at: int) -> None:
        if target and clock.runs and clock.paused is None:
            clock._take(target, case, clock.counted, clock._counted_anew(target))

    monkeypatch.setattr(Clockwork, "recount", anew)
    assert year.simulate(100, seed=3, policies=FEW).differences


def test_the_oracle_notices_when_a_merged_promise_is_forgotten(monkeypatch):
    monkeypatch.setattr(Clockwork, "owe", lambda *_: None)
    assert year.simulate(100, seed=3, policies=FEW).differences


def test_the_oracle_notices_when_a_round_goes_uncounted(monkeypatch):
    monkeypatch.setattr(Clockwork, "round", lambda *_: None)
    assert year.simulate(20, seed=3, policies=FEW).differences
