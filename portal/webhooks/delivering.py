"""Events become deliveries, and deliveries are tried until they are taken or given up.

A job is written in the transaction of the event, where anybody listens. It writes the deliveries; each of them has its
own job, which calls, notes the answer, and plans the next try. At least once: a receiver knows a repetition by its id.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from portal.api import shown
from portal.db import db, utcnow
from portal.jobs import Job, enqueue, job
from portal.sla.quote import utc
from portal.tickets.credentials import decrypt
from portal.tickets.news import GIVEN_UP, News
from portal.tickets.ticket import Message, TicketEvent
from portal.web import settings
from portal.webhooks import calling, letters
from portal.webhooks.webhook import PREFIX, Delivery, Webhook, new_message_id

# What is told, by the kind of the event in the log. Notes, warnings and whatever else is of the inside are not.
KINDS = {
    "received": "ticket.created",
    "customer_replied": "ticket.replied",
    "agent_replied": "ticket.replied",
    "triaged": "ticket.triaged",
    "severity_changed": "ticket.triaged",
    "breached": "ticket.late",
    "resolved": "ticket.resolved",
    "reopened": "ticket.reopened",
    "rated": "ticket.rated",
    "closed": "ticket.closed",
}
TEST = "test"
# After the first failure, the second …: 32 hours in all, as Standard Webhooks advises; then it is given up.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (0.1, 5, 30, 120, 300, 600, 840))
REST = timedelta(minutes=1)
GONE = 410  # the receiver's word for: don't come again
KEPT_FOR = timedelta(days=30)
TOLD_EVERY = timedelta(days=1)


@event.listens_for(Session, "after_flush")
def _notice_new_events(session: Session, _context: Any) -> None:
    """In the transaction of the event, and only where somebody listens."""
    told = [row for row in session.new if isinstance(row, TicketEvent) and row.kind in KINDS]
    if not told:
        return
    groups = {row.ticket.organisation_id for row in told}
    if session.execute(Webhook.told_of(list(groups)).with_only_columns(Webhook.id).limit(1)).first():
        ids = [row.id for row in told]
        session.add(Job(kind="announce", payload={"event_ids": ids}, run_after=utcnow()))


@job("announce")
def announce(event_ids: list[int]) -> None:
    """Write a delivery for each webhook that is to hear of an event; a second run writes none twice."""
    for found in db.session.scalars(select(TicketEvent).where(TicketEvent.id.in_(event_ids)).order_by(TicketEvent.id)):
        told = select(Delivery.webhook_id).where(Delivery.event_id == found.id)
        listening = Webhook.told_of([found.ticket.organisation_id]).where(Webhook.id.not_in(told))
        for webhook in db.session.scalars(listening).all():
            is_desks = webhook.organisation_id is None
            data = {"ticket": shown.ticket_in_list(found.ticket, desk=is_desks), "message": message_of(found)}
            begin(webhook, KINDS[found.kind], data, at=found.at, event_id=found.id)


def message_of(found: TicketEvent) -> shown.Shown | None:
    """What was said with the event; never a note."""
    key = found.detail.get("message")
    query = select(Message).where(Message.id == key, Message.ticket_id == found.ticket_id, Message.kind != "note")
    said = db.session.scalar(query) if key else None
    return shown.message(said) if said else None


def begin(webhook: Webhook, kind: str, data: shown.Shown, *, at: datetime, event_id: int | None = None) -> Delivery:
    """Write a delivery and the job that makes it."""
    body = json.dumps({"type": kind, "timestamp": utc(at), "data": data}, ensure_ascii=False)
    delivery = Delivery(
        webhook_id=webhook.id, event_id=event_id, message_id=new_message_id(), kind=kind, body=body, created_at=utcnow()
    )
    db.session.add(delivery)
    db.session.flush()
    enqueue("call_webhook", delivery_id=delivery.id)
    return delivery


def begin_test(webhook: Webhook, *, now: datetime) -> Delivery:
    """An event of no ticket, to see whether it arrives."""
    return begin(webhook, TEST, {"ticket": None, "message": None}, at=now)


def begin_again(delivery: Delivery) -> None:
    """Once more, with the same id and body."""
    delivery.state, delivery.attempts, delivery.next_at = "pending", 0, None
    delivery.webhook.rest_until = None
    enqueue("call_webhook", delivery_id=delivery.id)


@job("call_webhook")
def call(delivery_id: int) -> None:
    """Try one delivery, and plan the next try if it failed. No transaction is open while the other side answers."""
    now, delivery = utcnow(), db.session.get(Delivery, delivery_id)
    if delivery is None or delivery.state != "pending" or (delivery.next_at and delivery.next_at > now):
        return
    webhook = delivery.webhook
    if not webhook.is_told:
        delivery.state = "dead"
        return
    if webhook.rest_until and webhook.rest_until > now:
        wait_until(delivery, webhook.rest_until)
        return
    url, body, secret = webhook.url, delivery.body.encode(), decrypt(webhook.sealed)
    headers = signed(delivery.message_id, body, secret, now=now)
    db.session.rollback()
    status: int | None = None
    failure: str | None = None
    try:
        status = calling.post(url, body, headers, inside=settings().webhooks_inside)
    except calling.NotCalled as reason:
        failure = str(reason)
    note(delivery_id, status, failure, now=utcnow())


def note(delivery_id: int, status: int | None, failure: str | None, *, now: datetime) -> None:
    """Keep the answer. A webhook that was removed meanwhile took its deliveries along."""
    delivery = db.session.get(Delivery, delivery_id, with_for_update={"of": Delivery})
    if delivery is None:
        return
    webhook = delivery.webhook
    delivery.status, delivery.failure, delivery.tried_at, delivery.next_at = status, failure, now, None
    delivery.attempts += 1
    if status is not None and 200 <= status < 300:
        delivery.state, webhook.rest_until = "sent", None
    elif status == GONE:
        delivery.state, webhook.is_on = "dead", False
    elif delivery.attempts > len(WAITS):
        delivery.state = "dead"
    else:
        webhook.rest_until = now + REST
        wait_until(delivery, max(now + WAITS[delivery.attempts - 1], now))
    if delivery.state == "dead":
        tell_of_giving_up(delivery, now=now)


def tell_of_giving_up(delivery: Delivery, *, now: datetime) -> None:
    """Write to whoever answers for the webhook, once a day at most: where one delivery ends, the others soon do."""
    db.session.flush()
    webhook = db.session.get_one(Webhook, delivery.webhook_id, with_for_update={"of": Webhook})
    others = (Delivery.webhook_id == webhook.id, Delivery.id != delivery.id, Delivery.state == "dead")
    was_told = select(Delivery.id).where(*others, Delivery.tried_at > now - TOLD_EVERY).exists()
    if webhook.is_kept and not db.session.scalar(select(was_told)):
        letters.send_given_up(webhook, webhook.made_by)
        db.session.add(News(user_id=webhook.made_by_id, kind=GIVEN_UP, at=now))


def wait_until(delivery: Delivery, at: datetime) -> None:
    delivery.next_at = at
    enqueue("call_webhook", run_after=at, delivery_id=delivery.id)


def signed(message_id: str, body: bytes, secret: str, *, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0: id, time, and the HMAC-SHA256 of both with the body."""
    stamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Foyer-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def forget_deliveries(*, now: datetime) -> int:
    """Remove what is done for long; returns how many."""
    old = (Delivery.created_at < now - KEPT_FOR, Delivery.state != "pending")
    return len(db.session.execute(delete(Delivery).where(*old).returning(Delivery.id)).all())
