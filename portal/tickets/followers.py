"""Who follows a ticket: staff who want to hear of it, and colleagues whom its customer shares it with."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, Select, and_, bindparam, select

from portal.accounts.partnership import acts_for
from portal.accounts.people import MemberRole, Membership, User, staff
from portal.db import db, read
from portal.errors import Refused
from portal.tickets.ticket import Follower, Ticket

MOST = 50
ABLE = (User.active, User.confirmed_at.is_not(None))


def followers(ticket_id: int) -> Sequence[User]:
    """Everybody who follows it, by name, whether or not they may still read it."""
    query = select(User).join(Follower, Follower.user_id == User.id).where(Follower.ticket_id == ticket_id)
    return db.session.scalars(query.order_by(User.name, User.id)).all()


def colleagues(organisation_id: Any) -> Select[User]:
    """The members of an organisation who can sign in and whose address is theirs, staff left out."""
    inside = select(Membership.user_id).where(
        Membership.organisation_id == organisation_id, Membership.ended_at.is_(None)
    )
    answering = staff().with_only_columns(User.id)
    return select(User).where(*ABLE, User.id.in_(inside), User.id.not_in(answering)).order_by(User.name, User.id)


COMPANY = (
    colleagues(bindparam("organisation"))
    .with_only_columns(User.id, User.name, User.email, Follower.id.is_not(None).label("follows"))
    .outerjoin(Follower, and_(Follower.user_id == User.id, Follower.ticket_id == bindparam("ticket")))
    .where(User.id != bindparam("requester"))
)


def company(ticket: Any) -> Sequence[Row[Any]]:
    """The requester's colleagues (id, name, email), and whether each follows it. `ticket` has id, requester and
    organisation."""
    return read(COMPANY, organisation=ticket.organisation_id, ticket=ticket.id, requester=ticket.requester_id)


def told_colleagues(ticket: Ticket) -> Sequence[User]:
    """Those of its followers whom mails to the customer go to as well: colleagues, while they are, and a reseller's
    people, while they act for the customer."""
    if (organisation := ticket.organisation_id) is None:
        return ()
    following = select(Follower.user_id).where(Follower.ticket_id == ticket.id)
    theirs = User.id.in_(following), User.id != ticket.requester_id
    inside = db.session.scalars(colleagues(organisation).where(*theirs)).all()
    others = select(User).where(*theirs, *ABLE, User.id.not_in(staff().with_only_columns(User.id))).order_by(User.id)
    known = {person.id for person in inside}
    outside = [person for person in db.session.scalars(others) if person.id not in known]
    return [*inside, *(person for person in outside if acts_for(person.id, organisation))]


def shareable(ticket: Ticket) -> Sequence[User]:
    """Colleagues whom the ticket can be shared with still."""
    if ticket.organisation_id is None:
        return ()
    following = select(Follower.user_id).where(Follower.ticket_id == ticket.id)
    query = colleagues(ticket.organisation_id).where(User.id.not_in(following), User.id != ticket.requester_id)
    return db.session.scalars(query).all()


def is_inside(ticket: Any, person: User) -> bool:
    """Staff, whoever filed it for their own organisation, and its members: a reseller's people don't see who else
    reads it. `ticket` has requester, organisation and reseller."""
    if person.is_staff or (ticket.requester_id == person.id and ticket.reseller_id is None):
        return True
    return person.role_in(ticket.organisation_id) is not None


def is_acting(ticket: Ticket, person: User) -> bool:
    """One of a reseller's people, for the customer whose ticket it is."""
    return ticket.organisation_id is not None and acts_for(person.id, ticket.organisation_id)


def may_share(ticket: Ticket, person: User) -> bool:
    """Whoever filed it for their own organisation decides, and its owners; staff may help."""
    if person.is_staff or (ticket.requester_id == person.id and ticket.reseller_id is None):
        return True
    return ticket.organisation_id is not None and person.role_in(ticket.organisation_id) == MemberRole.OWNER


def follow(ticket: Ticket, person: User, *, by: User, now: datetime) -> bool:
    """Let them hear of the ticket; a colleague may read and answer it from now on. Twice is once: False."""
    if is_following(ticket, person):
        return False
    if person.is_staff:
        _add(ticket, person, now=now)
        return True
    if person.id not in {colleague.id for colleague in shareable(ticket)} and not is_acting(ticket, person):
        raise Refused(_("A ticket can only be shared with members of its organisation."))
    if len(followers(ticket.id)) >= MOST:
        raise Refused(_("That many people can't follow one ticket."))
    _add(ticket, person, now=now)
    ticket.record("shared", by=by, at=now, to=person.id)
    return True


def unfollow(ticket: Ticket, person: User, *, by: User, now: datetime) -> None:
    """They hear of it no more, and a colleague reads it no more. Who does not follow it needn't be told."""
    row = db.session.scalar(select(Follower).where(Follower.ticket_id == ticket.id, Follower.user_id == person.id))
    if row is None:
        return
    db.session.delete(row)
    if not person.is_staff:
        ticket.record("unshared", by=by, at=now, to=person.id)


def named_in(text: str, people: Iterable[User]) -> list[User]:
    """Those whom a text names with '@': by their name, their first name if nobody shares it, or their address's start.

    Of two names that fit, the longer one is meant.
    """
    names: dict[str, set[int]] = {}
    by_id = {person.id: person for person in people}
    for person in by_id.values():
        spoken = {person.display_name, person.display_name.replace(" ", ""), person.display_name.split()[0]}
        for name in {*spoken, person.email.partition("@")[0]}:
            names.setdefault(name.casefold(), set()).add(person.id)
    meant: dict[int, User] = {}
    folded = text.casefold()
    for place in islice(re.finditer(r"(?<![\w@.])@(?=\w)", folded), MOST):
        rest = folded[place.end() : place.end() + 200]
        fitting = [name for name in names if re.match(re.escape(name) + r"(?!\w)", rest)]
        ids = names[max(fitting, key=len)] if fitting else set()
        if len(ids) == 1:
            meant |= {key: by_id[key] for key in ids}
    return list(meant.values())


def is_following(ticket: Ticket, person: User) -> bool:
    query = select(Follower.id).where(Follower.ticket_id == ticket.id, Follower.user_id == person.id)
    return db.session.scalar(query) is not None


def _add(ticket: Ticket, person: User, *, now: datetime) -> None:
    db.session.add(Follower(ticket_id=ticket.id, user_id=person.id, since=now))
    db.session.flush()
