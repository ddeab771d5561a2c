"""Where somebody is signed in: one row for each device, from the password to the end, which holds for every cookie."""

import secrets
import time
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import user_logged_out
from flask_security import Security, user_authenticated
from flask_security.utils import set_request_attr
from sqlalchemy import ForeignKey, Select, String, and_, bindparam, delete, or_, select
from sqlalchemy.orm import Mapped, joinedload, load_only, mapped_column

from portal.accounts.membership import hash_token
from portal.accounts.partnership import workplaces_of
from portal.accounts.people import Role, User
from portal.db import Model, db, utcnow
from portal.web import forget_session, settings

NOTED_EVERY = timedelta(hours=1)
# What browsers and systems call themselves, those first that also carry the name of another.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome"}
BROWSERS |= {"Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Macintosh": "macOS"}
SYSTEMS |= {"CrOS": "ChromeOS", "Linux": "Linux"}


class SignIn(Model):
    """One device of a person, signed in. Its session cookie and its 'keep me signed in' cookie carry the token whose
    hash is kept here; without this row both open nothing. It also ends when the person's `fs_uniquifier` changes."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    uniquifier: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(20), default="")
    system: Mapped[str] = mapped_column(String(20), default="")
    is_kept: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def visible_to(cls, person: User) -> Select["SignIn"]:
        """The person's own that haven't ended, the last used first."""
        own = (cls.user_id == person.id, cls.uniquifier == person.fs_uniquifier, cls.expires_at > utcnow())
        return select(cls).where(*own).order_by(cls.seen_at.desc(), cls.id.desc())

    @property
    def is_here(self) -> bool:
        """True for the device that asks."""
        return bool(session.get("sign_in") == self.id)


class EndedSession(Model):
    """Sessions signed out of before `sign_in` was there. Nothing uses it; the release after the next drops it."""

    __tablename__ = "ended_session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(index=True)


# Asked for with every page of everybody who has signed in: the person, their roles, that they still are, and whether
# they work for a reseller. Of the person only what most pages need; what else is asked of them is read when it is.
SHOWN = (
    *(User.email, User.name, User.locale, User.zone),
    *(User.active, User.confirmed_at, User.fs_uniquifier),
)
WHO = (
    select(User, SignIn.id, SignIn.seen_at, workplaces_of(User.id).correlate(User).exists().label("is_partner"))
    .join(SignIn, and_(SignIn.user_id == User.id, SignIn.uniquifier == User.fs_uniquifier))
    .options(load_only(*SHOWN), joinedload(User.roles).load_only(Role.name))
    .where(SignIn.token_hash == bindparam("token_hash"), SignIn.expires_at > bindparam("now"))
)


def init_sessions(app: Flask, security: Security) -> None:
    """Load people by the token in their cookie, and keep a row from each sign-in to its end."""
    security.login_manager.user_loader(load)
    security.login_manager.request_loader(lambda _request: None)  # the session alone tells who it is
    # Roles are asked of the person. Flask-Principal, which nothing here asks, would gather them for every request.
    security.principal.identity_loaders.clear()
    user_authenticated.connect(begin_session, app)
    user_logged_out.connect(end_session, app)


def load(token: str) -> User | None:
    """The person behind a token; from the session cookie, or else from the one that keeps them signed in."""
    found = db.session.execute(WHO, {"token_hash": hash_token(token), "now": utcnow()}).unique().first()
    if found is None or not found.User.active:
        forget_session()
        session["_remember"] = "clear"
        return None
    if session.get("sign_in") != found.id:  # brought back by the 'keep me signed in' cookie
        session["sign_in"], session["seen"] = found.id, int(time.time())
    g.is_partner = bool(found.is_partner)
    if session.get("seen", time.time()) - found.seen_at.timestamp() > NOTED_EVERY.total_seconds():
        g.seen_sign_in = found.id
    # Flask-Security's own loader leaves these for its decorators: how, and when last with the password.
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    person: User = found.User
    return person


def begin_session(_app: Flask, *, user: User, **_: Any) -> None:
    """At sign-in everything that names the session is new; what a visitor had begun to write stays."""
    end_session(_app)
    for key in ("csrf_token", "return_to"):
        session.pop(key, None)
    g.pop("csrf_token", None)
    is_kept, agent = session.get("_remember") == "set", request.user_agent.string
    sign_in, token = open_sign_in(user, is_kept=is_kept, agent=agent, now=utcnow())
    session["_user_id"], session["sign_in"], session["seen"] = token, sign_in.id, int(time.time())


def end_session(_app: Flask, **_: Any) -> None:
    """At sign-out the row goes, and with it every copy of the cookies."""
    session.pop("seen", None)
    if ended := session.pop("sign_in", None):
        db.session.execute(delete(SignIn).where(SignIn.id == ended))


def was_kept() -> bool:
    """True when the device that asks was to stay signed in."""
    return bool(db.session.scalar(select(SignIn.is_kept).where(SignIn.id == session.get("sign_in"))))


def end_all(person: User) -> None:
    """Sign somebody out on every device."""
    db.session.execute(delete(SignIn).where(SignIn.user_id == person.id))


def open_sign_in(user: User, *, is_kept: bool = False, agent: str = "", now: datetime) -> tuple[SignIn, str]:
    """A new row for this person, and its token, told once. Rows that have ended go."""
    ended = or_(SignIn.expires_at < now, and_(SignIn.user_id == user.id, SignIn.uniquifier != user.fs_uniquifier))
    db.session.execute(delete(SignIn).where(ended))
    token = secrets.token_urlsafe(32)
    sign_in = SignIn(
        user_id=user.id,
        token_hash=hash_token(token),
        uniquifier=user.fs_uniquifier,
        browser=named_in(agent, BROWSERS),
        system=named_in(agent, SYSTEMS),
        is_kept=is_kept,
        started_at=now,
        seen_at=now,
        expires_at=expiry(now, is_kept=is_kept, seen_at=now),
    )
    db.session.add(sign_in)
    db.session.flush()
    return sign_in, token


def expiry(started_at: datetime, *, is_kept: bool, seen_at: datetime) -> datetime:
    """The absolute end; for a device that isn't to be kept the idle one, if that comes first. The session cookie
    ends exactly when idle (`portal.web`); here the time seen is noted seldom, so it gets that much more."""
    last = started_at + timedelta(hours=settings().session_max_hours)
    return last if is_kept else min(last, seen_at + timedelta(minutes=settings().session_idle_minutes) + NOTED_EVERY)


def note_seen(sign_in: SignIn, *, now: datetime) -> None:
    sign_in.seen_at = now
    sign_in.expires_at = expiry(sign_in.started_at, is_kept=sign_in.is_kept, seen_at=now)


def named_in(agent: str, names: dict[str, str]) -> str:
    """The family's name, or nothing for one that isn't among the common ones."""
    return next((name for mark, name in names.items() if mark in agent), "")
