"""Who may read what. Everything that is searched carries one audience, and a reader sees a set of them.

An audience is a short string: `public`, `signed-in`, `staff`, or a list of plans and organisations such as
`org:7 plan:business plan:premium`, for those who have one of these; `partners` in such a list are the people of
resellers. Pages, index and caches compare these strings alone, so that what a reader may see is worked out in one
place.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from flask import g, has_request_context
from sqlalchemy import String, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.entitlement import held_and_sold, the_policy
from portal.accounts.people import Membership
from portal.db import Model, db, read, utcnow

PUBLIC, SIGNED_IN, STAFF = "public", "signed-in", "staff"
EVERYBODYS = (PUBLIC, SIGNED_IN, STAFF)
EDITORS = ("agent", "admin", "editor")
LONGEST = 200
PARTNERS = "partners"
_TERM = re.compile(PARTNERS + r"|plan:[a-z0-9][a-z0-9-]{0,39}|org:[1-9][0-9]{0,9}")


class Audience(Model):
    """An audience of certain plans or organisations that something has; one row for each, kept for ever."""

    __tablename__ = "audience"

    name: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)


_LIMITED = select(Audience.name).order_by(Audience.name)


def is_audience(name: str) -> bool:
    """True for the one spelling of an audience: terms in order, none twice, joined by a space."""
    terms = name.split(" ")
    limited = all(_TERM.fullmatch(term) for term in terms) and terms == sorted(set(terms))
    return name in EVERYBODYS or (limited and len(name) <= LONGEST)


def audience_of(terms: Iterable[str]) -> str:
    """The audience of those who have one of these terms."""
    return " ".join(sorted(set(terms)))


def open_to(name: str) -> None:
    """Have readers looked through for this audience: whoever gives it to something calls this in the transaction."""
    if name not in EVERYBODYS and db.session.get(Audience, name) is None:
        with suppress(IntegrityError), db.session.begin_nested():  # two at once: one row is enough
            db.session.execute(insert(Audience).values(name=name))


def sees(person: Any) -> tuple[str, ...]:
    """The audiences this person belongs to: what a visitor may read, everybody may.

    Staff belong to all there are. Plans are those of the grants in force at this moment, organisations those the
    person is a member of now, and partners the members of resellers in force: the end of any hides what it opened.
    """
    if not person.is_authenticated:
        return (PUBLIC,)
    kept: dict[int, tuple[str, ...]] = g.setdefault("audiences", {}) if has_request_context() else {}
    if person.id not in kept:
        kept[person.id] = _audiences_of(person)
    return kept[person.id]


def _audiences_of(person: Any) -> tuple[str, ...]:
    is_editor = any(person.has_role(role) for role in EDITORS)
    everybodys = EVERYBODYS if is_editor else (PUBLIC, SIGNED_IN)
    limited = [row.name for row in read(_LIMITED)]
    if not limited or is_editor:
        return (*everybodys, *limited)
    mine = _terms_of(person)
    return (*everybodys, *(name for name in limited if mine.intersection(name.split(" "))))


def _terms_of(person: Any) -> set[str]:
    grants, sells = held_and_sold(person, now=utcnow())
    plans = {grant.plan for grant in grants} | {the_policy().policy.free_plan}
    partners = {PARTNERS} if sells else set()
    member = select(Membership.organisation_id).where(Membership.user_id == person.id, Membership.ended_at.is_(None))
    organisations = {f"org:{number}" for number in db.session.scalars(member)}
    return {f"plan:{plan}" for plan in plans if plan} | organisations | partners
