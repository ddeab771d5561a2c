"""Tags: words that staff put on tickets to find them again. Customers never see them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, Label, String, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.people import User
from portal.db import Model, db
from portal.errors import Refused
from portal.tickets.ticket import Ticket

LONGEST = 40
MOST = 20  # on one ticket
MOST_OFFERED = 300  # in lists to choose from
APART = ", "  # between the tags of one ticket, in texts; none holds a comma


class Tag(Model):
    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST), unique=True)


class TicketTag(Model):
    __tablename__ = "ticket_tag"
    __table_args__ = (Index("ix_ticket_tag_of_tag", "tag_id", "ticket_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)


def read_names(text: str) -> list[str]:
    """What was typed, as tags: small letters, apart by commas, each once."""
    typed = (" ".join(name.replace("\0", "").lower().split()) for name in text.split(","))
    return list(dict.fromkeys(name for name in typed if name))


def tags_of(ticket_id: int) -> list[str]:
    named = select(Tag.name).join(TicketTag, TicketTag.tag_id == Tag.id).where(TicketTag.ticket_id == ticket_id)
    return sorted(db.session.scalars(named))


def in_use() -> Sequence[str]:
    """All that can be chosen from."""
    return db.session.scalars(select(Tag.name).order_by(Tag.name).limit(MOST_OFFERED)).all()


def listed() -> Label[Any]:
    """A column for the desk's rows: all tags of the ticket in one text, or NULL."""
    named = select(func.aggregate_strings(Tag.name, APART)).select_from(TicketTag).join(Tag, Tag.id == TicketTag.tag_id)
    return named.where(TicketTag.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery().label("tags")


def tag(ticket: Ticket, names: Iterable[str], *, by: User, now: datetime) -> list[str]:
    """Put tags on the ticket; returns those that it hadn't."""
    has = tags_of(ticket.id)
    added = [name for name in names if name not in has]
    if any(len(name) > LONGEST for name in added):
        raise Refused(_("A tag has at most %(most)s characters.", most=LONGEST))
    if len(has) + len(added) > MOST:
        raise Refused(_("A ticket has at most %(most)s tags.", most=MOST))
    for name in added:
        db.session.add(TicketTag(ticket_id=ticket.id, tag_id=_kept(name)))
    if added:
        db.session.flush()
        ticket.record("tagged", by=by, at=now, added=added, removed=[])
    return added


def untag(ticket: Ticket, names: Iterable[str], *, by: User, now: datetime) -> list[str]:
    """Take tags off; returns those that it had."""
    removed = [name for name in names if name in tags_of(ticket.id)]
    named = select(Tag.id).where(Tag.name.in_(removed))
    db.session.execute(delete(TicketTag).where(TicketTag.ticket_id == ticket.id, TicketTag.tag_id.in_(named)))
    if removed:
        ticket.record("tagged", by=by, at=now, added=[], removed=removed)
    return removed


def _kept(name: str) -> int:
    """The id of a tag; of two who write a new one at once, the second finds the first's."""
    query = select(Tag.id).where(Tag.name == name)
    found = db.session.scalar(query)
    if found is None:
        try:
            with db.session.begin_nested():
                db.session.add(Tag(name=name))
        except IntegrityError:
            pass
        found = db.session.scalar(query)
    assert found is not None
    return found


def forget_unused() -> None:
    """Tags that no ticket has any more are offered no more."""
    db.session.execute(delete(Tag).where(Tag.id.not_in(select(TicketTag.tag_id))))
