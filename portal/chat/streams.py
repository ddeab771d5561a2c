"""Server-sent events: they ring when a chat has changed. Each holds a thread, so there are few, and they end."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Flask, Response, current_app
from sqlalchemy import select

from portal.chat.chat import Chat
from portal.db import db, utcnow
from portal.web import settings

LASTS = 25  # seconds: below what proxies take for a dead connection
LOOKS_EVERY = 1.0  # seconds between two looks at the chat's row
BEGINS_ANEW = 1000  # milliseconds after the end
KEEPS_ONE_IN = 4  # of a process's threads one in four may hold a stream; pages have the others
MOST_OF_ONE = 2  # of one side of a chat: its page, and what is left of the page before it


@dataclass
class Seats:
    """The streams that this process holds at present, by the side of a chat."""

    held: Counter[tuple[int, bool]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def taken(self) -> int:
        return self.held.total()

    def take(self, side: tuple[int, bool], most: int) -> bool:
        with self.lock:
            if self.taken >= most or self.held[side] >= MOST_OF_ONE:
                return False
            self.held[side] += 1
            return True

    def give_back(self, side: tuple[int, bool]) -> None:
        with self.lock:
            self.held -= Counter([side])  # and forgets who has none left


SEATS = Seats()


def most_streams() -> int:
    return int(settings().web_threads // KEEPS_ONE_IN)


def has_room() -> bool:
    """Whether this process could hold one more. It is only a guess: `Seats.take` decides."""
    return most_streams() > SEATS.taken


def stream(chat: Chat, *, for_agent: bool) -> Response:
    """A stream for this side, or 204 where no thread can be spared: the page goes on asking by itself."""
    side = (chat.id, for_agent)
    if not chat.is_live or not SEATS.take(side, most_streams()):
        return Response(status=204)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    response = Response(rings(app, chat.id, for_agent), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(partial(SEATS.give_back, side))
    return response


def rings(app: Flask, chat_id: int, for_agent: bool) -> Iterator[str]:
    """`pace` says until when the page may ask less often, `news` that it should ask now, `over` that this one ends."""
    ends = time.monotonic() + LASTS
    mark = looked_at(app, chat_id, for_agent)
    yield f"retry: {BEGINS_ANEW}\n\n" + pace(int(time.time()) + LASTS)
    yield "event: news\ndata: 1\n\n"
    while mark and time.monotonic() < ends:
        time.sleep(LOOKS_EVERY)
        now_is = looked_at(app, chat_id, for_agent)
        if now_is != mark:
            mark = now_is
            yield "event: news\ndata: 1\n\n"
    yield pace(0) + "event: news\ndata: 1\n\nevent: over\ndata: 1\n\n"


def pace(until: int) -> str:
    return f'event: pace\ndata: <input type="hidden" name="live" value="{until}">\n\n'


def looked_at(app: Flask, chat_id: int, for_agent: bool) -> str:
    """The chat's mark, by a connection that is given back at once; empty when it is over."""
    with app.app_context():
        chat: Any = db.session.scalar(select(Chat).where(Chat.id == chat_id))
        return chat.mark(for_agent=for_agent, now=utcnow()) if chat and chat.is_live else ""
