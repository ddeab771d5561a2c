"""Watching the clocks: staff are warned before one runs out, and a promise that was broken is told, before they ask."""

from datetime import datetime

from flask import Flask
from huey import crontab

from portal.accounts.people import User, staff
from portal.db import db, utcnow
from portal.tickets import clocks, letters, staffing
from portal.tickets.clocks import KEPT_TO
from portal.tickets.credits import note_credit
from portal.tickets.notices import Notice, pending
from portal.tickets.rounds import go_round
from portal.tickets.ticket import Ticket


def watch(*, now: datetime) -> int:
    """Tell what is due, ticket by ticket; returns for how many something was told."""
    return go_round("watch", Ticket.watch_at, lambda ticket: tell_due(ticket, now=now), now=now)


def tell_due(ticket: Ticket, *, now: datetime) -> list[Notice]:
    """Record and tell every notice that is due by now; returns them.

    Of several warnings of one clock that are due at once, as after a worker's absence, the last one is sent.
    """
    due = [
        notice
        for notice in pending(clocks.timers_of(ticket, now=now), ticket.events)
        if notice.at < now or (notice.at == now and not notice.breach)
    ]
    last = {notice.clock: notice.at for notice in due if not notice.breach}
    for notice in due:
        if notice.breach:
            _breach(ticket, notice, now=now)
        else:
            _warn(ticket, notice, is_sent=last[notice.clock] == notice.at, now=now)
    clocks.refresh(ticket, now=now)
    return due


def _warn(ticket: Ticket, notice: Notice, *, is_sent: bool, now: datetime) -> None:
    now_told = [event for event in ticket.events if event.kind == "warned" and event.at == now]
    heard = {key for event in now_told if event.detail["clock"] == notice.clock for key in event.detail["told"]}
    told = [person for person in addressees(ticket, notice.tell, now=now) if person.id not in heard]
    told = told if is_sent and notice.due_at >= now else []
    ticket.record(
        "warned",
        by=None,
        at=now,
        clock=notice.clock,
        due_at=notice.due_at.isoformat(),
        step_at=notice.at.isoformat(),
        told=[person.id for person in told],
    )
    for person in told:
        letters.send_warning(ticket, person, clock=notice.clock, due_at=notice.due_at)


def _breach(ticket: Ticket, notice: Notice, *, now: datetime) -> None:
    """The event holds the evidence: what was promised, under which version, and when it came, if it has."""
    breach = notice.breach
    assert breach
    credit = note_credit(ticket, breach, clocks.policy_of(ticket), now=now)
    ticket.record(
        "breached",
        by=None,
        at=now,
        clock=breach.clock,
        due_at=breach.due_at.isoformat(),
        stopped_at=breach.stopped_at.isoformat() if breach.stopped_at else None,
        basis=breach.basis,
        policy=[ticket.policy_id, ticket.policy_version],
        credit=str(credit) if credit else None,
    )
    if breach.basis not in KEPT_TO or ticket.status == "closed":
        return
    letters.send_apology(ticket, breach, credit=credit)
    if breach.stopped_at is None:
        for person in addressees(ticket, ("assignee", "lead"), now=now):
            letters.send_warning(ticket, person, clock=breach.clock, due_at=breach.due_at, is_late=True)


def addressees(ticket: Ticket, roles: tuple[str, ...], *, now: datetime) -> list[User]:
    """The staff that the policy's words mean: who is in charge, those who answer and whom it concerns (also for who is
    not, or not there), those who lead. Each once; nobody who has left."""
    found: dict[int, User] = {}
    people = db.session.scalars(staff()).all()
    answering = [person for person in people if person.has_role("agent")]
    for role in roles:
        if role == "lead":
            told = [person for person in people if person.has_role("admin")]
        elif role == "assignee" and ticket.assignee_id is not None:
            told = [person for person in people if person.id == ticket.assignee_id]
            told += [] if told and staffing.is_reached(told[0], now=now) else staffing.meant(ticket, answering, now=now)
        else:
            told = staffing.meant(ticket, answering, now=now)
        found |= {person.id: person for person in told}
    return list(found.values())


def init_watching(app: Flask) -> None:
    """Put it into the queue, once a minute."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="watch")
    def watch_each_minute() -> None:
        with app.app_context():
            watch(now=utcnow())
