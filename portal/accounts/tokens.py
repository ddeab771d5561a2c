"""Personal tokens: what a program shows instead of signing in. Each is told once and kept as a hash; it has an end."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Select, String, delete, func, or_, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from portal.accounts.membership import hash_token
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused

PREFIX = "foyer_"  # so that programs which look for secrets in published code know one
READ, WRITE, DESK = "tickets:read", "tickets:write", "desk"
MOST = 50  # of one person
NOTED_EVERY = timedelta(hours=1)


class PersonalToken(Model):
    """A program's way in as its owner, and never further than its scopes. Like sign-ins, all of them end when the
    person's `fs_uniquifier` changes: with the password, or by signing out everywhere."""

    __tablename__ = "personal_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    uniquifier: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()

    @classmethod
    def visible_to(cls, person: User) -> Select["PersonalToken"]:
        """The person's own that haven't ended, the newest first."""
        own = (cls.user_id == person.id, cls.uniquifier == person.fs_uniquifier, cls.expires_at > utcnow())
        return select(cls).where(*own).order_by(cls.id.desc())


def make_token(
    person: User, name: str, scopes: Sequence[str], *, days: int, now: datetime
) -> tuple[PersonalToken, str]:
    """A new row and its token, told once. Rows that have ended go. Raises `Refused` for too many."""
    ended = or_(PersonalToken.expires_at <= now, PersonalToken.uniquifier != person.fs_uniquifier)
    db.session.execute(delete(PersonalToken).where(PersonalToken.user_id == person.id, ended))
    held = select(func.count()).select_from(PersonalToken).where(PersonalToken.user_id == person.id)
    if (db.session.scalar(held) or 0) >= MOST:
        raise Refused(_("You have as many tokens as one person can have. End one first."))
    secret = PREFIX + secrets.token_urlsafe(32)
    token = PersonalToken(
        user_id=person.id,
        name=name,
        token_hash=hash_token(secret),
        uniquifier=person.fs_uniquifier,
        scopes=list(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(token)
    db.session.flush()
    return token, secret


def held_by(secret: str, *, now: datetime) -> PersonalToken | None:
    """The token behind what a program shows, while it and its owner's account hold."""
    current = (PersonalToken.token_hash == hash_token(secret), PersonalToken.expires_at > now)
    query = select(PersonalToken).join(User, PersonalToken.user_id == User.id).where(*current)
    query = query.where(User.active, PersonalToken.uniquifier == User.fs_uniquifier)
    return db.session.scalar(query.options(contains_eager(PersonalToken.user)))


def is_to_be_noted(token: PersonalToken, *, now: datetime) -> bool:
    """True when the time of its last use, which is kept to the hour, is older than that."""
    return token.used_at is None or now - token.used_at > NOTED_EVERY
