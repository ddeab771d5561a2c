"""The clocks of a ticket: a pure function of (policy version, events, now). Nothing is counted up and stored.

First response runs from receipt to the event that the policy says (`stops_on`); next response from the oldest customer
message that nobody answered; update from the last public answer; resolution from receipt until solved. Update and
resolution stand still while the ticket waits for the customer; responses never do. Auto-replies never count.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from portal.sla.asking import case_of
from portal.sla.calendar import instant, stamp
from portal.sla.clockwork import Breach, Clockwork, Pause, Round, State, Timer, Warned
from portal.sla.policy import COMMITMENTS, Policy
from portal.sla.quote import QuoteRequest
from portal.sla.targets import Case, Commitments, commitments, is_known
from portal.sla.terms import Commitment

__all__ = ["Breach", "Event", "Pause", "Round", "State", "Timer", "Timers", "Warned", "evaluate"]

KINDS = ("received", "receipt_sent", "triaged", "severity_changed", "plan_changed", "agent_replied", "customer_replied",
         "waiting", "resolved", "closed", "reopened", "joined")  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that happened to a ticket. `kind` is one of KINDS; others (notes, assignments) move no clock.

    `received` carries what the promise depends on: plan, tier, severity, product, region, channel, topic, reseller.
    `triaged` and `severity_changed` carry the severity that holds from then, `plan_changed` plan and tier.
    `agent_replied` with `wait` lets the ticket wait for the customer. `automatic` marks what a machine wrote.
    `by_customer` is False for what staff did in the customer's place, such as reopening. `joined` is another ticket
    that was merged into this one: its customer waits `since`, and was promised an answer by `owed_at`.
    `policy_changed` carries the version by which the clocks go on.
    """

    kind: str
    at: datetime
    plan: str | None = None
    tier: str | None = None
    severity: str | None = None
    product: str | None = None
    region: str | None = None
    channel: str = "ticket"
    topic: str = "product"
    reseller: bool = False
    wait: bool = False
    automatic: bool = False
    by_customer: bool = True
    since: datetime | None = None
    owed_at: datetime | None = None
    policy: Policy | None = None

    @classmethod
    def of(cls, kind: str, at: datetime, detail: Mapping[str, Any], policy: Policy | None = None) -> "Event":
        """An event from a stored row; entries of `detail` that no clock knows are left out. Instants are ISO 8601."""
        known = {name: detail[name] for name in DETAILS if name in detail}
        instants = {name: datetime.fromisoformat(known[name]) for name in INSTANTS if known.get(name)}
        return cls(kind, at, policy=policy, **(known | instants))


INSTANTS = ("since", "owed_at")
DETAILS = tuple(spec.name for spec in fields(Event) if spec.name not in ("kind", "at", "policy"))


@dataclass(frozen=True)
class Timers:
    """The four clocks at an instant. `breaches` are all that were late, `pauses` the spells in which one stood still,
    `rounds` all that have stopped, earlier rounds of a clock included. `policy` is the version by which they count
    now."""

    first_response: Timer
    next_response: Timer
    update: Timer
    resolution: Timer
    policy: Policy
    breaches: tuple[Breach, ...] = ()
    pauses: tuple[Pause, ...] = ()
    rounds: tuple[Round, ...] = ()
    waiting_since: datetime | None = None

    def __iter__(self) -> Iterator[Timer]:
        return iter((self.first_response, self.next_response, self.update, self.resolution))

    @property
    def next_due_at(self) -> datetime | None:
        """The due instant that comes first among the clocks that run, those already late included."""
        return min((timer.due_at for timer in self if timer.is_open and timer.due_at), default=None)


def evaluate(policy: Policy, events: Iterable[Event], now: datetime) -> Timers:
    """The clocks at `now`. Events may come in any order; those after `now` have not happened yet.

    Without a `received` event there are no clocks. Raises QuoteError if it names what the policy does not know.
    """
    past = sorted((event for event in events if event.at <= now), key=lambda event: event.at)
    log = _Log(policy)
    for event in past:
        log.note(event)
    return log.read(stamp(now))


@dataclass
class _Log:
    """Reads events in order and moves the clocks."""

    policy: Policy
    case: Case | None = None
    unanswered: int | None = None  # receipt of the oldest customer message that nobody has answered
    waiting: int | None = None
    was_answered: bool = False  # the first response is over, whether or not a time was promised for it
    is_solved: bool = False
    breaches: list[Breach] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    still: int | None = None  # since when some clock stands still
    pauses: list[Pause] = field(default_factory=list)
    clocks: dict[Commitment, Clockwork] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clocks = {name: Clockwork(name, self.policy.zone) for name in COMMITMENTS}

    def note(self, event: Event) -> None:
        at = stamp(event.at)
        self._read(event, at)
        stands_still = any(clock.paused is not None for clock in self.clocks.values())
        if stands_still and self.still is None:
            self.still = at
        elif self.still is not None and not stands_still:
            self.pauses.append(Pause(instant(self.still), instant(at)))
            self.still = None

    def _read(self, event: Event, at: int) -> None:
        if event.kind == "received" and self.case is None:
            self._received(event, at)
        elif self.case is None or (event.automatic and event.kind != "receipt_sent"):
            return  # nothing to time yet, or written by a machine
        elif event.kind in ("triaged", "severity_changed"):
            self._changed(event, at)
            if event.kind == "triaged":
                self._notified("triage_notice", at)
        elif event.kind == "plan_changed":
            self._changed(event, at)
        elif event.kind == "receipt_sent":
            self._notified("automatic_receipt", at)
        elif event.kind == "agent_replied":
            self._answered(event, at)
        elif event.kind == "waiting":
            self._wait(at)
        elif event.kind in ("customer_replied", "reopened"):
            self._asked(event, at)
        elif event.kind == "joined" and event.since:
            self._joined(event, stamp(event.since), at)
        elif event.kind == "closed":
            self._closed(at)
        elif event.kind == "resolved":
            self._solved(at)
        elif event.kind == "policy_changed":
            self._edited(event.policy, at)

    def read(self, now: int) -> Timers:
        current = [breach for clock in self.clocks.values() if (breach := clock.breach(now))]
        stopped = [ended for clock in self.clocks.values() if (ended := clock.round())]
        timers = {name: clock.read(self.policy, now) for name, clock in self.clocks.items()}
        return Timers(
            **timers,
            policy=self.policy,
            breaches=(*self.breaches, *current),
            pauses=(*self.pauses, *([] if self.still is None else [Pause(instant(self.still), None)])),
            rounds=(*self.rounds, *stopped),
            waiting_since=None if self.waiting is None else instant(self.waiting),
        )

    @property
    def promised(self) -> Commitments:
        assert self.case
        return commitments(self.policy, self.case)

    def _received(self, event: Event, at: int) -> None:
        named = {name: getattr(event, name) for name in QuoteRequest._fields if hasattr(event, name)}
        self.case = case_of(self.policy, QuoteRequest(**named))
        self.unanswered = at
        for name in ("first_response", "update", "resolution"):
            self._start(name, at)

    def _changed(self, event: Event, at: int) -> None:
        """Another severity, plan or tier: better ones hold from now, worse ones take nothing back."""
        before = self.case
        assert before
        self.case = case = _case_after(self.policy, before, event)
        if case != before:
            is_better = _is_better(self.policy, case, before)
            for name, clock in self.clocks.items():
                if not clock.runs and not self._may_begin(name):
                    continue
                if is_better:
                    clock.improve(self.promised.of(name), case, at)
                else:
                    clock.keep(at)
            if self.waiting is not None:  # what has just begun waits with the others
                self._wait(at)

    def _edited(self, policy: Policy | None, at: int) -> None:
        """Another version of the policy holds from now, also for what runs, if it knows the case."""
        if policy is None or self.case is None or not is_known(policy, self.case):
            return
        self.policy = policy
        for name, clock in self.clocks.items():
            if clock.runs and clock.case and is_known(policy, clock.case):
                clock.recount(commitments(policy, clock.case).of(name), clock.case, at)
            elif clock.started is None and self._may_begin(name):
                self._start(name, at)
        if self.waiting is not None:
            self._wait(at)

    def _notified(self, how: str, at: int) -> None:
        """The customer was told that the ticket is logged; it stops the first response where the policy says so."""
        if self.promised.stops_on == how and not self.was_answered:
            self.was_answered = True
            self.clocks["first_response"].stop(at)
            self._await_answer()

    def _answered(self, event: Event, at: int) -> None:
        self._reopen(at)
        self.clocks["first_response"].stop(at)
        self.clocks["next_response"].stop(at)
        self.was_answered, self.unanswered = True, None
        self._restart("update", at)
        if event.wait:
            self._wait(at)
        else:
            self._resume(at)

    def _asked(self, event: Event, at: int) -> None:
        self._reopen(at)
        if event.by_customer:
            self._resume(at)
        if self.unanswered is None and (event.by_customer or not self.was_answered):
            self.unanswered = at  # whoever reopens what nobody answered, the customer waits for the first answer again
        if not self.was_answered and not self.clocks["first_response"].runs:
            self._restart("first_response", at)
        self._await_answer()

    def _joined(self, event: Event, since: int, at: int) -> None:
        """A question from another ticket: as if it had been asked here, answered by what was promised for it there."""
        self.unanswered = since if self.unanswered is None else min(since, self.unanswered)
        self._asked(event, at)
        if event.owed_at:
            name: Commitment = "next_response" if self.was_answered else "first_response"
            target = self.promised.of(name) or self.promised.first_response
            self.clocks[name].owe(target, self._the_case, since, stamp(event.owed_at), at)

    def _await_answer(self) -> None:
        """Start the next response for the oldest unanswered message, once the first response is done."""
        if self.was_answered and not self.clocks["next_response"].runs and self.unanswered is not None:
            self._restart("next_response", self.unanswered)

    def _solved(self, at: int) -> None:
        self.is_solved, self.was_answered, self.unanswered, self.waiting = True, True, None, None
        for clock in self.clocks.values():
            clock.stop(at)

    def _closed(self, at: int) -> None:
        """Closing is no answer: a response that was not due yet is owed no more, and a first one is owed anew later."""
        was_answered = self.was_answered
        for name in ("first_response", "next_response"):
            if at <= self.clocks[name].due:
                self.clocks[name].withdraw()
        self._solved(at)
        self.was_answered = was_answered

    def _reopen(self, at: int) -> None:
        """Any message after the solution takes the ticket up again."""
        if self.is_solved:
            self.is_solved = False
            self.clocks["resolution"].resume_stopped(at)
            self._restart("update", at)

    def _may_begin(self, name: Commitment) -> bool:
        """Whether a clock for which nothing was promised so far begins with a better plan; never on a solved ticket."""
        if name == "first_response":
            return not self.was_answered and not self.is_solved
        if name == "next_response":
            return self.was_answered and self.unanswered is not None
        return not self.is_solved

    def _wait(self, at: int) -> None:
        if "waiting_on_customer" in self.policy.clocks.pauses and not self.is_solved:
            self.waiting = at if self.waiting is None else self.waiting
            for name in self.policy.clocks.paused_clocks:
                self.clocks[name].pause(at)

    def _resume(self, at: int) -> None:
        self.waiting = None
        for name in self.policy.clocks.paused_clocks:
            self.clocks[name].resume(at)

    def _restart(self, name: Commitment, at: int) -> None:
        """A new round of a clock; a round that was late stays on record."""
        clock = self.clocks[name]
        clock.stop(at)
        if breach := clock.breach(at):
            self.breaches.append(breach)
        if ended := clock.round():
            self.rounds.append(ended)
        self._start(name, at)

    def _start(self, name: Commitment, at: int) -> None:
        self.clocks[name].start(self.promised.of(name), self._the_case, at)

    @property
    def _the_case(self) -> Case:
        assert self.case
        return self.case


def _case_after(policy: Policy, case: Case, event: Event) -> Case:
    """A plan or tier of a later version changes nothing: the ticket stands under the version it was filed under."""
    plan = event.plan if event.plan in policy.plans else case.plan
    tier = event.tier if event.tier in policy.tiers else case.tier
    if event.plan and not event.tier and tier not in policy.plans[plan].tiers:
        tier = policy.plans[plan].tiers[0]
    severity = event.severity or case.severity
    if case.topic == "billing":
        severity = None
    elif severity not in policy.tiers[tier].severities:
        severity = policy.default_severity(tier)
    return case._replace(plan=plan, tier=tier, severity=severity)


def _is_better(policy: Policy, case: Case, before: Case) -> bool:
    """Raised in tier, plan or severity, the first that differs deciding. Tiers stand from the least to the most in the
    file, severities from the worst to the mildest."""
    tiers, severities = list(policy.tiers), list(policy.severities)
    for new, old in (
        (-tiers.index(case.tier), -tiers.index(before.tier)),
        (policy.plans[case.plan].rank, policy.plans[before.plan].rank),
        (_place(severities, case.severity), _place(severities, before.severity)),
    ):
        if new != old:
            return new < old
    return False


def _place(order: list[str], severity: str | None) -> int:
    return order.index(severity) if severity in order else len(order)
