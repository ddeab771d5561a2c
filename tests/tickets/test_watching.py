"""Clocks are watched: staff are warned in time, and a broken promise is told with what the policy gives for it."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from portal.accounts.people import Organisation, User
from portal.db import db
from portal.doctor import doctor
from portal.mail import Mail
from portal.sla.timers import Timers
from portal.tickets import clocks, conversation, filing, progress, rounds
from portal.tickets.credits import Credit
from portal.tickets.drafts import new_key
from portal.tickets.ticket import Ticket, TicketEvent
from portal.tickets.watching import tell_due, watch
from tests.cast import World, subscribe
from tests.tickets import writing

As = Callable[[str], FlaskClient]
MOMENT = timedelta(seconds=1)
PAST = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)  # pages know the time


def owing() -> tuple[str, str, str]:
    """(plan, tier, severity) whose late first response the policy gives a credit for."""
    policy = writing.policy()
    rule = next(rule for rule in policy.response_credits if rule.missed == "first_response")
    tier = rule.tiers[0]
    plan = next(plan for plan in policy.plans.values() if tier in plan.tiers)
    return plan.id, tier, rule.severities[0]


def file_one(
    world: World, plan: str, tier: str | None, severity: str | None = None, *, now: datetime = writing.MONDAY
) -> Ticket:
    """A ticket of the customer's organisation, which holds that plan, filed on Monday; committed."""
    subscribe(world.heron, plan, tier)
    asked = filing.Request(
        form_key=new_key(),
        subject="The relay drops out",
        body="It drops out.",
        language="en",
        zone="Europe/Berlin",
        severity=severity,
        organisation=db.session.get(Organisation, world.heron),
    )
    ticket = filing.file_ticket(asked, by=db.session.get_one(User, world.ids["customer"]), now=now)
    db.session.commit()
    return ticket


def timers(ticket: Ticket) -> Timers:
    return clocks.timers_of(ticket, now=writing.MONDAY)


def told(ticket: Ticket, kind: str) -> list[TicketEvent]:
    db.session.refresh(ticket)
    return [event for event in ticket.events if event.kind == kind]


def letters(address: str, word: str = "") -> list[Mail]:
    """Mails to somebody whose subject has that word, oldest first."""
    return [
        mail for mail in db.session.query(Mail).filter_by(recipient=address).order_by(Mail.id) if word in mail.subject
    ]


def test_those_who_answer_are_warned_in_time(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        first = timers(ticket).first_response.warnings[0]
        assert ticket.watch_at == first.at
        assert watch(now=first.at - MOMENT) == 0 and not letters(world.email("agent"), "Due soon")
        changed = ticket.updated_at
        assert watch(now=first.at) == 1
        [mail] = letters(world.email("agent"), "Due soon")
        assert str(ticket.number) in mail.text and "/desk/" in mail.text
        assert watch(now=first.at) == 0 and len(letters(world.email("agent"), "Due soon")) == 1
        db.session.refresh(ticket)
        assert ticket.updated_at == changed, "customers see no change"
        assert clocks.differences(ticket, now=first.at) == []


def test_whoever_is_in_charge_is_warned_alone(app: Flask, world: World) -> None:
    with app.test_request_context():
        plan, tier, _worst = owing()
        ticket = file_one(world, plan, tier, writing.policy().severities_of(tier)[-1].id)
        admin = db.session.get_one(User, world.ids["admin"])
        progress.assign(ticket, admin, by=admin, now=writing.MONDAY)
        db.session.commit()
        only_assignee = next(w for w in timers(ticket).first_response.warnings if w.tell == ("assignee",))
        watch(now=only_assignee.at)
        assert only_assignee.at < timers(ticket).first_response.warnings[-1].at
        assert len(letters(admin.email, "Due soon")) == 1 and not letters(world.email("agent"), "Due soon")
        assert told(ticket, "warned")[-1].detail["told"] == [admin.id]


def test_after_an_absence_the_last_warning_is_sent(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        clock = timers(ticket).first_response
        assert clock.due_at and len(clock.warnings) > 1
        watch(now=clock.due_at - MOMENT)
        assert len([event for event in told(ticket, "warned") if event.detail["clock"] == clock.clock]) > 1
        assert len(letters(world.email("agent"), "Due soon")) == 1


def test_a_broken_guarantee_is_told_with_its_credit(app: Flask, world: World, as_: As) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        due = timers(ticket).first_response.due_at
        assert due
        watch(now=due)
        assert not told(ticket, "breached"), "due means by then"
        watch(now=due + MOMENT)
        [breach] = [event for event in told(ticket, "breached") if event.detail["clock"] == "first_response"]
        assert breach.detail["due_at"] == due.isoformat() and breach.detail["stopped_at"] is None
        assert breach.detail["policy"] == [ticket.policy_id, ticket.policy_version]
        [credit] = db.session.query(Credit).filter_by(ticket_id=ticket.id, clock="first_response")
        assert credit.percent == writing.policy().response_credits[0].credit and credit.month.day == 1
        [mail] = letters(world.email("customer"), "We are late")
        assert "credit" in mail.text and "need not ask" in mail.html
        assert letters(world.email("admin"), "Late")
        watch(now=due + MOMENT * 2)
        assert len(letters(world.email("customer"), "We are late")) == 1 and db.session.query(Credit).count() == 1
        number = ticket.number
    assert "Late: First response was due." in as_("customer").get(f"/tickets/{number}").text
    assert "Late: first response; credit of" in as_("agent").get(f"/desk/{number}").text


def test_what_came_late_while_nobody_watched_is_told_too(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        due = timers(ticket).first_response.due_at
        assert due
        answered = due + timedelta(minutes=20)
        agent = db.session.get_one(User, world.ids["agent"])
        conversation.reply(ticket, "Sorry.", by=agent, now=answered)
        db.session.commit()
        watch(now=answered + MOMENT)
        [breach] = [event for event in told(ticket, "breached") if event.detail["clock"] == "first_response"]
        assert breach.detail["stopped_at"] == answered.isoformat()
        [mail] = [mail for mail in letters(world.email("customer"), "We are late") if "first response" in mail.text]
        assert "It came:" in mail.text


def test_what_is_answered_in_time_is_told_to_nobody(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        agent = db.session.get_one(User, world.ids["agent"])
        progress.resolve(ticket, "Done.", by=agent, now=writing.MONDAY + MOMENT)
        db.session.commit()
        assert ticket.watch_at is None and watch(now=writing.MONDAY + timedelta(days=99)) == 0
        assert not letters(world.email("customer"), "We are late") and db.session.query(Credit).count() == 0


def test_an_average_is_no_promise(app: Flask, world: World) -> None:
    policy = writing.policy()
    combinations = ((plan, tier) for plan in policy.plans.values() for tier in plan.tiers)
    with app.test_request_context():
        for plan, tier in combinations:
            if not any(channel.id == "ticket" for channel in policy.channels_of(plan.id, tier)):
                continue
            ticket = file_one(world, plan.id, tier)
            clock = timers(ticket).first_response
            watch(now=writing.MONDAY + timedelta(days=60))
            apologies = [m for m in letters(world.email("customer"), "We are late") if str(ticket.number) in m.subject]
            assert bool([m for m in apologies if "first response" in m.text]) == (
                clock.basis in ("guarantee", "target")
            )


def test_a_month_owes_no_more_than_the_policy_says(app: Flask, world: World) -> None:
    rule = writing.policy().response_credits[0]
    assert rule.most_per_month
    many = int(rule.most_per_month / rule.credit) + 2
    with app.test_request_context():
        for _ in range(many):
            file_one(world, *owing())
        assert watch(now=writing.MONDAY + timedelta(days=3)) == many
        credits = db.session.query(Credit).filter_by(organisation_id=world.heron).all()
        assert sum((credit.percent for credit in credits), Decimal(0)) == rule.most_per_month


def test_two_broken_promises_of_a_month_are_weighed_one_after_the_other(app: Flask, world: World) -> None:
    with app.test_request_context():
        if db.engine.dialect.name == "sqlite":
            pytest.skip("one writer at a time anyway")
        ticket = file_one(world, *owing())
        tell_due(ticket, now=writing.MONDAY + timedelta(days=3))
        held = db.text("SELECT id FROM organisation WHERE id = :heron FOR UPDATE NOWAIT")
        with db.engine.connect() as other, pytest.raises(OperationalError):
            other.execute(held, {"heron": world.heron})
        db.session.rollback()


def test_a_lost_policy_is_said_aloud_and_owes_nothing(
    app: Flask, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        ticket.policy_version = "2019.7"
        db.session.commit()
        with caplog.at_level(logging.WARNING, "portal"):
            watch(now=writing.MONDAY + timedelta(days=3))
        assert told(ticket, "breached") and db.session.query(Credit).count() == 0
    assert any(vars(record).get("version") == "2019.7" for record in caplog.records)
    assert "2019.7, which nobody has kept" in app.test_cli_runner().invoke(doctor).output


def test_a_ticket_that_cannot_be_told_of_keeps_no_other_waiting(app: Flask, world: World) -> None:
    with app.test_request_context():
        broken, sound = file_one(world, *owing()), file_one(world, *owing())
        received = next(event for event in broken.events if event.kind == "received")
        received.detail = received.detail | {"plan": "gone"}
        db.session.commit()
        assert watch(now=writing.MONDAY + timedelta(days=3)) == 1
        assert told(sound, "breached") and not told(broken, "breached")


def test_tickets_that_fail_for_good_do_not_fill_the_rounds(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", 1)
    now = writing.MONDAY + timedelta(days=3)
    with app.test_request_context():
        broken, sound = (file_one(world, *owing(), now=writing.MONDAY + MOMENT * place) for place in range(2))
        received = next(event for event in broken.events if event.kind == "received")
        whole, received.detail = received.detail, received.detail | {"plan": "gone"}
        db.session.commit()
        assert [watch(now=now) for _ in range(3)] == [0, 1, 0] and told(sound, "breached")
        assert rounds.failing(now=now) == 1
        waits = []
        for _ in range(12):
            setback = db.session.scalars(db.select(rounds.Setback)).one()
            waits.append(setback.again_at - now)
            now = setback.again_at
            assert watch(now=now - MOMENT) == watch(now=now) == 0
        assert waits[:3] == [timedelta(minutes=minutes) for minutes in (2, 4, 8)]
        assert waits[-1] == rounds.LONGEST_WAIT and rounds.failing(now=now) == 1
        received.detail = whole
        db.session.commit()
        assert watch(now=now + rounds.LONGEST_WAIT) == 1 and told(broken, "breached")
        assert db.session.scalars(db.select(rounds.Setback)).all() == []


def test_who_has_left_is_not_warned(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing())
        agent = db.session.get_one(User, world.ids["agent"])
        progress.assign(ticket, agent, by=agent, now=writing.MONDAY)
        agent.active = False
        db.session.commit()
        due: datetime | None = timers(ticket).first_response.due_at
        assert due
        watch(now=due - MOMENT)
        assert not letters(world.email("agent"), "Due soon")


def test_a_pause_is_told_in_the_story(app: Flask, world: World, as_: As) -> None:
    with app.test_request_context():
        ticket = file_one(world, *owing(), now=PAST)
        people = {name: db.session.get_one(User, world.ids[name]) for name in ("customer", "agent")}
        conversation.reply(ticket, "Which version?", by=people["agent"], now=PAST + MOMENT, wait=True)
        conversation.reply(ticket, "4.2", by=people["customer"], now=PAST + timedelta(hours=2))
        db.session.commit()
        number = ticket.number
    assert "waiting for you" in as_("customer").get(f"/tickets/{number}").text


def test_a_clock_that_is_behind_undoes_nothing(app: Flask, world: World) -> None:
    with app.test_request_context():
        ticket, agent = file_one(world, *owing()), db.session.get_one(User, world.ids["agent"])
        at = writing.MONDAY + timedelta(minutes=10)
        conversation.reply(ticket, "We look into it.", by=agent, now=at)
        due = (ticket.first_response_due_at, ticket.next_due_at, ticket.watch_at)
        clocks.refresh(ticket, now=at - timedelta(minutes=5))
        assert (ticket.first_response_due_at, ticket.next_due_at, ticket.watch_at) == due
        assert ticket.first_responded_at == at
