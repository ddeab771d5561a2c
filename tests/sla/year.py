"""A year of tickets on a controlled clock, held against an independent count of minutes.

The oracle knows the rules of DESIGN ("Arithmetic") and nothing of `portal.sla`: it reads the policy's file itself, and
its clocks have no due times. They hold the minutes that are left, and each minute of the year that counts takes one.

    python -m tests.sla.year --tickets 5000 [--seed 1]
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import NamedTuple

from portal import sla
from portal.sla.timers import Event, Timer, Timers, evaluate
from tests.sla.editions import EDITS, POLICIES, rules_of, text_of
from tests.sla.lives import Life, a_life, moments
from tests.sla.recount import Desk, Seen, joined
from tests.sla.wall import Rules, instant


@cache
def policy_of(name: str) -> sla.Policy:
    return sla.parse_policy(text_of(name), name)


def told(timer: Timer) -> Seen:
    return Seen(
        timer.state,
        timer.started_at,
        timer.due_at,
        timer.earliest_at,
        timer.stopped_at,
        timer.basis,
        joined([tuple(pause) for pause in timer.pauses]),  # type: ignore[misc]
        tuple(sorted(warned.at for warned in timer.warnings)),
    )


class Difference(NamedTuple):
    policy: str
    life: Life
    now: datetime
    what: str
    said: object
    right: object


class Tally(NamedTuple):
    """What a simulation went through."""

    tickets: int
    looks: int
    deeds: Counter[str]
    states: Counter[str]
    differences: list[Difference]


def simulate(tickets: int, seed: int = 1, policies: dict[str, int] | None = None) -> Tally:
    dice = random.Random(seed)
    chosen = policies or POLICIES
    tally = Tally(tickets, 0, Counter(), Counter(), [])
    looks = 0
    for _ in range(tickets):
        name = dice.choices(list(chosen), list(chosen.values()))[0]
        rules = rules_of(name)
        life = a_life(dice, rules, [name, *(f"{name}, {edit}" for edit in EDITS)])
        tally.deeds.update(deed.kind for deed in life.deeds)
        for timers, desk in watched(policy_of(name), rules, life, moments(dice, life)):
            looks += 1
            for what, said, right in compared(timers, desk):
                tally.differences.append(Difference(name, life, instant(desk.now), what, said, right))
            tally.states.update(timer.state for timer in timers)
    return tally._replace(looks=looks)


def watched(policy: sla.Policy, rules: Rules, life: Life, when: list[int]) -> Iterator[tuple[Timers, Desk]]:
    """The engine's clocks and the oracle's, at each of those minutes."""
    deeds = [life.received, *life.deeds]
    edited = [policy_of(deed.detail["file"]) if deed.kind == "policy_changed" else None for deed in deeds]
    events = [
        Event.of(deed.kind, instant(deed.minute), deed.detail, by) for deed, by in zip(deeds, edited, strict=True)
    ]
    desk, ahead = Desk(rules, life.received), list(life.deeds)
    for minute in when:
        while ahead and ahead[0].minute <= minute:
            desk.pass_time(ahead[0].minute)
            desk.see(ahead.pop(0))
        desk.pass_time(minute)
        yield evaluate(policy, events, instant(minute)), desk


def compared(timers: Timers, desk: Desk) -> Iterator[tuple[str, object, object]]:
    for timer in timers:
        if told(timer) != desk.look(timer.clock):
            yield timer.clock, told(timer), desk.look(timer.clock)
    breaches = Counter((breach.clock, breach.due_at, breach.stopped_at) for breach in timers.breaches)
    if breaches != desk.breaches():
        yield "breaches", breaches, desk.breaches()
    rounds = Counter((ended.clock, ended.due_at, ended.stopped_at) for ended in timers.rounds)
    if rounds != desk.rounds():
        yield "rounds", rounds, desk.rounds()
    if timers.waiting_since != (None if desk.waiting is None else instant(desk.waiting)):
        yield "waiting", timers.waiting_since, desk.waiting
    open_ones = [
        clock.due(desk.now) for clock in desk.clocks.values() if clock and clock.state(desk.now) in ("running", "late")
    ]
    if timers.next_due_at != (instant(min(open_ones)) if open_ones else None):
        yield "next due", timers.next_due_at, open_ones


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold a year of tickets against a minute-by-minute count.")
    parser.add_argument("--tickets", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.perf_counter()
    tally = simulate(asked.tickets, asked.seed)
    for difference in tally.differences[:10]:
        print(*difference, sep="\n  ")
    print("deeds:", ", ".join(f"{count} {kind}" for kind, count in tally.deeds.most_common()))
    print("clocks seen:", ", ".join(f"{count} {state}" for state, count in tally.states.most_common()))
    took = time.perf_counter() - began
    print(f"{tally.tickets} tickets, seed {asked.seed}, looked at {tally.looks} times: "
          f"{len(tally.differences)} differences in {took:.0f} s")  # fmt: skip
    return bool(tally.differences)


if __name__ == "__main__":
    sys.exit(main())
