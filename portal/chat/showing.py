"""What both sides' pages of a chat are drawn from."""

import time
from datetime import datetime, timedelta
from typing import Any

from flask import request

from portal.accounts.people import User
from portal.chat.chat import Chat
from portal.chat.forms import SayForm
from portal.chat.streams import has_room
from portal.tickets.drafts import new_key

ASKS_EVERY, ASKS_EVERY_QUIET, ASKS_EVERY_LIVE = 3, 6, 25  # seconds: by itself, and while a stream rings
QUIET = timedelta(seconds=30)  # since somebody last said something


def parts(chat: Chat, person: User, *, now: datetime, form: SayForm | None = None, after: int = 0) -> dict[str, Any]:
    """All of the chat, or what came `after` a message."""
    for_agent = chat.is_answered_by(person)
    return {
        "chat": chat,
        "for_agent": for_agent,
        "messages": [message for message in chat.messages if message.id > after],
        "last": chat.messages[-1].id if chat.messages else 0,
        "mark": mark_for(chat, person, now=now),
        "every": pace_of(chat, now=now),
        "other_types": chat.other_types(for_agent=for_agent, now=now),
        "has_room": has_room(),
        "form": form or SayForm(formdata=None, form_key=new_key()),
    }


def mark_for(chat: Chat, person: User, *, now: datetime) -> str:
    """What differs as soon as the page has to be told something, also how often it is to ask."""
    return f"{chat.mark(for_agent=chat.is_answered_by(person), now=now)}.{pace_of(chat, now=now)}"


def pace_of(chat: Chat, *, now: datetime) -> int:
    """How many seconds the page lets pass before it asks again."""
    if is_live_until(request.values.get("live", "")):
        return ASKS_EVERY_LIVE
    return ASKS_EVERY_QUIET if now - chat.said_at > QUIET else ASKS_EVERY


def is_live_until(said: str) -> bool:
    """Whether the page has a stream: it was told until when, and a broken one can't say that it ended."""
    return said.isascii() and said.isdigit() and len(said) < 12 and int(said) > time.time()


def shown_mark() -> str:
    return request.values.get("mark", "")


def shown_last() -> int:
    said = request.values.get("after", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
