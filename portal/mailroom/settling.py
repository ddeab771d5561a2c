"""What staff decide about a mail that was kept out: it goes on a ticket, becomes one, or is let go. Its bytes stay."""

import logging
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.mailroom import entering, joining
from portal.mailroom.proof import masked
from portal.mailroom.reading import Reading, Unreadable, read
from portal.mailroom.received import ReceivedMail, raw_of
from portal.tickets import conversation
from portal.tickets.following_up import is_over
from portal.tickets.ticket import Ticket

log = logging.getLogger(__name__)

SHOWN = 100_000  # characters of a mail on its page


def plain_text_of(mail: ReceivedMail) -> str:
    """The mail as it came, as characters that do nothing, but for a PIN in it."""
    return masked(conversation.clean(raw_of(mail)[: SHOWN * 2].decode("utf-8", "replace")))[:SHOWN]


def reread(mail: ReceivedMail) -> Reading:
    """What it says; of a mail that can't be read its beginning, as it stands."""
    try:
        return read(raw_of(mail))
    except Unreadable:
        return Reading(mail.sender, mail.subject, plain_text_of(mail)[: conversation.LONGEST_BODY // 2])


def release_to(mail: ReceivedMail, ticket: Ticket, *, by: User, now: datetime) -> None:
    """Put it on a ticket: in the name of a sender who takes part in it, as an internal note otherwise and where
    the ticket is over."""
    _refuse_settled(mail)
    reading = reread(mail)
    person = joining.person_of(reading.sender)
    takes_part = person and person.active and person.confirmed_at and not person.is_staff
    if (
        takes_part
        and person
        and not is_over(ticket, now=now)
        and db.session.scalar(Ticket.numbered(ticket.number, person))
    ):
        entering.answer(reading, ticket, by=person, now=now)
    else:
        words = f"{reading.sender}: {reading.subject}\n\n{reading.text}".strip()
        conversation.note(ticket, words[: conversation.LONGEST_BODY - 10], by=by, now=now)
    _settle(mail, "released", by=by, now=now, ticket=ticket)


def release_as(mail: ReceivedMail, address: str, *, by: User, now: datetime) -> Ticket:
    """Make a ticket of it, in the name of whose account has that address, with the promise they are due now."""
    _refuse_settled(mail)
    person = joining.person_of(address.strip().lower())
    if person is None or not person.active or person.confirmed_at is None:
        raise Refused(_("There is no account with that address."))
    reading = reread(mail)
    holder = entering.holder_of(reading, person, now=now)
    if holder is None:
        raise Refused(_("Their plan has no tickets by e-mail."))
    ticket = entering.file(reading, holder, now=now)
    _settle(mail, "released", by=by, now=now, ticket=ticket)
    return ticket


def discard(mail: ReceivedMail, *, by: User, now: datetime) -> None:
    """Decide that nothing becomes of it."""
    _refuse_settled(mail)
    _settle(mail, "discarded", by=by, now=now)


def _refuse_settled(mail: ReceivedMail) -> None:
    if not mail.was_kept_out:
        raise Refused(_("It was decided already what becomes of this mail."))


def _settle(mail: ReceivedMail, how: str, *, by: User, now: datetime, ticket: Ticket | None = None) -> None:
    mail.settled, mail.settled_by_id, mail.settled_at = how, by.id, now
    mail.ticket_id = ticket.id if ticket else None
    log.info("mail settled", extra={"mail": mail.id, "how": how, "by": by.id})
