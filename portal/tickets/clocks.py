"""The clocks of a ticket: the log read by `portal.sla.timers`, and the caches that lists are sorted by."""

import logging
from collections.abc import Iterable
from datetime import datetime

from portal.policies import policy_at, the_policy
from portal.sla import Policy
from portal.sla.timers import Event, Timers, evaluate
from portal.tickets.notices import pending
from portal.tickets.ticket import Ticket, TicketEvent

log = logging.getLogger(__name__)

CLOCKS = ("first_response", "next_response", "update", "resolution")


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
    """The clocks as a pure function of (policy version, events, now)."""
    return evaluate(policy_of(ticket), events_of(ticket.events), now)


def events_of(rows: Iterable[TicketEvent]) -> list[Event]:
    """The log in the words of the SLA module, oldest first."""
    return [Event.of(row.kind, row.at, row.detail) for row in rows]


def refresh(ticket: Ticket, *, now: datetime) -> None:
    """Write the due caches. Every verb that adds an event calls this; nobody else writes these columns."""
    for name, value in due_times(ticket, now=now).items():
        setattr(ticket, name, value)


def due_times(ticket: Ticket, *, now: datetime) -> dict[str, datetime | None]:
    """What the caches should hold: due instants of the clocks that run, None for those that stand still or stopped."""
    timers = timers_of(ticket, now=now)
    notices = pending(timers, ticket.events)
    open_ones = {timer.clock: timer.due_at for timer in timers if timer.is_open}
    return {
        "first_response_due_at": open_ones.get("first_response"),
        "first_responded_at": timers.first_response.stopped_at,
        "next_response_due_at": open_ones.get("next_response"),
        "update_due_at": open_ones.get("update"),
        "resolution_due_at": open_ones.get("resolution"),
        "next_due_at": timers.next_due_at,
        "watch_at": notices[0].at if notices else None,
    }


def next_clock(ticket: Ticket) -> str | None:
    """Which clock `next_due_at` is of: first_response, next_response, update, resolution; None when nothing is due."""
    running = (name for name in CLOCKS if getattr(ticket, f"{name}_due_at") is not None)
    return next((name for name in running if getattr(ticket, f"{name}_due_at") == ticket.next_due_at), None)


def differences(ticket: Ticket, *, now: datetime) -> list[tuple[str, datetime | None, datetime | None]]:
    """(column, what stands there, what is right) for every cache that is wrong."""
    right = due_times(ticket, now=now)
    return [(name, getattr(ticket, name), value) for name, value in right.items() if getattr(ticket, name) != value]
