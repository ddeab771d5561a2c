"""Sessions: a fresh one at each sign-in, and an end that holds, though the session itself lies in the browser."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g, session
from flask_login import user_logged_out
from flask_security import Security, user_authenticated
from flask_security.utils import set_request_attr
from sqlalchemy import String, bindparam, delete, exists, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.web import settings


class EndedSession(Model):
    """A session that was signed out. Its cookie, were it kept by somebody, opens nothing any more."""

    __tablename__ = "ended_session"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(index=True)


# Asked for with every page of everybody who has signed in: the person, their roles, and whether the session is over.
WHO = (
    select(User, exists().where(EndedSession.id == bindparam("kept")).label("has_ended"))
    .options(joinedload(User.roles))
    .where(User.fs_uniquifier == bindparam("user"))
)


def init_sessions(app: Flask, security: Security) -> None:
    """Refuse ended sessions where people are loaded, and mark the beginning and end of each."""

    def load(user_id: str) -> Any:
        kept = session.get("sid")
        found = db.session.execute(WHO, {"user": user_id, "kept": kept}).unique().first()
        if found is None or not found.User.active:
            return None
        if found.has_ended:
            session.clear()
            return None
        if not kept:  # brought back by the 'keep me signed in' cookie
            session["sid"] = secrets.token_hex(16)
        # Flask-Security's own loader leaves these for its decorators: how, and when last with the password.
        set_request_attr("fs_authn_via", "session")
        set_request_attr("fs_paa", session.get("fs_paa", 0))
        return found.User

    security.login_manager.user_loader(load)
    security.login_manager.request_loader(lambda _request: None)  # the session alone tells who it is
    user_authenticated.connect(begin_session, app)
    user_logged_out.connect(end_session, app)


def begin_session(_app: Flask, **_: Any) -> None:
    """At sign-in everything that names the session is new; what a visitor had begun to write stays."""
    for key in ("csrf_token", "started", "seen", "return_to"):
        session.pop(key, None)
    g.pop("csrf_token", None)
    session["sid"] = secrets.token_hex(16)


def end_session(_app: Flask, **_: Any) -> None:
    """At sign-out, remember until it would have ended by itself that this session is over."""
    kept = session.pop("sid", None)
    for key in ("started", "seen"):
        session.pop(key, None)
    if kept is None:
        return
    now = utcnow()
    db.session.execute(
        delete(EndedSession).where(EndedSession.ended_at < now - timedelta(hours=settings().session_max_hours))
    )
    db.session.merge(EndedSession(id=kept, ended_at=now))
