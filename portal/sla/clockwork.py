"""One clock of a ticket: started, paused, moved, stopped. `timers` drives it through a ticket's events."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from portal.sla.calendar import instant
from portal.sla.policy import Policy
from portal.sla.steps import N_, Moment, Step
from portal.sla.targets import Target
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
    """A clock while events are read. Instants are UTC seconds; no target means that it never runs."""

    clock: Commitment
    home: str
    target: Target | None = None
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

    def start(self, target: Target | None, at: int) -> None:
        """Begin anew at `at`; what was before is forgotten."""
        self.target, self.stopped, self.paused, self.pauses, self.steps = target, None, None, [], []
        self.started = None if target is None else at
        if target:
            due = target.due(at)
            self.due, self.earliest = due.latest, due.earliest
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

    def improve(self, target: Target | None, at: int) -> None:
        """Severity raised or plan upgraded: the earlier of the old due instant and the new target from now."""
        if self.started is None:
            self.start(target, at)
            return
        if not self.runs or target is None:
            return
        if self.paused is not None:  # bring the old due instant up to date before comparing
            self._end_pause(at)
            self.paused = at
        due = target.due(at)
        if due.latest < self.due:
            self.target, self.due, self.earliest = target, due.latest, due.earliest
            self.tell(MOVED, at, due=self.due)
        else:
            self.tell(STAYS, at, due=self.due)

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

    def _shift(self, since: int, until: int) -> None:
        """Leave out the time between two instants: what was left at the first is left at the second."""
        if self.target and since < self.due:
            self.due = self._moved(self.due, since, until)
            self.earliest = self.earliest and self._moved(self.earliest, since, until)

    def _moved(self, due: int, since: int, until: int) -> int:
        assert self.target
        if due <= since:
            return due
        if self.target.duration.unit == "hours":
            return due + until - since
        left = self.target.calendar.elapsed(since, due)
        return self.target.calendar.add(until, left)

    def _end_pause(self, at: int) -> None:
        if self.paused is not None:
            self.pauses.append((self.paused, at))
            self._shift(self.paused, at)
            self.paused = None

    def _pauses(self) -> tuple[Pause, ...]:
        ended = [Pause(instant(start), instant(end)) for start, end in self.pauses if start < end]
        return (*ended, Pause(instant(self.paused), None)) if self.paused is not None else tuple(ended)

    def _warnings(self, policy: Policy) -> list[Warned]:
        found = [
            Warned(instant(self._warning_at(warning)), warning.tell)
            for warning in policy.warnings
            if self.clock in warning.clock
        ]
        return sorted(found)

    def _warning_at(self, warning: BreachWarning) -> int:
        """When so much of the time is used, or so much is left; both in the time that the clock counts."""
        assert self.target and self.started is not None
        calendar = self.target.calendar
        business = self.target.duration.unit != "hours"
        begin = max([self.started, *(end for _, end in self.pauses)])
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
KEPT = N_("Lowered on %(when)s; what was promised stays, due on %(due)s.")
