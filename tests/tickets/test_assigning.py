"""Tickets of the policy's queues are given out: by load, in turn, to who is there and has what they need."""

from datetime import timedelta
from typing import Any

from flask import Flask

from portal.accounts.people import User
from portal.db import db
from portal.tickets import clocks, progress
from portal.tickets.assigning import give_out
from portal.tickets.staffing import Station
from portal.tickets.ticket import Ticket
from tests.cast import World
from tests.tickets import writing
from tests.tickets.test_staffing import NIGHT, agent, office
from tests.tickets.test_watching import file_one, letters, owing

MINUTE = timedelta(minutes=1)


def given(app: Flask, world: World, *, language: str = "en", now: Any = writing.MONDAY) -> Ticket:
    """A ticket of a queue that is given out."""
    ticket = file_one(world, *owing(), now=now)
    rule = writing.policy().assignment
    assert rule
    ticket.queue, ticket.language = rule.queues[0], language
    db.session.commit()
    return ticket


def nobody_else(world: World) -> None:
    db.session.add(Station(user_id=world.ids["agent"], takes_tickets=False))
    db.session.commit()


def whose(ticket: Ticket) -> str | None:
    db.session.refresh(ticket)
    return ticket.assignee.display_name if ticket.assignee else None


def test_it_goes_to_whoever_has_the_fewest_and_says_so(app: Flask, world: World) -> None:
    with app.test_request_context():
        busy, idle = agent("busy"), agent("idle")
        nobody_else(world)
        progress.assign(given(app, world), busy, by=busy, now=writing.MONDAY)
        ticket = given(app, world)
        assert give_out(now=writing.MONDAY + MINUTE) == 1
        assert whose(ticket) == "Idle" and ticket.events[-1].kind == "assigned" and ticket.events[-1].by_id is None
        assert letters(idle.email, "Given to you") and not letters(busy.email, "Given to you")
        assert clocks.differences(ticket, now=writing.MONDAY + MINUTE) == []


def test_those_with_as_many_take_turns(app: Flask, world: World) -> None:
    with app.test_request_context():
        agent("ann"), agent("bob")
        nobody_else(world)
        tickets = [given(app, world) for _ in range(4)]
        assert give_out(now=writing.MONDAY + MINUTE) == 4
        assert [whose(ticket) for ticket in tickets] == ["Ann", "Bob", "Ann", "Bob"]


def test_nobody_gets_more_than_the_policy_says(app: Flask, world: World) -> None:
    rule = writing.policy().assignment
    with app.test_request_context():
        assert rule and rule.most_open
        agent("ann")
        nobody_else(world)
        tickets = [given(app, world) for _ in range(rule.most_open + 2)]
        assert give_out(now=writing.MONDAY + MINUTE) == rule.most_open
        assert [whose(ticket) for ticket in tickets].count(None) == 2


def test_it_waits_for_somebody_who_is_there_and_speaks_the_language(app: Flask, world: World) -> None:
    with app.test_request_context():
        agent("german", languages=["de"], shift=office())
        agent("dutch", languages=["nl"])
        nobody_else(world)
        ticket = given(app, world, language="de", now=NIGHT)
        assert give_out(now=NIGHT + MINUTE) == 0 and whose(ticket) is None
        assert give_out(now=writing.MONDAY) == 1 and whose(ticket) == "German"


def test_what_a_person_gave_back_is_left_to_people(app: Flask, world: World) -> None:
    with app.test_request_context():
        ann = agent("ann")
        nobody_else(world)
        ticket = given(app, world)
        give_out(now=writing.MONDAY + MINUTE)
        progress.assign(ticket, None, by=ann, now=writing.MONDAY + 2 * MINUTE)
        db.session.commit()
        assert give_out(now=writing.MONDAY + 3 * MINUTE) == 0 and whose(ticket) is None


def test_other_queues_and_those_who_left_are_left_alone(app: Flask, world: World) -> None:
    with app.test_request_context():
        nobody_else(world)
        gone = agent("gone")
        db.session.get_one(User, gone.id).active = False
        ticket, other = given(app, world), given(app, world)
        other.queue = "support"
        db.session.commit()
        assert give_out(now=writing.MONDAY + MINUTE) == 0
        agent("ann")
        assert give_out(now=writing.MONDAY + MINUTE) == 1
        assert (whose(ticket), whose(other)) == ("Ann", None)
