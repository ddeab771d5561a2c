"""Subscribers that are programs: webhooks, signed as all of ours are, and rooms that take what Slack takes."""

import json
import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask_babel import force_locale, gettext

from portal.db import db, utcnow
from portal.jobs import enqueue, job
from portal.sla.quote import utc
from portal.sla.text import Text
from portal.status import letters, telling
from portal.status.component import Component
from portal.status.incident import IncidentUpdate
from portal.status.sending import is_stopped
from portal.status.subscriber import SLACK, Sending, Subscriber
from portal.status.subscribing import stop, token_of
from portal.status.words import STATUS_NAMES
from portal.tickets.credentials import decrypt
from portal.tickets.prose import plain
from portal.web import settings
from portal.webhooks import calling
from portal.webhooks.delivering import GONE, REST, WAITS, signed

LONGEST = 3000  # letters of a message that rooms show
CALLS_ALL = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)  # in one kind of room or another
GONE_ROOMS = (403, 404, GONE)  # what Slack says of an address that is no more


@job("ask_by_call")
def ask_by_call(subscriber_id: int) -> None:
    """Ask at the address itself whether it is to be told: the link is in what arrives there. Tried once."""
    row = db.session.get(Subscriber, subscriber_id)
    if row is None:
        return
    with force_locale(row.lang):
        said = gettext("Somebody asked that incidents are told here. Open the link to agree.")
    link = letters.link_of(token_of(row))
    if row.way == SLACK:
        body: dict[str, Any] = {"text": f"{said}\n{link}"}
    else:
        body = {"type": "status.question", "timestamp": utc(row.asked_at), "data": {"message": said, "link": link}}
    url, text = row.address, json.dumps(body, ensure_ascii=False).encode()
    db.session.rollback()
    with suppress(calling.NotCalled):  # whoever waits for the question asks again
        calling.post(url, text, {"Content-Type": "application/json"}, inside=settings().webhooks_inside)


@job("call_subscriber")
def call(sending_id: int) -> None:
    """Tell one, and plan the next try if it failed. No transaction is open while the other side answers."""
    now, row = utcnow(), db.session.get(Sending, sending_id)
    if row is None or row.state != "waiting" or row.due_at > now:
        return
    if is_stopped():
        enqueue("call_subscriber", run_after=now + REST, sending_id=sending_id)
        return
    to = db.session.get_one(Subscriber, row.subscriber_id)
    said = db.session.get_one(IncidentUpdate, row.update_id)
    parts = telling.seen_by(to, said.incident)
    if parts is None:
        row.state, row.due_at = "skipped", now
        return
    with force_locale(to.lang):
        body = _for_room(said) if to.way == SLACK else _for_program(said, parts, to, row.kind)
    text, url, headers = json.dumps(body, ensure_ascii=False).encode(), to.address, {"Content-Type": "application/json"}
    if to.sealed:
        headers = signed(f"msg_{said.public_id}_{row.kind}", text, decrypt(to.sealed), now=now)
    db.session.rollback()
    try:
        status = calling.post(url, text, headers, inside=settings().webhooks_inside)
    except calling.NotCalled:
        status = 0
    note(sending_id, status, now=utcnow())


def note(sending_id: int, status: int, *, now: datetime) -> None:
    """Keep the answer: taken, gone for good, or to be tried again."""
    row = db.session.get(Sending, sending_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "waiting":
        return
    to = db.session.get_one(Subscriber, row.subscriber_id, with_for_update=True)
    row.tries += 1
    if 200 <= status < 300:
        row.state, row.sent_at, row.due_at, to.bounces = "sent", now, now, 0
    elif status == GONE or (to.way == SLACK and status in GONE_ROOMS):
        row.state = "failed"
        stop(to, "gone", now=now)
    elif row.tries > len(WAITS):
        row.state = "failed"
        to.bounces += 1
        if to.bounces >= settings().status_bounces:
            stop(to, "bounced", now=now)
    else:
        row.due_at = now + WAITS[row.tries - 1]
        enqueue("call_subscriber", run_after=row.due_at, sending_id=sending_id)


def _for_room(said: IncidentUpdate) -> dict[str, Any]:
    title, words = (_escaped(text) for text in (said.incident.title, plain(said.body)))
    text = f"*{title}* · {STATUS_NAMES[said.status]}\n{words[:LONGEST]}\n{letters.address_of(said)}"
    return {"text": text}


def _for_program(said: IncidentUpdate, parts: list[Component], to: Subscriber, kind: str) -> dict[str, Any]:
    """In the words of the public API."""
    incident = said.incident
    shown = {
        "id": incident.public_id,
        "name": incident.title,
        "kind": incident.kind,
        "status": incident.status,
        "impact": incident.impact,
        "shortlink": letters.address_of(said),
        "scheduled_for": utc(incident.scheduled_for) if incident.scheduled_for else None,
        "scheduled_until": utc(incident.scheduled_until) if incident.scheduled_until else None,
        "resolved_at": utc(incident.resolved_at) if incident.resolved_at else None,
        "components": [
            {"id": part.public_id, "name": Text(part.titles).to(to.lang), "status": part.state} for part in parts
        ],
    }
    update = {"id": said.public_id, "status": said.status, "body": said.body, "display_at": utc(said.at)}
    manage = letters.link_of(token_of(to))
    data = {"incident": shown, "update": update, "manage": manage}
    return {"type": f"status.{kind}", "timestamp": utc(said.created_at), "data": data}


def _escaped(text: str) -> str:
    """As Slack wants it; nothing in it becomes a link or calls everybody in the room."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return CALLS_ALL.sub("@\u200b", text)
