"""The clocks of a ticket: the log read by `portal.sla.timers`, and the caches that lists are sorted by."""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from portal.policies import policy_at, the_policy
from portal.sla import Policy
from portal.sla.timers import Event, Timers, evaluate
from portal.tickets.notices import pending
from portal.tickets.ticket import Ticket, TicketEvent

log = logging.getLogger(__name__)

CLOCKS = ("first_response", "next_response", "update", "resolution")
KEPT_TO = ("guarantee", "target")  # an average is no promise, and what is later than it breaks none


def policy_of(ticket: Ticket) -> Policy:
    """The version of the policy that the ticket's promise came from.

    If that is kept nowhere, the one in force stands in: the log and the doctor say so, and no credit comes of it.
    """
    found = policy_at(ticket.policy_id, ticket.policy_version)
    if found is None:
        lost = {"ticket": ticket.number, "policy": ticket.policy_id, "version": ticket.policy_version}
        log.warning("a ticket's policy is lost", extra=lost)
    return found or the_policy()


def timers_of(ticket: Ticket, *, now: datetime) -> Timers:
    """The clocks as a pure function of (policy version, events, now).

    What is in the log has happened, also for a process whose clock is behind that of the one that wrote it.
    """
    return evaluate(policy_of(ticket), events_of(ticket.events), max([now, *(row.at for row in ticket.events)]))


def events_of(rows: Iterable[TicketEvent]) -> list[Event]:
    """The log in the words of the SLA module, oldest first."""
    return [Event.of(row.kind, row.at, row.detail, _version_in(row)) for row in rows]


def _version_in(row: TicketEvent) -> Policy | None:
    """The version by which the clocks went on from that event."""
    return policy_at(*row.detail["policy"]) if row.kind == "policy_changed" else None


def refresh(ticket: Ticket, *, now: datetime, timers: Timers | None = None) -> None:
    """Write the due caches. Every verb that adds an event calls this; nobody else writes these columns.

    `timers` are the clocks at `now`, if the caller has them already.
    """
    for name, value in due_times(ticket, now=now, timers=timers).items():
        setattr(ticket, name, value)


def due_times(ticket: Ticket, *, now: datetime, timers: Timers | None = None) -> dict[str, Any]:
    """What the caches should hold: due instants of the clocks that run, None for those that stand still or stopped."""
    timers = timers or timers_of(ticket, now=now)
    notices = pending(timers, ticket.events)
    open_ones = {timer.clock: timer.due_at for timer in timers if timer.is_open}
    promised = {timer.clock: timer.due_at for timer in timers if timer.basis in KEPT_TO}
    ahead = {timer.clock: timer.due_at for timer in timers if timer.basis in KEPT_TO and timer.stopped_at is None}
    rounds = Counter((ended.clock, ended.is_late) for ended in timers.rounds if ended.basis in KEPT_TO)
    late = {breach.clock for breach in timers.breaches if breach.stopped_at and breach.basis in KEPT_TO}
    return {
        "first_response_due_at": open_ones.get("first_response"),
        "first_responded_at": timers.first_response.stopped_at,
        "next_response_due_at": open_ones.get("next_response"),
        "update_due_at": open_ones.get("update"),
        "resolution_due_at": open_ones.get("resolution"),
        "next_due_at": timers.next_due_at,
        "watch_at": notices[0].at if notices else None,
        "counted_by": None if timers.policy.version == ticket.policy_version else timers.policy.version,
        "first_promised_at": promised.get("first_response"),
        "first_was_late": "first_response" in late,
        "resolution_promised_at": promised.get("resolution"),
        "resolution_was_late": "resolution" in late,
        "next_promised_at": ahead.get("next_response"),
        "next_kept": rounds["next_response", False],
        "next_late": rounds["next_response", True],
        "update_promised_at": ahead.get("update"),
        "update_kept": rounds["update", False],
        "update_late": rounds["update", True],
    }


def next_clock(ticket: Ticket) -> str | None:
    """Which clock `next_due_at` is of: first_response, next_response, update, resolution; None when nothing is due."""
    running = (name for name in CLOCKS if getattr(ticket, f"{name}_due_at") is not None)
    return next((name for name in running if getattr(ticket, f"{name}_due_at") == ticket.next_due_at), None)


def differences(ticket: Ticket, *, now: datetime) -> list[tuple[str, Any, Any]]:
    """(column, what stands there, what is right) for every cache that is wrong."""
    right = due_times(ticket, now=now)
    return [(name, getattr(ticket, name), value) for name, value in right.items() if getattr(ticket, name) != value]
