"""What is still to be told about a ticket's clocks: warnings before one runs out, and those that did.

A pure function of the clocks and the log. What is told becomes an event (`warned`, `breached`): nothing is
told twice, and a worker that was away tells afterwards what still holds.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from portal.sla.timers import Breach, Timers


class Notice(NamedTuple):
    """Something to tell at `at` (UTC): a warning to the policy's addressees, or with `breach` a clock that ran out."""

    at: datetime
    clock: str
    due_at: datetime
    tell: tuple[str, ...] = ()
    breach: Breach | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """By what the log knows that it was told. A clock with a new due time warns anew."""
        if self.breach:
            return ("breached", self.clock, self.due_at.isoformat())
        return ("warned", self.clock, self.due_at.isoformat(), self.at.isoformat())


def pending(timers: Timers, events: Iterable[Any]) -> list[Notice]:
    """Notices that the log doesn't hold yet, those first that are due first; also such as lie ahead. The first of them
    doesn't depend on when one asks: lists are watched by it.

    `events` are rows of the log with `kind` and `detail`.
    """
    told = {key for event in events if (key := _key_of(event.kind, event.detail))}
    found = [Notice(breach.due_at, breach.clock, breach.due_at, (), breach) for breach in timers.breaches]
    for timer in timers:
        if timer.is_open and timer.due_at:
            found += [Notice(warned.at, timer.clock, timer.due_at, warned.tell) for warned in timer.warnings]
        if timer.state == "running" and timer.due_at:
            coming = Breach(timer.clock, timer.due_at, None, timer.basis)
            found.append(Notice(timer.due_at, timer.clock, timer.due_at, (), coming))
    return sorted((notice for notice in found if notice.key not in told), key=lambda notice: notice[:3])


def _key_of(kind: str, detail: dict[str, Any]) -> tuple[str, ...] | None:
    if kind == "breached":
        return (kind, detail["clock"], detail["due_at"])
    if kind == "warned":
        return (kind, detail["clock"], detail["due_at"], detail["step_at"])
    return None
