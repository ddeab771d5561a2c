"""Remembering what was searched and opened, without secrets and without names, and never in a searcher's way.

A search is noted in the process's memory and written a moment later by a thread of its own, several in one transaction:
an answer waits for no disk, and a database that can't be written breaks no page. What a process hadn't written when it
ended is lost.
"""

import hashlib
import hmac
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Flask, current_app, request, session
from flask_login import current_user
from huey import crontab
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, select

from knowledge.search.finding import Found
from knowledge.search.log import SearchClick, SearchQuery
from knowledge.search.redaction import redact
from knowledge.search.words import folded
from portal.accounts.sessions import SignIn
from portal.db import db, utcnow, writing
from portal.web import settings

log = logging.getLogger(__name__)

MOST_WAITING = 2000  # notes; the oldest are dropped
EVERY = 0.5  # seconds
TYPED_WITHIN = timedelta(minutes=1)  # a text that changes faster is one search
SAME_WITHIN = timedelta(minutes=30)  # the same text again, such as the next page of its results
TICKET_WITHIN = timedelta(hours=2)
ALIKE = 0.6  # which part of two texts must be the same at their ends for one to be an edit of the other
TELLING = 4  # letters of a word by which a visitor's search is recognised; "the" and "not" stand in any
MOST_PLACES = 1000


class Search(NamedTuple):
    text: str
    mode: str
    lang: str
    product: str | None
    asker: str
    results: int
    instead: str | None
    at: datetime


class Click(NamedTuple):
    asker: str
    folded: str
    kind: str
    item_id: int
    place: int
    at: datetime


class TicketFiled(NamedTuple):
    """`visitor` is who would have asked from this browser without being signed in, `sign_in` when that changed."""

    askers: tuple[str, ...]
    visitors: tuple[str, ...]
    sign_in: int | None
    subject: str
    number: int
    at: datetime


def remember(found: Found, *, lang: str, product: str | None = None, results: int | None = None) -> str | None:
    """Note a search of the running request. Returns a token for `clicked`, or None for a search without a text."""
    if not found.text:
        return None
    mode = "error" if found.diagnosis else "words"
    who, total = asker(), found.total if results is None else results
    _note(Search(found.text, mode, lang[:20], (product or "")[:40] or None, who, total, found.instead, utcnow()))
    return str(_signer().dumps([who, _brief(folded(found.text))]))


def clicked(token: str, hit: str) -> bool:
    """Note that a result was opened: `hit` is "kind:item_id:place". False for what isn't ours or says nothing."""
    try:
        who, brief = _signer().loads(token)
    except (BadSignature, ValueError, TypeError):
        return False
    kind, _, rest = hit.partition(":")
    item_id, _, place = rest.partition(":")
    if not (kind.isalpha() and len(kind) <= 10 and item_id.isascii() and item_id.isdigit() and len(item_id) <= 9):
        return False
    if not (place.isascii() and place.isdigit() and 0 < int(place[:5]) <= MOST_PLACES):
        return False
    _note(Click(who, brief, kind, int(item_id), int(place), utcnow()))
    return True


def ticket_followed(query: str, number: int) -> None:
    """Note that the person of this request filed a ticket, whose subject is `query`, after what they had searched."""
    now = utcnow()
    days = (now, now - TICKET_WITHIN)  # who searched before midnight was somebody else
    askers, visitors = tuple(asker(at) for at in days), tuple(_hash(_visitor(), at) for at in days)
    _note(TicketFiled(askers, visitors, session.get("sign_in"), query, number, now))


def asker(at: datetime | None = None) -> str:
    """Who asks, as a hash that nobody can take back and that is another one tomorrow."""
    who = f"user {current_user.id}" if current_user.is_authenticated else _visitor()
    return _hash(who, at or utcnow())


def _visitor() -> str:
    return f"{request.remote_addr} {request.user_agent}"


def _hash(who: str, at: datetime) -> str:
    key = f"{settings().secret_key} searched".encode()
    return hmac.new(key, f"{at:%Y-%m-%d} {who}".encode(errors="replace"), hashlib.sha256).hexdigest()[:32]


# Writing -------------------------------------------------------------------------------------------------------------


class _Memory:
    """Notes of one process that wait to be written, and the thread that writes them."""

    def __init__(self) -> None:
        self.waiting: deque[Any] = deque(maxlen=MOST_WAITING)
        self.lock = threading.Lock()
        self.owner = 0  # the process the thread is of: a fork has none

    def wake(self, app: Flask) -> None:
        if self.owner == os.getpid() or app.testing:
            return
        with self.lock:
            if self.owner != os.getpid():
                self.owner = os.getpid()
                threading.Thread(target=self._write, args=(app,), name="search-memory", daemon=True).start()

    def _write(self, app: Flask) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY):
            if self.waiting:
                with app.app_context():
                    write_noted()


def write_noted() -> int:
    """Write what waits, in a transaction of its own; returns how much that was. What can't be written is dropped."""
    memory: _Memory = current_app.extensions["search_memory"]
    notes = [memory.waiting.popleft() for _ in range(len(memory.waiting))]
    if not notes:
        return 0
    try:
        with writing():
            for note in notes:
                _WRITERS[type(note)](note)
                db.session.flush()
            db.session.commit()
    except Exception:
        db.session.rollback()
        log.warning("searches could not be remembered", exc_info=True, extra={"count": len(notes)})
        return 0
    return len(notes)


def _note(note: Any) -> None:
    memory: _Memory = current_app.extensions["search_memory"]
    memory.waiting.append(note)
    memory.wake(current_app._get_current_object())  # type: ignore[attr-defined]


def _write_search(note: Search) -> None:
    text = " ".join(redact(note.text).split())[:200]
    instead = " ".join(redact(note.instead).split())[:200] if note.instead else None
    row = db.session.scalar(_of([note.asker]).where(SearchQuery.updated_at > note.at - SAME_WITHIN).limit(1))
    if row is None or not _is_same(row, folded(text), note):
        row = SearchQuery(asker=note.asker, created_at=note.at, text=text, folded=folded(text))
        db.session.add(row)
    elif not row.folded.startswith(folded(text)):  # who deletes letters is on the way to something else
        row.text, row.folded = text, folded(text)
    elif row.folded != folded(text):
        row.updated_at = note.at
        return
    row.mode, row.lang, row.product, row.results = note.mode, note.lang, note.product, note.results
    row.instead, row.updated_at = instead, note.at


def _is_same(row: SearchQuery, new: str, note: Search) -> bool:
    old = row.folded
    if old == new:
        return True
    if row.updated_at <= note.at - TYPED_WITHIN or row.mode != note.mode or row.ticket_number:
        return False
    if db.session.scalar(select(SearchClick.id).where(SearchClick.query_id == row.id).limit(1)):
        return False  # what was opened was found with that text
    if new.startswith(old) or old.startswith(new):
        return True
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    return start + end >= ALIKE * max(len(old), len(new))


def _shared(a: str, b: str) -> int:
    """How many characters both begin with."""
    return next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def _write_click(note: Click) -> None:
    rows = db.session.scalars(_of([note.asker]).limit(20)).all()
    row = next((row for row in rows if _brief(row.folded) == note.folded), rows[0] if rows else None)
    if row is None:
        return
    click = {"kind": note.kind, "item_id": note.item_id}
    if db.session.scalar(select(SearchClick.id).filter_by(query_id=row.id, **click).limit(1)) is None:
        db.session.add(SearchClick(query_id=row.id, place=note.place, clicked_at=note.at, **click))


def _write_ticket(note: TicketFiled) -> None:
    """The search whose words the subject has most of; else the last one of the person.

    Who searches, and signs in to file, was a visitor before. Others may look the same, with the same browser behind the
    same address, so what a visitor searched counts only until that sign-in, and where the subject has words of it.
    """
    words = set(folded(redact(note.subject)).split())
    lately = SearchQuery.updated_at > note.at - TICKET_WITHIN
    rows = list(db.session.scalars(_of(note.askers).where(lately).limit(20)))
    started_at = db.session.scalar(select(SignIn.started_at).where(SignIn.id == note.sign_in))
    if started_at:
        visits = _of(note.visitors).where(lately, SearchQuery.updated_at <= started_at).limit(20)
        telling = {word for word in words if len(word) >= TELLING}
        rows += [row for row in db.session.scalars(visits) if telling & set(row.folded.split())]
    shared = [(len(words & set(row.folded.split())), -place, row) for place, row in enumerate(rows)]
    if shared:
        max(shared, key=lambda one: one[:2])[2].ticket_number = note.number


def _of(askers: Sequence[str]) -> Any:
    return (
        select(SearchQuery)
        .where(SearchQuery.asker.in_(askers))
        .order_by(SearchQuery.updated_at.desc(), SearchQuery.id.desc())
    )


_WRITERS: dict[type, Any] = {Search: _write_search, Click: _write_click, TicketFiled: _write_ticket}


def _brief(text: str) -> str:
    return hashlib.sha256(" ".join(redact(text).split())[:200].lower().encode(errors="replace")).hexdigest()[:16]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="search-click")


# Forgetting ----------------------------------------------------------------------------------------------------------


def forget_searches(*, now: datetime) -> int:
    """Remove the searches, and what was opened from them, that are older than the setting says."""
    old = SearchQuery.updated_at < now - timedelta(days=settings().searches_kept_days)
    ids = select(SearchQuery.id).where(old)
    db.session.execute(delete(SearchClick).where(SearchClick.query_id.in_(ids)))
    return len(db.session.execute(delete(SearchQuery).where(old).returning(SearchQuery.id)).all())


def init_memory(app: Flask) -> None:
    app.extensions["search_memory"] = _Memory()

    @app.extensions["queue"].periodic_task(crontab(hour="3", minute="29"), name="forget_searches")
    def forget_each_night() -> None:
        with app.app_context(), writing():
            forget_searches(now=utcnow())
            db.session.commit()
