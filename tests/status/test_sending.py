"""What waits is sent once, in order, not faster than allowed, and not at all when it is switched off."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal import jobs
from portal.accounts.people import User
from portal.db import db, utcnow
from portal.jobs import Job, run_due
from portal.mail import Mail
from portal.mailroom.receiving import receive
from portal.status import sending, subscribing
from portal.status.incident import Incident
from portal.status.reporting import add_update
from portal.status.subscriber import Sending, Subscriber
from portal.status.telling import spread, tell
from tests import cast
from tests.status.telling_rows import reported, subscribers


def states(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Sending.state).order_by(Sending.id)))


def told(app: Flask) -> list[Mail]:
    return list(db.session.scalars(db.select(Mail).where(Mail.subject.like("%It beeps%")).order_by(Mail.id)))


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A mail server; `refuses` is what it does instead of taking a mail, in this order."""
    monkeypatch.setitem(app.extensions["settings"], "mail_url", "smtp://127.0.0.1:1")
    monkeypatch.setitem(app.extensions["settings"], "status_mails_minute", 60_000)
    taken: list[str] = []

    def carry(message: Any, round_: object) -> None:
        error = refusals.pop(0) if refusals else None
        if error:
            raise error
        taken.append(str(message["To"]))

    monkeypatch.setattr(sending, "carry", carry)
    refusals.clear()
    return taken


refusals: list[Exception | None] = []


def test_each_gets_one_however_often_it_is_asked_for(app: Flask, server: list[str]) -> None:
    with app.app_context():
        subscribers(7)
        incident_id = reported(app)
        run_due()
        update = db.session.get_one(Incident, incident_id).updates[0]
        tell(update, now=utcnow())
        db.session.commit()
        run_due()
        spread(update.id)
        db.session.commit()
        run_due()
    assert sorted(server) == [f"reader-{number}@many.example" for number in range(7)]


def test_who_stops_in_the_middle_gets_none(app: Flask, server: list[str]) -> None:
    with app.app_context():
        subscribers(4)
        reported(app)
        job_id = db.session.scalars(db.select(Job.id).where(Job.kind == "spread_update")).one()
        jobs.run_job(job_id)
        for row in db.session.scalars(db.select(Subscriber).order_by(Subscriber.id).limit(2)):
            subscribing.stop(row, "asked", now=utcnow())
        db.session.commit()
        run_due()
    assert sorted(server) == ["reader-2@many.example", "reader-3@many.example"]
    assert sorted(states(app)) == ["sent", "sent", "skipped", "skipped"]


def test_nothing_is_sent_while_it_is_switched_off(app: Flask, world: cast.World, server: list[str]) -> None:
    with app.app_context():
        agent = db.session.get_one(User, world.ids["agent"])
        subscribers(3)
        sending.switch_off(by=agent, now=utcnow())
        reported(app)
        run_due()
        assert server == [] and sending.is_stopped()
        sending.switch_on(by=db.session.get_one(User, world.ids["agent"]), now=utcnow())
        db.session.commit()
        run_due()
    assert len(server) == 3


def test_the_setting_switches_it_off_too(app: Flask, server: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions["settings"], "status_sending", False)
    with app.app_context():
        subscribers(3)
        reported(app)
        run_due()
        sending.resume(now=utcnow())
        db.session.commit()
        run_due()
    assert server == [] and set(states(app)) == {"waiting"}


def test_what_is_discarded_is_never_sent(app: Flask, world: cast.World, server: list[str]) -> None:
    with app.app_context():
        agent = db.session.get_one(User, world.ids["agent"])
        subscribers(3)
        sending.switch_off(by=agent, now=utcnow())
        reported(app)
        run_due()
        agent = db.session.get_one(User, world.ids["agent"])
        assert sending.discard(by=agent, now=utcnow()) == 3
        sending.switch_on(by=agent, now=utcnow())
        db.session.commit()
        run_due()
    assert server == [] and set(states(app)) == {"skipped"}


def test_a_server_that_is_away_loses_nothing(app: Flask, server: list[str]) -> None:
    refusals[:] = [None, sending.Away("gone")]
    with app.app_context():
        subscribers(5)
        reported(app)
        run_due()
        assert len(server) == 1
        db.session.execute(db.update(Job).values(run_after=utcnow() - timedelta(seconds=1)))
        db.session.commit()
        run_due()
    assert len(server) == len(set(server)) == 5


def test_an_address_that_refuses_is_told_no_more_after_some(app: Flask, server: list[str]) -> None:
    refused = smtplib.SMTPRecipientsRefused({"reader-0@many.example": (550, b"no such user")})
    with app.app_context():
        subscribers(1)
        for _ in range(3):
            refusals[:] = [refused]
            reported(app)
            run_due()
        reported(app)
        run_due()
        assert db.session.scalars(db.select(Subscriber.stopped_why)).one() == "bounced"
    assert server == [] and states(app) == ["failed"] * 3


def test_an_address_that_puts_it_off_is_tried_again(app: Flask, server: list[str]) -> None:
    refusals[:] = [smtplib.SMTPRecipientsRefused({"reader-0@many.example": (451, b"later")})]
    with app.app_context():
        subscribers(1)
        reported(app)
        run_due()
        row = db.session.scalars(db.select(Sending)).one()
        assert row.state == "waiting" and row.due_at > utcnow() and row.tries == 1
        row.due_at = utcnow()
        sending.resume(now=utcnow())
        db.session.commit()
        run_due()
    assert server == ["reader-0@many.example"]


def test_drafts_are_told_to_nobody(app: Flask, server: list[str]) -> None:
    with app.app_context():
        subscribers(1)
        incident = db.session.get_one(Incident, reported(app))
        incident.is_draft = True
        db.session.commit()
        run_due()
    assert server == [] and states(app) == []


def test_updates_of_one_incident_are_one_conversation(app: Flask, as_: Callable[[str], Any]) -> None:
    with app.app_context():
        subscribers(1)
        incident = db.session.get_one(Incident, reported(app))
        run_due()
        incident = db.session.get_one(Incident, incident.id)
        more = {"status": "resolved", "body": "It is well.", "components": {}, "form_key": "more"}
        add_update(incident, by=None, now=utcnow(), **more)  # type: ignore[arg-type]
        db.session.commit()
        run_due()
        first, second = told(app)
        assert first.subject == second.subject and first.message_id != second.message_id
        assert first.references == second.references == [first.in_reply_to]


def report(message_id: str, action: str = "failed") -> bytes:
    """What another mail server sends back (RFC 3464)."""
    head = "From: MAILER-DAEMON@far.example\nTo: support@localhost\nSubject: Undelivered\nMIME-Version: 1.0\n"
    kind = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    status = f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; far.example\n\nAction: {action}\n"
    mail = f"Content-Type: message/rfc822\n\nMessage-ID: {message_id}\nSubject: It beeps\n\nHello\n"
    return f"{head}{kind}--b\nContent-Type: text/plain\n\nSorry.\n--b\n{status}\n--b\n{mail}\n--b--\n".encode()


@pytest.mark.parametrize(("action", "why"), [("failed", "bounced"), ("delayed", "")])
def test_mails_that_come_back_end_it(app: Flask, action: str, why: str) -> None:
    with app.app_context():
        subscribers(1)
        for _ in range(3):
            reported(app)
            run_due()
        for mail in told(app):
            receive(report(mail.message_id, action), now=utcnow())
        receive(report("<status.1.0000@localhost>", action), now=utcnow())
        assert db.session.scalars(db.select(Subscriber.stopped_why)).one() == why
