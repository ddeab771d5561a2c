"""The provider's events as they are kept: each once, until nobody needs them."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal.billing.payment import ProviderEvent
from portal.billing.provider.following import LOOKS
from portal.db import db
from portal.jobs import enqueue

KEPT_FOR = timedelta(days=90)  # the provider tells nothing again after three


def read(text: str) -> ProviderEvent:
    """The event, not yet kept. Raises ValueError, KeyError, TypeError, OverflowError or OSError for what is none."""
    event = json.loads(text)
    row = ProviderEvent(event_id=event["id"], kind=event["type"], body=text)
    row.happened_at = datetime.fromtimestamp(event["created"], UTC)
    if not isinstance(row.event_id, str) or not isinstance(row.kind, str) or len(row.event_id) > 100:
        raise ValueError
    if len(row.kind) > 80 or not isinstance(event["data"]["object"], dict):
        raise ValueError
    return row


def keep(row: ProviderEvent, *, now: datetime) -> bool:
    """Store an event, with the job that looks; False for one that is there. Those of no concern are stored as done."""
    if db.session.scalar(select(ProviderEvent.id).where(ProviderEvent.event_id == row.event_id)) is not None:
        return False
    row.received_at = now
    row.applied_at = None if about(row) in LOOKS else now
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:  # the same one at the same time
        return False
    if row.applied_at is None:
        enqueue("apply_provider_event", event_id=row.id)
    return True


def forget_events(*, now: datetime) -> int:
    """Remove events that were looked at long ago: names and addresses stand in them. Returns how many."""
    old = (ProviderEvent.applied_at.is_not(None), ProviderEvent.received_at < now - KEPT_FOR)
    return len(db.session.execute(delete(ProviderEvent).where(*old).returning(ProviderEvent.id)).all())


def about(row: ProviderEvent) -> str:
    """The kind of thing that it tells of."""
    return str(json.loads(row.body)["data"]["object"].get("object"))
