"""Taking a mail in: its bytes first, then one transaction that says what became of it, whatever way it came."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from limits import parse_many
from sqlalchemy import func, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from portal.accounts.people import User
from portal.db import db, writing
from portal.errors import Refused
from portal.mailroom import elsewhere, entering, joining, letters, proof, received
from portal.mailroom.reading import Reading, Unreadable, read
from portal.mailroom.received import Outcome, ReceivedMail
from portal.mailroom.trust import Verdict, verdict
from portal.tickets.following_up import is_over
from portal.tickets.ticket import Ticket
from portal.web import settings

log = logging.getLogger(__name__)

DAY: Final = timedelta(hours=24)
MOST_ANSWERS: Final = 5  # automatic mails to one address in a day
MOST_NOTES: Final = 5  # of machines on one ticket in a day


def receive(raw: bytes, *, now: datetime) -> Outcome:
    """Take one mail in. Once this returns it is kept, and what became of it is committed; a retry files nothing.

    Raises what the database raises when it is away: then nothing was taken, and whoever brings the mail tries again.
    """
    token, reading = received.keep(raw), _read(raw)
    try:
        with writing():
            outcome = _take(raw, token, reading, now=now)
            db.session.commit()
    except (IntegrityError, DataError) as error:
        outcome = _former(raw) or _put_aside(raw, token, error, now=now)
    except DBAPIError:
        db.session.rollback()
        received.forget(token)
        raise
    except Exception as error:
        outcome = _put_aside(raw, token, error, now=now)
    log.info("mail received", extra={"result": outcome.result, "reason": outcome.reason})
    return outcome


def _read(raw: bytes) -> Reading | Outcome:
    """Before the transaction: a large mail takes its time, and nobody else should wait for it."""
    try:
        return read(raw)
    except Unreadable as error:
        return Outcome("quarantine", None, str(error))


def _take(raw: bytes, token: str, reading: Reading | Outcome, *, now: datetime) -> Outcome:
    mark, message_id = received.fingerprint(raw)
    if former := _outcome_of(db.session.scalar(select(ReceivedMail).where(ReceivedMail.fingerprint == mark))):
        received.forget(token)
        return former
    is_taken = message_id and db.session.scalar(select(ReceivedMail.id).where(ReceivedMail.message_id == message_id))
    row = ReceivedMail(
        token=token, size=len(raw), fingerprint=mark, message_id=message_id, result="quarantine", received_at=now
    )
    db.session.add(row)
    db.session.flush()  # two at once: the constraint lets one of them through
    if isinstance(reading, Outcome):
        return _settle(row, reading)
    row.sender, row.subject = reading.sender[:255], reading.subject
    if is_taken and not reading.is_machine:
        return _settle(row, Outcome("quarantine", None, "twice"))
    try:
        with db.session.begin_nested():
            outcome = _sort(reading, now=now)
    except Refused:
        outcome = Outcome("quarantine", None, "refused")
    return _settle(row, outcome)


def _settle(row: ReceivedMail, outcome: Outcome) -> Outcome:
    row.result, row.reason = outcome.result, outcome.reason
    if outcome.ticket_number is not None:
        row.ticket_id = db.session.scalar(select(Ticket.id).where(Ticket.number == outcome.ticket_number))
    return outcome


def _sort(reading: Reading, *, now: datetime) -> Outcome:
    """Decide what a mail that could be read is. The order matters: machines first, then who is who, then where."""
    own = settings().mail_from.lower()
    if reading.sender == own or reading.first.get("x-foyer-loop", "").lower() == settings().host.lower():
        return Outcome("ignored", None, "loop")
    found = verdict(reading.results, reading.sender, settings().mail_trusted_hosts)
    person = joining.person_of(reading.sender)
    if reading.is_machine:
        return _note(reading, person, found, now=now)
    if not reading.sender:
        return Outcome("quarantine", None, "sender")
    if found == "fail":
        return Outcome("quarantine" if person else "ignored", None, "forged")
    if person and not person.active:
        return Outcome("ignored", None, "suspended")
    if person and person.is_staff:
        return _from_staff(reading, person, found, now=now)
    is_known = person is not None and person.confirmed_at is not None
    if (not is_known or found != "pass") and (owner := proof.owner_of(reading.pin, now=now)):
        return _from_customer(reading, owner, "pass", now=now)
    if person is None or not is_known:
        return _direct(reading, None, "pin" if reading.pin else "stranger", now=now)
    return _from_customer(reading, person, found, now=now)


def _note(reading: Reading, person: User | None, found: Verdict, *, now: datetime) -> Outcome:
    """An absence notice stands on the ticket as a note if its sender takes part in it, a bounce if it knows our id."""
    ticket = None
    if reading.is_bounce:
        elsewhere.hear(reading, now=now)
        ticket = joining.reported_on(reading)
    elif person and person.active and not person.is_staff and found != "fail":
        ticket = joining.joined(reading, person)
    if ticket is None:
        return Outcome("ignored", None, "machine")
    notes = select(func.count()).where(ReceivedMail.ticket_id == ticket.id, ReceivedMail.reason == "machine")
    if (db.session.scalar(notes.where(ReceivedMail.received_at > now - DAY)) or 0) >= MOST_NOTES:
        return Outcome("ignored", None, "limit")
    entering.note(reading, ticket, now=now)
    return Outcome("reply", ticket.number, "machine")


def _from_staff(reading: Reading, person: User, found: Verdict, *, now: datetime) -> Outcome:
    """A reply of the vendor's needs a host's word that the vendor sent it: the address alone is anybody's."""
    if found != "pass":
        return Outcome("quarantine", None, "staff")
    if taken := elsewhere.taken(reading, person, may_answer=not reading.wants_silence, now=now):
        return taken
    ticket = joining.joined(reading, person)
    if ticket is None:
        return Outcome("quarantine", None, "agent")
    entering.answer(reading, ticket, by=person, now=now)
    return Outcome("reply", ticket.number)


def _from_customer(reading: Reading, person: User, found: Verdict, *, now: datetime) -> Outcome:
    """A signed id proves that they got our mail. Everything else goes by the address, proven where hosts prove it, or
    by a PIN: then `found` is a pass, and the person is whose it is."""
    if _is_flood(reading.sender, now=now):
        return Outcome("quarantine", None, "flood")
    may_answer = not reading.wants_silence and _answers_left(reading.sender, now=now)
    if taken := elsewhere.taken(reading, person, may_answer=may_answer, now=now):
        return taken
    if ticket := joining.joined(reading, person):
        return _answered(reading, ticket, person, now=now)
    if settings().mail_trusted_hosts and found != "pass":
        return Outcome("quarantine", None, "pin" if reading.pin else "unproven")
    if ticket := joining.tagged(reading, person):
        return _answered(reading, ticket, person, now=now)
    holder = entering.holder_of(reading, person, now=now)
    if holder is None:
        return _direct(reading, person, "plan", now=now)
    return _filed(reading, holder, now=now)


def _answered(reading: Reading, ticket: Ticket, person: User, *, now: datetime) -> Outcome:
    """On its ticket; where that is over on a new one that follows it. Of who may open none by mail, staff decide."""
    if not is_over(ticket, now=now):
        entering.answer(reading, ticket, by=person, now=now)
        return Outcome("reply", ticket.number)
    holder = entering.holder_after(ticket, person, now=now)
    return _filed(reading, holder, now=now, after=ticket) if holder else Outcome("quarantine", None, "closed")


def _filed(reading: Reading, holder: entering.Holder, *, now: datetime, after: Ticket | None = None) -> Outcome:
    is_receipted = not reading.wants_silence and _answers_left(reading.sender, now=now)
    ticket = entering.file(reading, holder, now=now, is_receipted=is_receipted)
    ticket.follows_id = after.id if after else None
    return Outcome("ticket", ticket.number)


def _direct(reading: Reading, person: User | None, reason: str, *, now: datetime) -> Outcome:
    if reading.wants_silence or not _answers_left(reading.sender, now=now):
        return Outcome("ignored", None, "limit")
    if person is None and not reading.sender.isascii():  # few mail servers take such an address: a mail that never goes
        return Outcome("ignored", None, reason)
    config = settings()
    asked = reading.language if reading.language in config.languages else ""
    letters.send_directions(
        reading.sender,
        entering.held_by(person, now=now),
        has_account=person is not None,
        locale=(person.locale if person else asked) or config.default_locale,
        zone=(person.zone if person else None) or config.default_zone,
    )
    return Outcome("directions", None, reason)


def _answers_left(sender: str, *, now: datetime) -> bool:
    """Whether the address may get another automatic mail."""
    return _count(sender, ("ticket", "directions"), now - DAY) < MOST_ANSWERS


def _is_flood(sender: str, *, now: datetime) -> bool:
    """More from one address than one person may file on the pages."""
    kinds = ("ticket", "reply", "quarantine")
    allowed = parse_many(settings().limit_filing)
    return any(_count(sender, kinds, now - timedelta(seconds=one.get_expiry())) > one.amount for one in allowed)


def _count(sender: str, results: Iterable[str], since: datetime) -> int:
    rows = select(func.count()).where(ReceivedMail.sender == sender, ReceivedMail.received_at > since)
    return db.session.scalar(rows.where(ReceivedMail.result.in_(list(results)))) or 0


def _former(raw: bytes) -> Outcome | None:
    """What became of the same mail before."""
    db.session.rollback()
    mark, _id = received.fingerprint(raw)
    return _outcome_of(db.session.scalar(select(ReceivedMail).where(ReceivedMail.fingerprint == mark)))


def _outcome_of(row: ReceivedMail | None) -> Outcome | None:
    return Outcome(row.result, row.ticket.number if row.ticket else None, row.reason) if row else None


def _put_aside(raw: bytes, token: str, error: Exception, *, now: datetime) -> Outcome:
    """A mail that broke what reads or files it is kept for somebody to look at."""
    db.session.rollback()
    log.error("mail could not be taken", extra={"token": token}, exc_info=error)
    mark, message_id = received.fingerprint(raw)
    with writing():
        db.session.add(
            ReceivedMail(
                token=token,
                size=len(raw),
                fingerprint=mark,
                message_id=message_id,
                result="quarantine",
                reason="error",
                received_at=now,
            )
        )
        db.session.commit()
    return Outcome("quarantine", None, "error")
