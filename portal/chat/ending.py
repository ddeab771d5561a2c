"""Chats that nobody goes on with: the talk ends, and a question that nobody answered becomes a ticket."""

import logging
from datetime import datetime, timedelta

from flask import Flask
from huey import crontab
from sqlalchemy import select

from portal.chat.chat import Chat
from portal.chat.handover import hand_over
from portal.chat.opening import is_staffed
from portal.chat.talking import end
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.web import settings

log = logging.getLogger(__name__)

GONE_FOR = timedelta(minutes=5)  # since the page of somebody who waits was last open
AT_ONCE = 500


def end_idle(*, now: datetime) -> int:
    """End what is over, each in a transaction of its own; returns how many."""
    quiet_since = now - timedelta(minutes=settings().chat_idle_minutes)
    is_quiet = (Chat.state == "open") & (Chat.said_at < quiet_since)
    query = select(Chat.id).where(is_quiet | (Chat.state == "waiting")).order_by(Chat.id).limit(AT_ONCE)
    found, count = list(db.session.scalars(query)), 0
    for chat_id in found:
        try:
            with writing():
                chat = held(chat_id)
                count += bool(chat and settle(chat, quiet_since, now=now))
                db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("a chat could not be ended", extra={"chat": chat_id}, exc_info=error)
    return count


def held(chat_id: int) -> Chat | None:
    query = select(Chat).where(Chat.id == chat_id).with_for_update(of=Chat)
    chat: Chat | None = db.session.scalar(query.execution_options(populate_existing=True))
    return chat


def settle(chat: Chat, quiet_since: datetime, *, now: datetime) -> bool:
    """Look again once it is held: somebody may just have said something, or come back."""
    if chat.state == "open" and chat.said_at < quiet_since:
        end(chat, by=None, now=now)
        return True
    is_left = chat.seen_at < now - GONE_FOR or not is_staffed(now=now)
    if chat.state == "waiting" and is_left:
        try:
            with db.session.begin_nested():
                hand_over(chat, by=None, now=now)
        except Refused:  # what they hold has ended meanwhile
            db.session.refresh(chat)
            end(chat, by=None, now=now)
        return True
    return False


def init_ending(app: Flask) -> None:
    """Put it into the queue, once a minute."""

    @app.extensions["queue"].periodic_task(crontab(minute="*"), name="end_chats")
    def end_chats_each_minute() -> None:
        with app.app_context():
            end_idle(now=utcnow())
