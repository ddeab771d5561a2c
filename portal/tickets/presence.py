"""Who else of the staff has a ticket open, so that two don't answer it at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.people import User
from portal.db import Model, db
from portal.tickets.ticket import Draft, Ticket

ASKED_EVERY = 20  # seconds between two times that an open page says so
OPEN_FOR = timedelta(seconds=3 * ASKED_EVERY)  # a page that missed two of them is closed
WRITING_FOR = timedelta(minutes=1)  # since words last reached us


class Presence(Model):
    """When a page of the ticket was last open at somebody's."""

    __tablename__ = "presence"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Colleague:
    name: str
    is_writing: bool

    def __str__(self) -> str:
        return f"{self.name}{'*' if self.is_writing else ''}"


def note_open(ticket: Ticket, person: User, *, now: datetime) -> None:
    """The page is open at this person's. Two of their windows at once are noted once."""
    row = db.session.get(Presence, (ticket.id, person.id))
    if row is not None:
        row.seen_at = now
        return
    try:
        with db.session.begin_nested():
            db.session.add(Presence(ticket_id=ticket.id, user_id=person.id, seen_at=now))
    except IntegrityError:
        return


def others(ticket: Ticket, person: User, *, now: datetime) -> Sequence[Colleague]:
    """Who else has it open, by name."""
    begun = exists().where(
        Draft.ticket_id == ticket.id,
        Draft.owner_id == User.id,
        Draft.form_key.startswith("desk-"),
        Draft.updated_at > now - WRITING_FOR,
    )
    query = (
        select(User, begun.label("is_writing"))
        .join(Presence, Presence.user_id == User.id)
        .where(Presence.ticket_id == ticket.id, User.id != person.id, Presence.seen_at > now - OPEN_FOR)
        .order_by(User.name, User.id)
    )
    return [Colleague(user.display_name, is_writing) for user, is_writing in db.session.execute(query)]


def forget_presence(*, now: datetime) -> None:
    db.session.execute(delete(Presence).where(Presence.seen_at < now - timedelta(days=1)))
