"""What happens to tickets is told: signed, again after failures, given up at last, and nothing of the inside."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import Job, run_due
from portal.mail import Mail
from portal.tickets import conversation, progress, satisfaction
from portal.tickets.news import News
from portal.webhooks.delivering import WAITS, announce, forget_deliveries
from portal.webhooks.webhook import Delivery, Webhook
from tests import cast
from tests.webhooks.receiver import Receiver, is_signed

Hook = Callable[..., str]
Act = Callable[..., None]


def deliveries(app: Flask) -> list[Delivery]:
    with app.app_context():
        return list(db.session.scalars(db.select(Delivery).order_by(Delivery.id)))


def test_a_tickets_life_is_told_in_order(world: cast.World, receiver: Receiver, hook: Hook, act: Act) -> None:
    secret = hook(world.heron)
    act(
        lambda ticket, who: progress.triage(ticket, "critical", by=who("agent"), now=utcnow()),
        lambda ticket, who: conversation.reply(ticket, "Which one?", by=who("agent"), now=utcnow()),
        lambda ticket, who: conversation.reply(ticket, "The red one.", by=who("customer"), now=utcnow()),
        lambda ticket, who: progress.resolve(ticket, "Press it.", by=who("agent"), now=utcnow()),
        lambda ticket, who: satisfaction.rate(ticket, "good", "", by=who("customer"), now=utcnow()),
        lambda ticket, who: progress.close(ticket, by=who("customer"), now=utcnow()),
    )
    told = ["created", "triaged", "replied", "replied", "replied", "resolved", "rated", "closed"]
    assert receiver.kinds == [f"ticket.{kind}" for kind in told]
    assert all(is_signed(headers, body, secret) for headers, body in receiver.calls)
    assert len({headers["webhook-id"] for headers, _body in receiver.calls}) == len(told)
    created, replied = receiver.bodies[0]["data"], receiver.bodies[2]["data"]
    assert (created["ticket"]["subject"], created["message"]["body"]) == ("It beeps", "All day long.")
    assert (replied["message"]["kind"], replied["message"]["body"]) == ("agent", "Which one?")


def test_a_note_is_told_to_nobody(world: cast.World, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(world.heron)
    hook(None)
    act(lambda ticket, who: conversation.note(ticket, "NOTE-4711", by=who("agent"), now=utcnow()))
    assert receiver.kinds == ["ticket.created"] * 2
    assert b"NOTE-4711" not in b"".join(body for _headers, body in receiver.calls)


def test_an_organisation_hears_of_its_own_tickets_alone(
    world: cast.World, receiver: Receiver, hook: Hook, act: Act
) -> None:
    hook(world.elsewhere)
    act()
    assert receiver.calls == []


def test_the_desk_hears_of_all_and_of_more(world: cast.World, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    hook(world.heron)
    act()
    desks, owners = receiver.bodies[0]["data"]["ticket"], receiver.bodies[1]["data"]["ticket"]
    assert desks["requester"]["email"] == "carla@heron.example" and "queue" in desks
    assert "email" not in owners["requester"] and "queue" not in owners


def test_without_webhooks_nothing_is_written(app: Flask, world: cast.World, act: Act) -> None:
    act()
    with app.app_context():
        assert db.session.scalars(db.select(Job).where(Job.kind == "announce")).all() == []


def test_what_was_rolled_back_is_told_to_nobody(app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    act()
    with app.app_context():
        from portal.tickets.ticket import Ticket

        db.session.scalars(db.select(Ticket)).one().record("closed", by=None, at=utcnow())
        db.session.flush()
        db.session.rollback()
        run_due()
    assert receiver.kinds == ["ticket.created"]


def test_an_event_that_is_announced_twice_goes_out_once(app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    act()
    with app.app_context():
        announce(event_ids=[deliveries(app)[0].event_id or 0])
        db.session.commit()
        run_due()
    assert receiver.kinds == ["ticket.created"]


def test_a_failure_is_tried_again_with_the_same_id_until_it_is_given_up(
    app: Flask, receiver: Receiver, hook: Hook, act: Act
) -> None:
    hook(None)
    receiver.answers = [500, 302, 404] + [503] * 20
    with time_machine.travel(utcnow(), tick=False) as clock, app.app_context():
        act()
        for n, wait in enumerate(WAITS, 1):
            assert len(receiver.calls) == n
            run_due()
            assert len(receiver.calls) == n, "it is not tried before its time"
            clock.shift(max(wait, timedelta(minutes=1)) + timedelta(seconds=1))
            run_due()
        clock.shift(timedelta(days=2))
        run_due()
    (one,) = deliveries(app)
    assert (one.state, one.attempts, one.status) == ("dead", len(WAITS) + 1, 503)
    assert len(receiver.calls) == len(WAITS) + 1
    assert len({headers["webhook-id"] for headers, _body in receiver.calls}) == 1


def test_whoever_answers_for_it_is_written_to_once_when_it_is_given_up(
    app: Flask, world: cast.World, receiver: Receiver, hook: Hook, act: Act, as_: Callable[[str], FlaskClient]
) -> None:
    hook(None)
    with time_machine.travel(utcnow(), tick=False) as clock, app.app_context():
        for days in (0, 0, 2):
            clock.shift(timedelta(days=days))
            db.session.execute(update(Webhook).values(is_on=True))
            db.session.commit()
            receiver.answers = [410]
            act(lambda ticket, who: conversation.reply(ticket, "So?", by=who("customer"), now=utcnow()))
            found = list(db.session.scalars(select(Mail).where(Mail.subject == "A webhook is given up")))
            assert len(found) == (2 if days else 1)
        assert {mail.recipient for mail in found} == {db.session.get_one(User, world.ids["admin"]).email}
        assert receiver.url in found[0].text
    admin = as_("admin")
    assert admin.get("/news").text.count("A webhook is given up") == 2
    with app.app_context():
        key = db.session.scalars(select(News.id)).first()
    assert admin.get(f"/news/{key}").location.endswith("/account/webhooks/")


def test_it_recovers(app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    receiver.answers = [500]
    with time_machine.travel(utcnow(), tick=False) as clock, app.app_context():
        act()
        clock.shift(timedelta(minutes=2))
        run_due()
    (one,) = deliveries(app)
    assert (one.state, one.attempts, one.status) == ("sent", 2, 204)


def test_while_one_fails_the_others_wait(app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    receiver.answers = [500]
    with time_machine.travel(utcnow(), tick=False) as clock, app.app_context():
        act(*[lambda ticket, who: conversation.reply(ticket, "So?", by=who("customer"), now=utcnow())] * 3)
        assert len(receiver.calls) == 1
        clock.shift(timedelta(minutes=2))
        run_due()
    assert sorted(receiver.kinds[1:]) == ["ticket.created"] + ["ticket.replied"] * 3


def test_who_says_gone_is_called_no_more(app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    receiver.answers = [410]
    act(lambda ticket, who: progress.close(ticket, by=who("customer"), now=utcnow()))
    assert len(receiver.calls) == 1
    with app.app_context():
        assert db.session.scalars(db.select(Webhook.is_on)).one() is False


def test_a_redirect_is_not_followed(app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    receiver.answers = [307]
    act()
    assert len(receiver.calls) == 1
    assert deliveries(app)[0].status == 307


@pytest.mark.parametrize("days", [0, 31])
def test_what_is_done_is_forgotten(days: int, app: Flask, receiver: Receiver, hook: Hook, act: Act) -> None:
    hook(None)
    act()
    with app.app_context():
        assert forget_deliveries(now=utcnow() + timedelta(days=days)) == (1 if days else 0)
        db.session.rollback()
