"""Tickets that the policy gives out: to who is there, has what they need, and has the fewest (T15, R11)."""

from datetime import UTC, datetime

from flask import Flask
from huey import crontab
from sqlalchemy import exists, func, select

from portal.accounts.people import User, staff
from portal.db import db, utcnow
from portal.policies import the_policy
from portal.sla.terms import Assignment
from portal.tickets import letters, progress, staffing
from portal.tickets.rounds import go_round
from portal.tickets.ticket import Ticket, TicketEvent

NEVER = datetime.min.replace(tzinfo=UTC)


def give_out(*, now: datetime) -> int:
    """Give waiting tickets of the policy's queues to somebody; returns how many. What people have assigned, or given
    back, is left to people."""
    rule = the_policy().assignment
    if rule is None or not free(rule, now=now):
        return 0
    was_assigned = exists().where(TicketEvent.ticket_id == Ticket.id, TicketEvent.kind == "assigned")
    waiting = (Ticket.status == "open", Ticket.assignee_id.is_(None), Ticket.queue.in_(rule.queues), ~was_assigned)
    return go_round("assign", Ticket.created_at, lambda ticket: give(ticket, rule, now=now), now=now, where=waiting)


def give(ticket: Ticket, rule: Assignment, *, now: datetime) -> bool:
    """False while nobody who is there can answer it."""
    needs = staffing.needs_of(ticket)
    found = [
        (load, station.given_at or NEVER, person.id, person, station)
        for person, station, load in free(rule, now=now)
        if station.serves(needs.queue) and station.speaks(needs.language) and station.knows(needs)
    ]
    if not found:
        return False
    *_, person, station = min(found, key=lambda one: one[:3])
    station.given_at = now
    db.session.add(station)
    progress.assign(ticket, person, by=None, now=now)
    letters.send_given(ticket, person)
    return True


def free(rule: Assignment, *, now: datetime) -> list[tuple[User, staffing.Station, int]]:
    """Agents who are there and may get another, with how many open tickets they have."""
    people = [person for person in db.session.scalars(staff()) if person.has_role("agent")]
    stations, loads = staffing.stations_of(people), open_tickets()
    able = [(person, stations[person.id], loads.get(person.id, 0)) for person in people]
    return [
        (person, station, load)
        for person, station, load in able
        if station.takes_tickets
        and station.is_there(the_policy(), now)
        and (rule.most_open is None or load < rule.most_open)
    ]


def open_tickets() -> dict[int, int]:
    """How many open tickets each of the staff has; what waits for its customer is no load."""
    held = (Ticket.status == "open", Ticket.assignee_id.is_not(None))
    query = select(Ticket.assignee_id, func.count()).where(*held).group_by(Ticket.assignee_id)
    return {person: count for person, count in db.session.execute(query) if person}


def init_assigning(app: Flask) -> None:
    """Put it into the queue, once a minute."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="assign")
    def assign_each_minute() -> None:
        with app.app_context():
            give_out(now=utcnow())
