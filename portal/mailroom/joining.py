"""Which ticket a mail belongs to: by what it proves it has received, then by a number in its subject."""

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select

from portal.accounts.people import User
from portal.db import db
from portal.mail import ticket_number_of
from portal.mailroom.reading import Reading
from portal.tickets.ticket import Ticket

TAG: Final = re.compile(r"\[#(\d{8})\]")


def person_of(address: str) -> User | None:
    """Whose account has this address, whatever its state."""
    return db.session.scalar(select(User).where(func.lower(User.email) == address)) if address else None


def joined(reading: Reading, person: User) -> Ticket | None:
    """The ticket that the mail answers: it names a Message-ID that we signed, and its sender still takes part."""
    return _first_open_to(_numbers([*reading.in_reply_to, *reading.references]), person)


def tagged(reading: Reading, person: User) -> Ticket | None:
    """The ticket that the subject names, if the sender takes part in it. A subject proves nothing by itself."""
    return _first_open_to((int(number) for number in TAG.findall(reading.subject)), person)


def reported_on(reading: Reading) -> Ticket | None:
    """The ticket that a report about our mail is about: only its receiver's server knows the signed Message-ID."""
    for number in _numbers([*reading.returned, *reading.in_reply_to, *reading.references]):
        if ticket := db.session.scalar(select(Ticket).where(Ticket.id == Ticket.leading(number))):
            return ticket
    return None


def _numbers(message_ids: Iterable[str]) -> list[int]:
    found = (ticket_number_of(message_id) for message_id in message_ids)
    return list(dict.fromkeys(number for number in found if number is not None))


def _first_open_to(numbers: Iterable[int], person: User) -> Ticket | None:
    for number in list(numbers)[:20]:
        if (ticket := Ticket.held(number, person)) is not None:
            return ticket
    return None
