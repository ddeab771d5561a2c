"""Carrying what waits for subscribers to the mail server: over one line, each noted by itself, as fast as is allowed.

Rows are claimed until a moment, so that two workers never send the same one and those of a worker that died are sent by
the next. No transaction is open during a send. A mail can arrive twice only when a worker dies between the server's
word that it took it and the note of that, and then with the same Message-ID.
"""

import logging
import smtplib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage

from flask import Flask
from huey import crontab
from sqlalchemy import or_, select, update

from portal import jobs
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.jobs import Job, enqueue, job
from portal.mail import carrier, store
from portal.mailroom.elsewhere import hears_of
from portal.status import letters, telling
from portal.status.incident import IncidentEvent, IncidentUpdate
from portal.status.subscriber import EMAIL, Sending, Subscriber
from portal.status.subscribing import forget_subscribers, stop, token_of
from portal.web import settings

log = logging.getLogger(__name__)

CLAIMED = 50  # rows at once
LONGEST = timedelta(seconds=20)  # of one job, so that others have their turn
REST = timedelta(seconds=30)  # after the mail server was away
MOST_TRIES, LONGEST_WAIT = 12, timedelta(minutes=15)  # of a mail that the server puts off
STOPPED, RESUMED = "sending_stopped", "sending_resumed"


class Away(Exception):
    """The mail server can't be reached, or hangs up."""


@dataclass
class Round:
    """What one job has at hand: the line to the server, and what was drawn already."""

    line: ExitStack = field(default_factory=ExitStack)
    server: smtplib.SMTP | None = None
    drawn: dict[tuple[object, ...], letters.Drawn] = field(default_factory=dict)


@job("send_updates")
def send_updates() -> None:
    """Send what waits until it is all sent or the job's time is over; then the next job goes on."""
    began, is_away = utcnow(), False
    until = began + min(LONGEST, jobs.LEASE / 2)
    with lined() as round_:
        while utcnow() < until and not is_stopped() and (claimed := claim(now=utcnow()))[0]:
            try:
                send_some(*claimed, round_, until=until)
            except Away as error:
                log.warning("mail server away", exc_info=error)
                is_away = True
                break
    if others_are_at_it():
        return
    if is_away:
        enqueue("send_updates", run_after=utcnow() + min(REST, jobs.LEASE))
    elif is_owed(now=utcnow()):
        enqueue("send_updates")


def is_owed(*, now: datetime) -> bool:
    due = select(Sending.id).join(Subscriber).where(Subscriber.way == EMAIL, Sending.state == "waiting")
    return not is_stopped() and db.session.scalar(due.where(Sending.due_at <= now).limit(1)) is not None


def others_are_at_it() -> bool:
    """Whether another job sends now, or is about to: then this one ends, so that the pace is that of one."""
    now = utcnow()
    running = (Job.state == "running") & (Job.lease_until > now + jobs.LEASE - LONGEST * 2)  # not of a dead worker
    open_ = select(Job.id).where(Job.kind == "send_updates", or_(Job.state == "pending", running))
    return len(db.session.scalars(open_.limit(2)).all()) > 1


@contextmanager
def lined() -> Iterator[Round]:
    round_ = Round()
    try:
        yield round_
    finally:
        hang_up(round_)


def hang_up(round_: Round) -> None:
    round_.server = None
    with suppress(OSError, smtplib.SMTPException):
        round_.line.close()


def claim(*, now: datetime) -> tuple[Sequence[int], datetime]:
    """Take the next few that are due, and until when they are ours: nobody else has a claim of that moment."""
    until = now + jobs.LEASE
    with writing():
        due = select(Sending.id).join(Subscriber).where(Subscriber.way == EMAIL, Sending.state == "waiting")
        due = due.where(Sending.due_at <= now).order_by(Sending.due_at, Sending.id).limit(CLAIMED)
        ids = db.session.scalars(due.with_for_update(of=Sending, skip_locked=True)).all()
        db.session.execute(update(Sending).where(Sending.id.in_(ids)).values(due_at=until))
        db.session.commit()
    return ids, until


def send_some(ids: Sequence[int], ours: datetime, round_: Round, *, until: datetime) -> None:
    """Send them one by one, at the pace of the setting; what is not come to is given back."""
    pace = 60 / settings().status_mails_minute
    left = list(ids)
    try:
        while left and utcnow() < until and not is_stopped():
            began = time.monotonic()
            send(left[0], ours, round_)
            left.pop(0)
            time.sleep(max(0.0, min(pace - (time.monotonic() - began), 1.0)))
    finally:
        db.session.rollback()
        if left:
            mine = (Sending.id.in_(left), Sending.state == "waiting", Sending.due_at == ours)
            given_back = update(Sending).where(*mine)
            db.session.execute(given_back.values(due_at=utcnow()))
            db.session.commit()


def send(sending_id: int, ours: datetime, round_: Round) -> None:
    """Send one, if it is wanted still. Raises `Away`."""
    now, row = utcnow(), db.session.get(Sending, sending_id, populate_existing=True)
    if row is None or row.state != "waiting" or row.due_at != ours or ours <= now:
        return  # done, or somebody else's by now
    to = db.session.get_one(Subscriber, row.subscriber_id, populate_existing=True)
    said = db.session.get_one(IncidentUpdate, row.update_id)
    parts = telling.seen_by(to, said.incident)
    if parts is None:
        note(row.id, "skipped", now=now)
        return
    key = (said.id, said.updated_at, row.kind, to.lang, to.zone, *(part.id for part in parts))
    if key not in round_.drawn:
        round_.drawn[key] = letters.draw_update(said, parts, locale=to.lang, zone=to.zone, kind=row.kind)
    mail = letters.as_mail(row, to, said.incident, round_.drawn[key], token_of(to), now=now)
    if to.user_id:
        mail.recipient = db.session.get_one(User, to.user_id).email
    if settings().mail_url == "file":  # the demo's mailbox shows them
        store(mail.recipient, mail.subject, mail.text, mail.html, mail.language, message_id=mail.message_id,
              in_reply_to=mail.in_reply_to, references=mail.references, unsubscribe=mail.unsubscribe)  # fmt: skip
        note(row.id, "sent", now=now)
        return
    message = mail.as_message(settings())
    db.session.rollback()
    try:
        carry(message, round_)
    except smtplib.SMTPRecipientsRefused as refused:
        code = next(iter(refused.recipients.values()))[0]
        put_off(sending_id, now=now) if code < 500 else refuse(sending_id, now=now)
        return
    except smtplib.SMTPDataError as error:
        put_off(sending_id, now=now) if error.smtp_code < 500 else note(sending_id, "failed", now=now)
        return
    note(sending_id, "sent", now=utcnow())


def carry(message: EmailMessage, round_: Round) -> None:
    try:
        if round_.server is None:
            round_.server = round_.line.enter_context(carrier(settings().mail_url))
        round_.server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
        raise
    except (OSError, smtplib.SMTPException) as error:
        hang_up(round_)
        raise Away(str(error)) from error


def note(sending_id: int, state: str, *, now: datetime) -> None:
    values = {"state": state, "due_at": now, "sent_at": now if state == "sent" else None}
    db.session.execute(update(Sending).where(Sending.id == sending_id).values(**values))
    db.session.commit()


def put_off(sending_id: int, *, now: datetime) -> None:
    """The server wants it later; after many times it is given up."""
    row = db.session.get_one(Sending, sending_id, populate_existing=True)
    row.tries += 1
    row.due_at = now + min(timedelta(minutes=2 ** min(row.tries, 10)), LONGEST_WAIT)
    if row.tries >= MOST_TRIES:
        row.state = "failed"
    db.session.commit()


def refuse(sending_id: int, *, now: datetime) -> None:
    """The address takes no mail: it is noted as come back."""
    came_back(sending_id, now=now)
    db.session.commit()


@hears_of("status")
def hear(numbers: list[int], now: datetime) -> None:
    """A report of another mail server says that one of ours could not be delivered."""
    if numbers:
        came_back(numbers[0], now=now)


def came_back(sending_id: int, *, now: datetime) -> None:
    """A mail that can't be delivered. So many in a row, and the address is told no more."""
    row = db.session.get(Sending, sending_id, with_for_update=True, populate_existing=True)
    if row is None or row.state == "failed":
        return
    row.state = "failed"
    db.session.flush()
    to = db.session.get_one(Subscriber, row.subscriber_id, with_for_update=True)
    past = select(Sending.state).where(Sending.subscriber_id == to.id, Sending.state.in_(("sent", "failed")))
    lately = db.session.scalars(past.order_by(Sending.id.desc()).limit(settings().status_bounces)).all()
    to.bounces = next((number for number, state in enumerate(lately) if state == "sent"), len(lately))
    if to.bounces >= settings().status_bounces:
        stop(to, "bounced", now=now)


# The switch ----------------------------------------------------------------------------------------------------------


def is_stopped() -> bool:
    """Whether nothing is sent now: by the setting, or by staff at the desk."""
    return not settings().status_sending or is_switched_off()


def is_switched_off() -> bool:
    acts = select(IncidentEvent.kind).where(IncidentEvent.kind.in_((STOPPED, RESUMED)))
    return db.session.scalar(acts.order_by(IncidentEvent.id.desc()).limit(1)) == STOPPED


def switch_off(*, by: User, now: datetime) -> None:
    """Send nothing more until it is switched on again. What waits goes on waiting."""
    db.session.add(IncidentEvent(kind=STOPPED, by_id=by.id, at=now, detail={}))


def switch_on(*, by: User, now: datetime) -> None:
    db.session.add(IncidentEvent(kind=RESUMED, by_id=by.id, at=now, detail={}))
    telling.ring()


def discard(*, by: User, now: datetime) -> int:
    """Send nothing of what waits, ever; returns how many that were."""
    skipped = update(Sending).where(Sending.state == "waiting").values(state="skipped", due_at=now)
    count = len(db.session.execute(skipped.returning(Sending.id)).all())
    db.session.add(IncidentEvent(kind="sending_discarded", by_id=by.id, at=now, detail={"count": count}))
    return count


def resume(*, now: datetime) -> None:
    """Ask for what waits to be sent, if that isn't asked for: the job of a worker that died comes back too late."""
    asked = select(Job.id).where(Job.kind == "send_updates", Job.state == "pending")
    if is_owed(now=now) and db.session.scalar(asked.limit(1)) is None:
        enqueue("send_updates")


def init_sending(app: Flask) -> None:
    queue = app.extensions["queue"]

    @queue.periodic_task(crontab(minute="*"), name="resume_sending")
    def resume_every_minute() -> None:
        with app.app_context(), writing():
            resume(now=utcnow())
            db.session.commit()

    @queue.periodic_task(crontab(hour="3", minute="47"), name="forget_subscribers")
    def forget_each_night() -> None:
        with app.app_context(), writing():
            forget_subscribers(now=utcnow())
            db.session.commit()
