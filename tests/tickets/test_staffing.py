"""Warnings go to those whom they concern: by queue, shift, language, product and skills."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from portal.accounts.people import User
from portal.db import db
from portal.sla.terms import Escalation
from portal.tickets import progress, staffing
from portal.tickets.staffing import Station
from portal.tickets.ticket import Ticket
from portal.tickets.watching import addressees, watch
from tests.cast import World, make_role, make_user
from tests.tickets import writing
from tests.tickets.test_watching import file_one, letters, owing, timers

NIGHT = writing.MONDAY.replace(hour=1)


def agent(name: str, **station: Any) -> User:
    person = make_user(f"{name}@vendor.example", name=name.title())
    person.roles.append(make_role("agent"))
    db.session.flush()
    db.session.add(Station(user_id=person.id, **station))
    db.session.commit()
    return person


def told(ticket: Ticket, *roles: str, now: Any = writing.MONDAY) -> set[str]:
    return {person.display_name for person in addressees(ticket, roles, now=now)}


def office() -> str:
    """A calendar that is open on Monday at half past nine and closed at night."""
    found = (
        calendar.id
        for calendar in writing.policy().calendars.values()
        if calendar.is_open(writing.MONDAY) and not calendar.is_open(NIGHT)
    )
    return next(found)


def test_a_queue_is_told_to_those_who_serve_it(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        agent("served", queues=[ticket.queue])
        other = agent("other", queues=["billing"])
        assert other.display_name not in told(ticket, "queue") and "Served" in told(ticket, "queue")


def test_those_whose_shift_is_over_are_left_out_while_somebody_is_there(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        agent("day", shift=office())
        assert "Day" in told(ticket, "queue") and "Day" not in told(ticket, "queue", now=NIGHT)
        db.session.get_one(User, world.ids["agent"]).active = False
        assert told(ticket, "queue", now=NIGHT) == {"Day"}, "better somebody at home than nobody"


def test_an_agent_whose_shift_is_over_is_told_with_those_who_are_there(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        day = agent("day", shift=office())
        progress.assign(ticket, day, by=day, now=writing.MONDAY)
        assert told(ticket, "assignee") == {"Day"}
        by_night = told(ticket, "assignee", now=NIGHT)
        assert len(by_night) == 2 and "Day" in by_night


def test_language_and_skills_narrow(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        ticket.language = "de"
        agent("german", languages=["de"])
        agent("dutch", languages=["nl"])
        assert "German" in told(ticket, "queue") and "Dutch" not in told(ticket, "queue")


def test_skills_of_the_policy_and_the_product_narrow(app: Flask, world: World) -> None:
    policy = writing.policy()
    rule = next(rule for rule in policy.routing if rule.skills and rule.product)
    with app.test_request_context():
        ticket = file_one(world, *owing())
        received = next(event for event in ticket.events if event.kind == "received")
        received.detail = received.detail | {"product": rule.product[0]}
        skilled = agent("skilled", skills=list(rule.skills))
        agent("elsewhere", skills=list(rule.skills), products=["another"])
        assert staffing.needs_of(ticket).skills == rule.skills
        assert told(ticket, "queue") == {skilled.display_name}


def test_a_policy_without_escalation_leaves_nobody_of_the_queue_out(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        agent("day", shift=office(), languages=["nl"])
        monkeypatch.setattr("portal.tickets.staffing.the_policy", lambda: PLAIN)
        assert "Day" in told(ticket, "queue", now=NIGHT)


def test_the_warning_itself_goes_to_who_is_there(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        first = timers(ticket).first_response.warnings[0]
        names = ("at-work", "at-home")
        shifts = sorted(writing.policy().calendars.values(), key=lambda one: one.is_open(first.at), reverse=True)
        people = [
            agent(name, queues=[ticket.queue], shift=shift.id)
            for name, shift in zip(names, (shifts[0], shifts[-1]), strict=True)
        ]
        assert shifts[0].is_open(first.at) and not shifts[-1].is_open(first.at)
        watch(now=first.at)
        assert letters(people[0].email, "Due soon") and not letters(people[1].email, "Due soon")


PLAIN = replace(writing.policy(), escalation=Escalation())
