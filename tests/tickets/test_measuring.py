"""What reports count of a ticket: the promise, kept beside its clocks also once they have stopped."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import enqueue, run_due
from portal.tickets.conversation import reply
from portal.tickets.ticket import Ticket
from tests.cast import World
from tests.desk.rows import file_one, the


def test_the_promise_stays_known_when_it_was_kept(app: Flask, world: World) -> None:
    with app.app_context():
        number = file_one(world)
        promised = the(number).first_response_due_at
        reply(the(number), "Look here.", by=db.session.get_one(User, world.ids["agent"]), now=utcnow())
        ticket = the(number)
        assert promised and ticket.first_response_due_at is None
        assert (ticket.first_promised_at, ticket.first_was_late) == (promised, False)


def test_an_answer_that_came_late_was_late(app: Flask, world: World) -> None:
    with app.app_context():
        number = file_one(world)
        due = the(number).first_response_due_at
        assert due
        reply(the(number), "Sorry.", by=db.session.get_one(User, world.ids["agent"]), now=due + timedelta(seconds=1))
        assert the(number).first_was_late and not the(number).resolution_was_late


def test_tickets_from_before_are_measured_after_an_upgrade(app: Flask, world: World) -> None:
    with app.app_context():
        numbers = [file_one(world) for _ in range(3)]
        right = [the(number).first_promised_at for number in numbers]
        db.session.execute(update(Ticket).values(first_promised_at=None, resolution_promised_at=None))
        enqueue("measure_tickets")
        db.session.commit()
        run_due()
        assert all(right) and [the(number).first_promised_at for number in numbers] == right
