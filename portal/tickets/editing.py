"""An edited policy or calendar reaches the open tickets: their clocks go on by the new version, their log says why.

What was promised at filing is kept as it was said. `sla.clockwork` has the rules: nothing becomes late by an edit, and
a guarantee is never put off.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import selectinload

from portal.db import db, utcnow
from portal.jobs import enqueue, job
from portal.policies import policy_at, the_policy
from portal.sla import Policy
from portal.sla.timers import Timers
from portal.tickets import clocks, letters
from portal.tickets.ticket import OPEN_STATUSES, Ticket

AT_ONCE = 200  # tickets in one transaction: others wait for it


def reach_open_tickets() -> None:
    """Ask for the job if open tickets count by another version than the one in force. At every start of a process."""
    policy = the_policy()
    if db.session.scalar(select(exists(_behind(policy)))):
        enqueue("count_by_policy", policy_id=policy.id, version=policy.version)


@job("count_by_policy")
def count_open_tickets(policy_id: str, version: str, after: int = 0) -> None:
    """Take the next open tickets over to that version, and leave those behind them to the next job."""
    policy = policy_at(policy_id, version)
    if policy is None:  # kept by nobody: the clocks go on as they are
        return
    held = _behind(policy).where(Ticket.id > after).order_by(Ticket.id).limit(AT_ONCE).with_for_update(of=Ticket)
    found = db.session.scalars(held.options(selectinload(Ticket.events))).all()
    for ticket in found:
        count_by(ticket, policy, now=utcnow())
    if len(found) == AT_ONCE:
        enqueue("count_by_policy", policy_id=policy_id, version=version, after=found[-1].id)


def count_by(ticket: Ticket, policy: Policy, *, now: datetime) -> None:
    """Let the clocks of an open ticket go on by that version. Nothing happens where it doesn't know the ticket's case.

    The event names both versions and every clock that another time came of.
    """
    was = {clock: getattr(ticket, f"{clock}_due_at") for clock in clocks.CLOCKS}
    before, seen_at = ticket.counted_by or ticket.policy_version, ticket.updated_at
    event = ticket.record("policy_changed", by=None, at=now, policy=[policy.id, policy.version])
    timers = clocks.timers_of(ticket, now=now)
    if timers.policy is not policy:
        ticket.events.remove(event)
        ticket.updated_at = seen_at
        return
    clocks.refresh(ticket, now=now, timers=timers)
    moved = [
        _move(clock, was[clock], due) for clock in was if (due := getattr(ticket, f"{clock}_due_at")) != was[clock]
    ]
    event.detail = event.detail | {"before": before, "moved": moved}
    ticket.updated_at = now if moved else seen_at
    _tell(ticket, timers, was)


def _tell(ticket: Ticket, timers: Timers, was: Mapping[str, datetime | None]) -> None:
    """Write to the customer what is due at another time than they were told, in one mail. An average is no promise."""
    running = [timer for timer in timers if timer.is_open and timer.basis in clocks.KEPT_TO]
    moved = [
        (timer.clock, before, timer.due_at)
        for timer in running
        if timer.due_at and (before := was[timer.clock]) and before != timer.due_at
    ]
    if moved:
        letters.send_moved(ticket, moved)


def _move(clock: str, before: datetime | None, due: datetime) -> list[str | None]:
    """None where nothing was promised before. An edit stops no clock, so there is always a time now."""
    return [clock, before.isoformat() if before else None, due.isoformat()]


def _behind(policy: Policy) -> Any:
    """Open tickets under this policy whose clocks count by another of its versions."""
    counted_by = func.coalesce(Ticket.counted_by, Ticket.policy_version)
    return select(Ticket).where(
        Ticket.status.in_(OPEN_STATUSES), Ticket.policy_id == policy.id, counted_by != policy.version
    )
