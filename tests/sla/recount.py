"""The oracle of the simulated year: one ticket, minute by minute, by the rules of DESIGN ("Arithmetic")."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from tests.sla.editions import rules_of
from tests.sla.lives import Deed
from tests.sla.minutes import Count, Running, begin, counted_again, counts
from tests.sla.wall import Case, Rules, instant

CLOCKS = ("first_response", "next_response", "update", "resolution")


class Seen(NamedTuple):
    """A clock as both sides tell it, in instants."""

    state: str
    started: datetime | None = None
    due: datetime | None = None
    earliest: datetime | None = None
    stopped: datetime | None = None
    basis: str = "none"
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    warnings: tuple[datetime, ...] = ()


class Desk:
    """The oracle: one ticket, minute by minute."""

    def __init__(self, rules: Rules, received: Deed) -> None:
        self.rules, self.now = rules, received.minute
        self.case = Case(**received.detail)
        self.clocks: dict[str, Running | None] = dict.fromkeys(CLOCKS)
        self.answered = self.solved = False
        self.unanswered: int | None = self.now
        self.waiting: int | None = None
        self.over: list[tuple[str, int, int]] = []
        for name in ("first_response", "update", "resolution"):
            self.start(name, self.now)

    def pass_time(self, until: int) -> None:
        for running in self.clocks.values():
            for count in running.counts if running else ():
                if running and running.stopped is None:
                    count.walk(self.now, until)
        self.now = until

    # -- what clocks do --------------------------------------------------------------------------------------------

    def runs(self, name: str) -> bool:
        running = self.clocks[name]
        return running is not None and running.stopped is None

    def start(self, name: str, at: int) -> None:
        """A new round; the one before is remembered."""
        self.stop(name)
        if (before := self.clocks[name]) and before.stopped is not None:
            self.over.append((name, before.due(self.now), before.stopped))
        self.clocks[name] = running = begin(self.rules, self.case, name, at)
        for count in running.counts if running else ():
            count.walk(at, self.now)

    def stop(self, name: str) -> None:
        running = self.clocks[name]
        if running and running.stopped is None:
            self.go_on(name)
            running.shown, running.stopped = running.dues(self.now), self.now
            for count in running.counts:
                count.freeze(self.now)

    def hold(self, name: str) -> None:
        running = self.clocks[name]
        if running and running.stopped is None and running.paused is None:
            running.shown, running.paused = running.dues(self.now), self.now
            for count in running.counts:
                count.freeze(self.now)

    def go_on(self, name: str) -> None:
        running = self.clocks[name]
        if running and running.stopped is None and running.paused is not None:
            running.pauses.append((running.paused, self.now))
            running.gaps.append((running.paused, self.now))
            running.paused = None
            for count in running.counts:
                count.thaw(self.now)

    def hurry(self, name: str) -> None:
        """Better service: the earlier of what stood and the new time from now."""
        running, figure = self.clocks[name], self.rules.figure(self.case, name)
        if running is None:
            self.start(name, self.now)
        elif running.stopped is None and figure:
            was_held = running.paused is not None
            self.go_on(name)
            latest, earliest = counts(self.rules, figure, self.now)
            if latest.due(self.now) < running.due(self.now):
                running.figure, running.latest, running.earliest = figure, latest, earliest
                running.case, running.counted, running.gaps, running.owed = self.case, self.now, [], None
            if was_held:
                self.hold(name)

    def count_again(self, name: str, running: Running) -> None:
        """The policy was edited: the same minutes by its new words, but nothing late by that, and no guarantee less."""
        was_held = running.paused is not None
        self.go_on(name)
        due, figure = running.due(self.now), self.rules.figure(running.case, name)
        if due >= self.now and figure:
            (latest, earliest), counted, gaps = counted_again(running, self.rules, figure, self.now), None, running.gaps
            if latest.due(self.now) < self.now:
                (latest, earliest), counted, gaps = counts(self.rules, figure, self.now), self.now, []
            anew = latest.due(self.now)
            if counted is None and running.owed is not None:
                anew = min(anew, running.owed)
            guarded = running.figure.basis == "guarantee" and (figure.basis != "guarantee" or anew > due)
            if not guarded and not (counted is not None and anew > due):
                running.figure, running.latest, running.earliest, running.gaps = figure, latest, earliest, gaps
                running.counted = running.counted if counted is None else counted
        if was_held:
            self.hold(name)

    # -- what people do --------------------------------------------------------------------------------------------

    def see(self, deed: Deed) -> None:
        detail = deed.detail
        if detail.get("automatic") and deed.kind != "receipt_sent":
            return
        if deed.kind in ("triaged", "severity_changed", "plan_changed"):
            self.change(detail)
        if deed.kind in ("triaged", "receipt_sent"):
            self.tell("triage_notice" if deed.kind == "triaged" else "automatic_receipt")
        if deed.kind == "policy_changed":
            self.edit(rules_of(detail["file"]))
        elif deed.kind == "agent_replied":
            self.answer(detail["wait"])
        elif deed.kind == "waiting":
            self.wait()
        elif deed.kind in ("customer_replied", "reopened"):
            self.ask(detail.get("by_customer", True))
        elif deed.kind == "joined":
            self.join(detail["since_minute"], detail["owed_minute"])
        elif deed.kind == "resolved":
            self.end()
        elif deed.kind == "closed":
            for name in ("first_response", "next_response"):  # no answer, but nothing is owed any more
                running = self.clocks[name]
                if running and running.stopped is None and self.now <= running.due(self.now):
                    self.clocks[name] = None
            answered = self.answered
            self.end()
            self.answered = answered

    def change(self, detail: dict[str, Any]) -> None:
        before, case = self.case, self.case
        if detail.get("plan"):
            case = replace(case, plan=detail["plan"])
        if detail.get("tier"):
            case = replace(case, tier=detail["tier"])
        elif detail.get("plan") and case.tier not in self.rules.tiers_of(case.plan):
            case = replace(case, tier=self.rules.tiers_of(case.plan)[0])
        case = replace(case, severity=self.rules.severity(case, detail.get("severity") or case.severity))
        self.case = case
        if case == before or self.rules.worth(case) >= self.rules.worth(before):
            return
        for name in CLOCKS:
            if self.runs(name) or self.owes(name):
                self.hurry(name)
        if self.waiting is not None:
            self.wait()

    def owes(self, name: str) -> bool:
        if name == "next_response":
            return self.answered and self.unanswered is not None
        return not self.solved and (name != "first_response" or not self.answered)

    def edit(self, rules: Rules) -> None:
        self.rules = rules
        for name, running in self.clocks.items():
            if running is None and self.owes(name):
                self.start(name, self.now)
            elif running and running.stopped is None:
                self.count_again(name, running)
        if self.waiting is not None:
            self.wait()

    def tell(self, how: str) -> None:
        if self.rules.stops_on(self.case) == how and not self.answered:
            self.answered = True
            self.stop("first_response")
            self.await_answer()

    def answer(self, is_waiting: bool) -> None:
        self.take_up()
        self.stop("first_response")
        self.stop("next_response")
        self.answered, self.unanswered = True, None
        self.start("update", self.now)
        if is_waiting:
            self.wait()
        else:
            self.resume()

    def ask(self, by_customer: bool) -> None:
        self.take_up()
        if by_customer:
            self.resume()
        if self.unanswered is None and (by_customer or not self.answered):
            self.unanswered = self.now
        if not self.answered and not self.runs("first_response"):
            self.start("first_response", self.now)
        self.await_answer()

    def join(self, since: int, owed: int | None) -> None:
        """A question of another ticket: asked there, answered here, and not later than was promised there."""
        self.unanswered = since if self.unanswered is None else min(since, self.unanswered)
        self.ask(True)
        name = "next_response" if self.answered else "first_response"
        if owed is None:
            return
        if not self.runs(name):  # nothing is promised for it here: what a first answer is promised counts
            self.clocks[name] = begin(self.rules, self.case, "first_response", self.now)
        if running := self.clocks[name]:
            running.started = min(running.started, since)
            if owed < running.due(self.now):
                running.owed = owed

    def await_answer(self) -> None:
        if self.answered and self.unanswered is not None and not self.runs("next_response"):
            self.start("next_response", self.unanswered)

    def wait(self) -> None:
        if self.rules.paused and not self.solved:
            self.waiting = self.now if self.waiting is None else self.waiting
            for name in self.rules.paused:
                self.hold(name)

    def resume(self) -> None:
        self.waiting = None
        for name in self.rules.paused:
            self.go_on(name)

    def end(self) -> None:
        for name in CLOCKS:
            self.stop(name)
        self.solved, self.answered, self.unanswered, self.waiting = True, True, None, None

    def take_up(self) -> None:
        if self.solved:
            self.solved = False
            if (resolution := self.clocks["resolution"]) and resolution.stopped is not None:
                resolution.gaps.append((resolution.stopped, self.now))
                resolution.stopped = None
                for count in resolution.counts:
                    count.thaw(self.now)
            self.start("update", self.now)

    # -- what one sees ---------------------------------------------------------------------------------------------

    def look(self, name: str) -> Seen:
        running = self.clocks[name]
        if running is None:
            return Seen("none")
        due, earliest = running.dues(self.now)
        pauses = [(instant(start), instant(end)) for start, end in running.pauses if start < end]
        held = [] if running.paused is None else [(instant(running.paused), None)]
        return Seen(
            running.state(self.now),
            instant(running.started),
            instant(due),
            None if earliest is None else instant(earliest),
            None if running.stopped is None else instant(running.stopped),
            running.figure.basis,
            joined([*pauses, *held]),
            tuple(sorted(self.warnings(name, running))) if running.stopped is None and running.paused is None else (),
        )

    def warnings(self, name: str, running: Running) -> Iterator[datetime]:
        """In time that counts, from the start or the last pause."""
        since, due = max([running.started, *(end for _, end in running.pauses)]), running.due(self.now)
        opened = running.latest.open
        if since > due:
            return
        for warning in self.rules.raw.get("warnings", []):
            if name not in warning["clock"]:
                continue
            if "left" in warning:
                yield instant(max(since, due - int(warning["left"].split()[0])))
                continue
            whole = sum(opened[since:due]) if opened else due - since
            minutes, seconds = divmod(whole * 60 * warning["used"] // 100, 60)
            rules = running.latest.rules
            at = Count(running.figure._replace(unit="minutes"), rules, left=minutes).due(since)
            yield instant(rules.wall(running.figure.calendar).next_open(at) if opened and seconds else at, seconds)

    def breaches(self) -> Counter[tuple[Any, ...]]:
        late = [(name, due, stopped) for name, due, stopped in self.over if stopped > due]
        found: Counter[tuple[Any, ...]] = Counter((name, instant(due), instant(stopped)) for name, due, stopped in late)
        for name, running in self.clocks.items():
            if running and running.state(self.now) in ("late", "missed"):
                stopped = running.stopped
                found[name, instant(running.due(self.now)), stopped and instant(stopped)] += 1
        return found

    def rounds(self) -> Counter[tuple[Any, ...]]:
        """All that have ended, in time or not."""
        last = [(name, one.due(self.now), one.stopped) for name, one in self.clocks.items() if one]
        return Counter(
            (name, instant(due), instant(stopped)) for name, due, stopped in (*self.over, *last) if stopped is not None
        )


def joined(pauses: list[tuple[datetime, datetime | None]]) -> tuple[tuple[datetime, datetime | None], ...]:
    found: list[tuple[datetime, datetime | None]] = []
    for start, end in pauses:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)
