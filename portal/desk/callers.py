"""Who is calling: found by what they say, the surest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, and_, or_, select

from portal.accounts.claiming import read_key
from portal.accounts.licences import Licence, hash_key
from portal.accounts.people import Membership, Organisation, Role, User, end_of_phone
from portal.accounts.pins import owner_of_pin, read_pin
from portal.db import db
from portal.errors import Refused
from portal.tickets.ticket import Ticket

Ground = Literal["pin", "ticket", "licence", "phone", "email", "name"]
MOST = 20
NUMBER_LENGTH = 8


@dataclass(frozen=True)
class Found:
    """Those who fit, and by what: a PIN proves who calls, all else only leads to them. `ticket` is its number."""

    ground: Ground | None
    people: tuple[User, ...]
    ticket: int | None = None


def find_callers(said: str, by: User, *, now: datetime) -> Found:
    """A PIN, a ticket's number (T12), a licence key, a phone number, an address, or part of a name."""
    if owner := owner_of_pin(said, now=now):
        return Found("pin", _called([owner]))
    if (ticket := _ticket(said, by)) and (people := _called([ticket.requester])):
        return Found("ticket", people, ticket.number)
    ways: tuple[tuple[Ground, Select[User] | None], ...] = (
        ("phone", _by_phone(said)),
        ("licence", _by_licence(said)),
        ("email", customers().where(User.email == said.lower()) if "@" in said else None),
        ("name", _by_name(said)),
    )
    for ground, query in ways:
        if query is not None and (people := tuple(db.session.scalars(query.order_by(User.name).limit(MOST)))):
            return Found(ground, people)
    return Found(None, ())


def looks_like_pin(said: str) -> bool:
    """What counts as an attempt at one: those are limited, since a caller could go on guessing."""
    return read_pin(said) is not None


def customers() -> Select[User]:
    """Everybody who may call: those with an account in use who don't answer themselves."""
    answers = User.roles.any(or_(Role.name == "agent", Role.name == "admin"))
    return select(User).where(User.active, ~answers)


def _called(people: Iterable[User]) -> tuple[User, ...]:
    return tuple(person for person in people if person.active and not person.is_staff)


def _digits(said: str) -> str:
    return "".join(character for character in said if character.isascii() and character.isdigit())


def _ticket(said: str, by: User) -> Ticket | None:
    digits = _digits(said)
    plain = not said.strip("# -\t0123456789")
    if not plain or len(digits) != NUMBER_LENGTH:
        return None
    return db.session.scalar(Ticket.numbered(int(digits), by))


def _by_phone(said: str) -> Select[User] | None:
    is_number = not said.strip("+()-./ xX\t0123456789")
    end = end_of_phone(said) if is_number else None
    return customers().where(User.phone_end == end) if end else None


def _by_licence(said: str) -> Select[User] | None:
    """Whoever the licence belongs to: the members of its organisation, or the address of its order."""
    try:
        licence = db.session.scalar(select(Licence).where(Licence.key_hash == hash_key(read_key(said))))
    except Refused:
        return None
    if licence is None:
        return None
    if licence.organisation_id is None:
        return customers().where(User.email == (licence.order_email or "").lower())
    return customers().where(User.id.in_(_members(Membership.organisation_id == licence.organisation_id)))


def _by_name(said: str) -> Select[User] | None:
    """Every word in the person's name or address, or in the name of an organisation of theirs."""
    words = said.split()[:6]
    if len("".join(words)) < 2:
        return None
    inside = and_(*(Organisation.name.icontains(word, autoescape=True) for word in words))
    theirs = _members(Membership.organisation_id.in_(select(Organisation.id).where(inside)))
    own = and_(
        *(
            or_(User.name.icontains(word, autoescape=True), User.email.icontains(word, autoescape=True))
            for word in words
        )
    )
    return customers().where(or_(own, User.id.in_(theirs)))


def _members(condition: object) -> Select[int]:
    return select(Membership.user_id).where(Membership.ended_at.is_(None), condition)  # type: ignore[arg-type]
