"""What a member may do yet, by how well they have been with us: limits for newcomers, warnings, suspension and ban.

Nothing here is a figure of the support policy; the thresholds are settings.
"""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _
from itsdangerous import BadSignature, TimestampSigner
from sqlalchemy import ForeignKey, Index, Select, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.community.topic import Post, is_keeper
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.web import settings

WARNING, SUSPENSION, BAN = "warning", "suspension", "ban"
_LINK = re.compile(r"https?://|\bwww\.", re.I)
_LED_AWAY = re.compile(r'<a [^>]*\bugc"')  # as `rendering` marks links to elsewhere
_PICTURE = re.compile(r"!\[[^\]\n]*\][(\[]")
_MENTION = re.compile(r"(?<![\w@])@\w")


class Sanction(Model):
    """A warning, a suspension until a moment, or a ban, with its reason; the person can appeal once."""

    __tablename__ = "forum_sanction"
    __table_args__ = (Index("ix_forum_sanction_person", "user_id", "lifted_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))  # warning, suspension, ban
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    until: Mapped[datetime | None]  # of a suspension
    lifted_at: Mapped[datetime | None]
    appeal: Mapped[str] = mapped_column(Text, default="")
    appealed_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")  # to the appeal
    answered_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])

    @classmethod
    def visible_to(cls, person: Any) -> Select["Sanction"]:
        """One's own, and all of them for those who keep order."""
        if is_keeper(person):
            return select(cls)
        return select(cls).where(cls.user_id == (person.id if person.is_authenticated else -1))


def check(by: Any, body: str, now: datetime, *, html: str = "", doubtful: bool = False) -> str:
    """The state in which a post of theirs begins: 'shown', or 'held' for a moderator. Raises `Refused`.

    `html` is what becomes of it: Markdown has ways to write an address that nobody would know for one. `doubtful` says
    that the form looked as if a machine had filled it in.
    """
    if by.is_staff or is_keeper(by):
        return "shown"
    need_voice(by, now=now)
    shown = shown_posts(by.id)
    if shown < _trusted():
        _limit(by, body, now, html)
    if (
        shown < settings().forum_first_posts
        or is_blocked(f"{body} {unescape(html)}")
        or (doubtful and shown < _trusted())
    ):
        return "held"
    return "shown"


def need_voice(by: Any, *, now: datetime) -> None:
    """Raises `Refused` for whoever is kept from posting."""
    if sanction := in_force(by.id, now=now):
        raise Refused(why_silent(sanction))


def in_force(user_id: int, *, now: datetime) -> Sanction | None:
    """The suspension or ban that keeps somebody from posting."""
    lasts = or_(Sanction.kind == BAN, Sanction.until > now)
    query = select(Sanction).where(
        Sanction.user_id == user_id, Sanction.lifted_at.is_(None), Sanction.kind != WARNING, lasts
    )
    return db.session.scalar(query.order_by(Sanction.kind, Sanction.id.desc()).limit(1))


def why_silent(sanction: Sanction) -> str:
    """What somebody is told who may not post now."""
    if sanction.until is None:
        return _("You can't post in the community any more: %(reason)s", reason=sanction.reason)
    until = format_datetime(sanction.until, "medium")
    return _("You can't post in the community until %(until)s: %(reason)s", until=until, reason=sanction.reason)


def shown_posts(user_id: int, most: int | None = None) -> int:
    """How many posts of theirs are shown, counted no further than anybody asks."""
    most = most or max(_trusted(), settings().forum_first_posts, 1)
    some = select(Post.id).where(Post.author_id == user_id, Post.state == "shown").limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def stamp() -> str:
    """For a hidden field: when the form was shown, signed."""
    return _signer().sign("form").decode()


def is_doubtful(trap: str, stamped: str) -> bool:
    """Whether a form looks filled in by a machine: its trap, which nobody sees, is filled in, or it came too soon."""
    if trap:
        return True
    try:
        _value, at = _signer().unsign(stamped, return_timestamp=True)
    except BadSignature:
        return settings().forum_form_seconds > 0
    return (utcnow() - at).total_seconds() < settings().forum_form_seconds


def _signer() -> TimestampSigner:
    return TimestampSigner(settings().secret_key, salt="community form")


def _trusted() -> int:
    return int(settings().forum_trusted_posts)


def is_blocked(body: str) -> bool:
    """Whether a word or address of the blocklist stands in it."""
    small = body.lower()
    return any(word.strip().lower() in small for word in settings().forum_blocked if word.strip())


def _limit(by: Any, body: str, now: datetime, html: str) -> None:
    """What newcomers may not do yet, each with the number that is allowed."""
    most = settings().forum_new_links
    if max(len(_LINK.findall(body)), len(_LED_AWAY.findall(html))) > most:
        raise Refused(
            ngettext(
                "Your first posts can have %(num)s link. Take some out, please.",
                "Your first posts can have %(num)s links. Take some out, please.",
                most,
            )
        )
    most = settings().forum_new_pictures
    if len(_PICTURE.findall(body)) > most:
        raise Refused(
            ngettext(
                "Your first posts can have %(num)s picture. Take some out, please.",
                "Your first posts can have %(num)s pictures. Take some out, please.",
                most,
            )
        )
    most = settings().forum_new_mentions
    if len(_MENTION.findall(body)) > most:
        raise Refused(
            ngettext(
                "Your first posts can mention %(num)s person. Take some out, please.",
                "Your first posts can mention %(num)s people. Take some out, please.",
                most,
            )
        )
    lately = select(func.count()).where(Post.author_id == by.id, Post.created_at > now - timedelta(hours=1))
    if (db.session.scalar(lately) or 0) >= settings().forum_new_hourly:
        raise Refused(_("You have posted a lot in the last hour, and are new here. Please go on a little later."))
