"""Readers who say that a post should not stand there: each once, with a reason. Enough of them hold it."""

from datetime import datetime
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, Select, String, UniqueConstraint, false, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.community import audit, keeping, standing
from knowledge.community.topic import Post, is_keeper
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.tickets.conversation import clean
from portal.web import settings

REASONS: Final = ("spam", "rude", "secret", "off_topic", "other")


class Flag(Model):
    """What one reader said of one post. Settled when a moderator has looked: `is_upheld` says with what outcome."""

    __tablename__ = "forum_flag"
    __table_args__ = (UniqueConstraint("post_id", "by_id"), Index("ix_forum_flag_open", "settled_at", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime] = mapped_column(default=utcnow)
    settled_at: Mapped[datetime | None]
    is_upheld: Mapped[bool] = mapped_column(default=False)

    post: Mapped[Post] = relationship()
    by: Mapped[User] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Flag"]:
        """Who flagged is known to those who keep order, and to nobody else."""
        return select(cls) if is_keeper(person) else select(cls).where(false())


def flag(post: Post, *, reason: str, note: str, by: User, now: datetime) -> None:
    """Say what is wrong with a post. A second time from the same reader changes nothing. Raises `Refused`."""
    if post.author_id == by.id:
        raise Refused(_("That is your own post: you can edit it."))
    if standing.in_force(by.id, now=now):
        raise Refused(_("You can't flag posts now."))
    try:
        with db.session.begin_nested():
            db.session.add(Flag(post_id=post.id, by_id=by.id, reason=reason, note=clean(note)[:500], at=now))
            db.session.flush()
    except IntegrityError:
        return
    enough = settings().forum_flags_hold
    if enough and post.state == "shown" and not post.is_staff and _weight(post) >= enough:
        keeping.set_state(post, "held")
        audit.note("held", by=None, now=now, topic=post.topic, number=post.number, person_id=post.author_id)


def settle(post: Post, *, upheld: bool, now: datetime) -> None:
    """Close what readers said of it, when a moderator has decided."""
    still_open = update(Flag).where(Flag.post_id == post.id, Flag.settled_at.is_(None))
    db.session.execute(still_open.values(settled_at=now, is_upheld=upheld))


def _weight(post: Post) -> int:
    """Open flags of readers who have posted well themselves: strangers can't silence anybody by numbers."""
    trusted = settings().forum_trusted_posts
    posted = select(func.count()).where(Post.author_id == Flag.by_id, Post.state == "shown").correlate(Flag)
    query = select(func.count()).where(
        Flag.post_id == post.id, Flag.settled_at.is_(None), posted.scalar_subquery() >= trusted
    )
    return db.session.scalar(query) or 0
