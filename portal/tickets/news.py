"""What somebody is told: a line in their news, and for staff who follow a ticket a mail that says where to look.

Customers read there that their ticket was answered, and everybody what is new in the community (`post_id`); for these
there are mails of their own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from portal.accounts.people import User, staff
from portal.db import Model, db, read
from portal.tickets import followers, letters
from portal.tickets.ticket import Follower, Message, Ticket

KINDS = ("mentioned", "wrote", "replied", "noted", "resolved", "remote_agreed", "remote_ended")
GIVEN_UP = "given_up"  # a webhook that the person answers for: of neither ticket nor post
KEPT_FOR = timedelta(days=90)
SHOWN = 100


class News(Model):
    """One thing that somebody was told: of a ticket, or of a post in the community."""

    __tablename__ = "news"
    __table_args__ = (Index("ix_news_of", "user_id", "seen_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime | None]

    ticket: Mapped[Ticket | None] = relationship()
    by: Mapped[User | None] = relationship(foreign_keys=by_id)

    @classmethod
    def visible_to(cls, person: Any) -> Select["News"]:
        """A person's own, the newest first."""
        return select(cls).where(cls.user_id == person.id).order_by(cls.id.desc())


def tell(ticket: Ticket, kind: str, *, by: User, now: datetime, beside: Iterable[User] = ()) -> None:
    """Tell the staff who follow it, but for who did it, and those `beside` who have heard already."""
    heard = {by.id, *(person.id for person in beside)}
    following = select(Follower.user_id).where(Follower.ticket_id == ticket.id)
    for person in db.session.scalars(staff().where(User.id.in_(following)).order_by(User.id)).all():
        if person.id not in heard:
            _tell(ticket, person, kind, by=by, now=now)


def tell_customers(ticket: Ticket, kind: str, *, by: User, now: datetime) -> None:
    """Put a line into the news of those whom the mail about it goes to."""
    requester = [ticket.requester] if letters.is_reached(ticket) else []
    for person in (*requester, *followers.told_colleagues(ticket)):
        if person.id != by.id:
            db.session.add(News(user_id=person.id, ticket_id=ticket.id, kind=kind, by_id=by.id, at=now))


def mention(ticket: Ticket, note: Message, *, by: User, now: datetime) -> list[User]:
    """Tell those whom an internal note names; they follow the ticket from now on. Returns them."""
    answering = db.session.scalars(staff().where(User.id != by.id)).all() if "@" in note.body else ()
    named = followers.named_in(note.body, answering)
    for person in named:
        followers.follow(ticket, person, by=by, now=now)
        _tell(ticket, person, "mentioned", by=by, now=now)
    return named


def share(ticket: Ticket, person: User, *, by: User, now: datetime) -> None:
    """Let somebody follow it; a colleague of the customer's is told so, for the ticket is new to them."""
    if followers.follow(ticket, person, by=by, now=now) and not person.is_staff:
        letters.send_shared(ticket, person, by=by)


UNSEEN = select(func.count()).where(News.user_id == bindparam("reader"), News.seen_at.is_(None))


def unseen(person: User) -> int:
    """How many they have not read."""
    return int(read(UNSEEN, reader=person.id)[0][0])


def latest(person: User) -> Sequence[News]:
    query = News.visible_to(person).options(joinedload(News.ticket), joinedload(News.by))
    return db.session.scalars(query.limit(SHOWN)).all()


def see_all(person: User, *, now: datetime) -> None:
    for row in db.session.scalars(News.visible_to(person).where(News.seen_at.is_(None))):
        row.seen_at = now


def see_of(person: User, *posts: int, now: datetime) -> None:
    """They have read these posts."""
    mine = update(News).where(News.user_id == person.id, News.post_id.in_(posts), News.seen_at.is_(None))
    db.session.execute(mine.values(seen_at=now))


def forget_news(*, now: datetime) -> None:
    db.session.execute(delete(News).where(News.at < now - KEPT_FOR))


def _tell(ticket: Ticket, person: User, kind: str, *, by: User, now: datetime) -> None:
    db.session.add(News(user_id=person.id, ticket_id=ticket.id, kind=kind, by_id=by.id, at=now))
    letters.send_news(ticket, person, kind=kind, by=by)
