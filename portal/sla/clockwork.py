"""One clock of a ticket: started, paused, moved, stopped. `timers` drives it through a ticket's events."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from portal.sla.calendar import instant
from portal.sla.policy import Policy
from portal.sla.steps import N_, Moment, Step
from portal.sla.targets import Case, Due, Target
from portal.sla.terms import Basis, BreachWarning, Commitment

State = Literal["none", "running", "paused", "met", "late", "missed"]


class Pause(NamedTuple):
    """A stretch in which a clock stood still; `end` is None while it still does."""

    start: datetime
    end: datetime | None


class Warned(NamedTuple):
    """An instant before the breach at which somebody is told."""

    at: datetime
    tell: tuple[str, ...]


class Breach(NamedTuple):
    """A clock that was stopped too late, or is late now (`stopped_at` is None)."""

    clock: Commitment
    due_at: datetime
    stopped_at: datetime | None
    basis: Basis


class Round(NamedTuple):
    """A clock that was started and has stopped."""

    clock: Commitment
    due_at: datetime
    stopped_at: datetime
    basis: Basis

    @property
    def is_late(self) -> bool:
        return self.stopped_at > self.due_at


@dataclass(frozen=True)
class Timer:
    """A clock as it stands at an instant. Instants are UTC.

    none: nothing is promised, or nothing waits for it. running: due now or later. late: due has passed. paused: waits
    for the customer. met, missed: stopped by the due instant, or after it.
    """

    clock: Commitment
    state: State = "none"
    basis: Basis = "none"
    started_at: datetime | None = None
    due_at: datetime | None = None
    earliest_at: datetime | None = None
    stopped_at: datetime | None = None
    calendar: str | None = None
    pauses: tuple[Pause, ...] = ()
    warnings: tuple[Warned, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def is_open(self) -> bool:
        """Somebody still has to act before it stops."""
        return self.state in ("running", "late")


@dataclass
class Clockwork:
    """A clock while events are read. Instants are UTC seconds; no target means that it never runs.

    `case` is the one whose target counts, from `counted` on, without `gaps`: a raised clock counts from when it was.
    `owed` is an earlier due instant, of another ticket that was merged into this one.
    """

    clock: Commitment
    home: str
    target: Target | None = None
    case: Case | None = None
    counted: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    owed: int | None = None
    started: int | None = None
    due: int = 0
    earliest: int | None = None
    stopped: int | None = None
    paused: int | None = None
    pauses: list[tuple[int, int]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        return self.started is not None and self.stopped is None

    def start(self, target: Target | None, case: Case, at: int) -> None:
        """Begin anew at `at`; what was before is forgotten."""
        self.target, self.stopped, self.paused, self.pauses, self.steps = None, None, None, [], []
        self.started = None if target is None else at
        if target:
            self._take(target, case, at, target.due(at))
            self.tell(STARTED, at, due=self.due)

    def stop(self, at: int) -> None:
        if self.runs:
            self._end_pause(at)
            self.stopped = at
            self.tell(STOPPED_LATE if at > self.due else STOPPED, at, due=self.due)

    def withdraw(self) -> None:
        """As if it had never been started: nothing is owed any more. What has stopped stays on record."""
        if self.runs:
            self.started = None

    def resume_stopped(self, at: int) -> None:
        """Go on after a stop as if the time since had not been: a ticket that is reopened (DESIGN: Arithmetic)."""
        if self.started is not None and self.stopped is not None:
            since, self.stopped = self.stopped, None
            self._shift(since, at)
            self.tell(CONTINUED, at, due=self.due)

    def pause(self, at: int) -> None:
        if self.runs and self.paused is None:
            self.paused = at
            self.tell(PAUSED, at, due=self.due)

    def resume(self, at: int) -> None:
        if self.runs and self.paused is not None:
            self._end_pause(at)
            self.tell(RESUMED, at, due=self.due)

    def improve(self, target: Target | None, case: Case, at: int) -> None:
        """Severity raised or plan upgraded: the earlier of the old due instant and the new target from now."""
        if self.started is None:
            self.start(target, case, at)
            return
        if not self.runs or target is None:
            return
        self._split_pause(at)
        due = target.due(at)
        if due.latest < self.due:
            self._take(target, case, at, due)
            self.tell(MOVED, at, due=self.due)
        else:
            self.tell(STAYS, at, due=self.due)

    def recount(self, target: Target | None, case: Case, at: int) -> None:
        """The policy or a calendar was edited: count anew from where the count began.

        What is late already stays so, and nothing becomes late by an edit: a time that would be over counts from now.
        A guarantee is never taken back or put off, and what is promised no more stays for what runs.
        """
        if not self.runs or self.target is None:
            return
        self._split_pause(at)
        if self.due < at:
            return
        if target is None:
            self.tell(GUARDED, at, due=self.due)
            return
        due, counted, gaps = self._counted_anew(target), self.counted, self.gaps
        if is_over := due.latest < at:
            due, counted, gaps = target.due(at), at, []
        is_later = due.latest > self.due
        is_less = is_later or target.basis != "guarantee"
        if (is_over and is_later) or (is_less and self.target.basis == "guarantee"):
            self.tell(GUARDED, at, due=self.due)
            return
        if (due.latest, due.earliest) != (self.due, self.earliest):
            self.tell(RECOUNTED, at, due=due.latest)
        owed = self.owed
        self._take(target, case, counted, due)
        self.gaps, self.owed = gaps, owed

    def owe(self, target: Target | None, case: Case, since: int, due: int, at: int) -> None:
        """What was promised to somebody who waits `since` then holds, where it is the earlier one."""
        if not self.runs:
            self.start(target, case, at)
        if self.runs and self.started is not None:
            self.started = min(self.started, since)
            if due < self.due:
                self.due, self.earliest, self.owed = due, None, due
            self.tell(JOINED, at, due=self.due)

    def keep(self, at: int) -> None:
        """Severity lowered or plan downgraded: what was promised stays."""
        if self.runs:
            self.tell(KEPT, at, due=self.due)

    def tell(self, message: str, at: int, *, due: int) -> None:
        zone = self.target.calendar.zone if self.target else self.home
        moments = {"when": Moment(instant(at), zone), "due": Moment(instant(due), zone)}
        self.steps.append(Step(self.clock, message, moments))

    def read(self, policy: Policy, now: int) -> Timer:
        """The clock as it stands at `now`."""
        if self.target is None or self.started is None:
            return Timer(self.clock)
        return Timer(
            clock=self.clock,
            state=self.state(now),
            basis=self.target.basis,
            started_at=instant(self.started),
            due_at=instant(self.due),
            earliest_at=None if self.earliest is None else instant(self.earliest),
            stopped_at=None if self.stopped is None else instant(self.stopped),
            calendar=self.target.calendar.id,
            pauses=self._pauses(),
            warnings=tuple(self._warnings(policy)) if self.runs and self.paused is None else (),
            steps=tuple(self.steps),
        )

    def state(self, now: int) -> State:
        if self.started is None:
            return "none"
        if self.stopped is not None:
            return "missed" if self.stopped > self.due else "met"
        if self.paused is not None and self.paused <= self.due:
            return "paused"
        return "late" if now > self.due else "running"

    def breach(self, now: int) -> Breach | None:
        if self.target and self.state(now) in ("late", "missed"):
            stopped = None if self.stopped is None else instant(self.stopped)
            return Breach(self.clock, instant(self.due), stopped, self.target.basis)
        return None

    def round(self) -> Round | None:
        if self.target and self.started is not None and self.stopped is not None:
            return Round(self.clock, instant(self.due), instant(self.stopped), self.target.basis)
        return None

    def _take(self, target: Target, case: Case, at: int, due: Due) -> None:
        """Count by this target from `at` on."""
        self.target, self.case, self.counted, self.gaps, self.owed = target, case, at, [], None
        self.due, self.earliest = due.latest, due.earliest

    def _counted_anew(self, target: Target) -> Due:
        """When that target would be due, counted from where this clock's count began and without the same gaps."""
        due = target.due(self.counted)
        latest, earliest = due.latest, due.earliest
        for since, until in self.gaps:
            latest = target.moved(latest, since, until)
            earliest = None if earliest is None else target.moved(earliest, since, until)
        if self.owed is not None and self.owed < latest:
            latest, earliest = self.owed, None
        return Due(latest, earliest, due.business_seconds)

    def _shift(self, since: int, until: int) -> None:
        """Leave out the time between two instants: what was left at the first is left at the second."""
        if self.target and since < self.due:
            self.gaps.append((since, until))
            self.due = self.target.moved(self.due, since, until)
            self.earliest = self.earliest and self.target.moved(self.earliest, since, until)

    def _split_pause(self, at: int) -> None:
        """Bring the due instant of a paused clock up to date, as it must be to be compared. It stays paused."""
        if self.paused is not None:
            self._end_pause(at)
            self.paused = at

    def _end_pause(self, at: int) -> None:
        if self.paused is not None:
            self.pauses.append((self.paused, at))
            self._shift(self.paused, at)
            self.paused = None

    def _pauses(self) -> tuple[Pause, ...]:
        """Those that follow each other at once are one: the clock was only looked at in between."""
        spans: list[tuple[int, int | None]] = [(start, end) for start, end in self.pauses if start < end]
        if self.paused is not None:
            spans.append((self.paused, None))
        found: list[tuple[int, int | None]] = []
        for start, end in spans:
            before = found.pop() if found and found[-1][1] == start else (start, None)
            found.append((before[0], end))
        return tuple(Pause(instant(start), None if end is None else instant(end)) for start, end in found)

    def _warnings(self, policy: Policy) -> list[Warned]:
        """None once it was late before it went on: there is nothing left to warn of."""
        assert self.started is not None
        begin = max([self.started, *(end for _, end in self.pauses)])
        if begin > self.due:
            return []
        found = [
            Warned(instant(self._warning_at(warning, begin)), warning.tell)
            for warning in policy.warnings
            if self.clock in warning.clock
        ]
        return sorted(found)

    def _warning_at(self, warning: BreachWarning, begin: int) -> int:
        """When so much of the time since `begin` is used, in the time that the clock counts, or so much is left."""
        assert self.target
        calendar = self.target.calendar
        business = self.target.duration.unit != "hours"
        if warning.used is not None:
            whole = calendar.elapsed(begin, self.due) if business else self.due - begin
            used = int(whole * Decimal(warning.used) / 100)
            return calendar.add(begin, used) if business else begin + used
        assert warning.left
        return max(begin, self.due - warning.left.most)


STARTED = N_("Started on %(when)s, due on %(due)s.")
STOPPED = N_("Stopped on %(when)s, in time: it was due on %(due)s.")
STOPPED_LATE = N_("Stopped on %(when)s, late: it was due on %(due)s.")
PAUSED = N_("Waiting for the customer since %(when)s; the clock stands still.")
RESUMED = N_("The customer replied on %(when)s; the clock goes on, now due on %(due)s.")
CONTINUED = N_("Reopened on %(when)s; the time since the solution is left out, now due on %(due)s.")
MOVED = N_("Raised on %(when)s: the shorter time holds from then, now due on %(due)s.")
STAYS = N_("Raised on %(when)s; the time promised before is the earlier one, still due on %(due)s.")
JOINED = N_("Another ticket was merged into this one on %(when)s; the earlier promise holds, due on %(due)s.")
RECOUNTED = N_("The support policy changed on %(when)s; counted anew, now due on %(due)s.")
GUARDED = N_("The support policy changed on %(when)s; what was promised stays, due on %(due)s.")
KEPT = N_("Lowered on %(when)s; what was promised stays, due on %(due)s.")
