"""Money given back through the provider, once."""

from datetime import datetime, timedelta
from typing import Any

from portal.billing import payments
from portal.billing.payment import PENDING, Refund
from portal.billing.provider import taking
from portal.billing.provider.gateway import (
    UNREACHABLE,
    BrokenDown,
    Declined,
    NotTaken,
    Unreachable,
    keyed,
    provider,
    to_provider,
)
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job

LONGEST_WAIT = timedelta(hours=1)


@job("send_refund")
def send_refund(refund_id: int) -> None:
    """Ask for a refund, or look what became of it. Asked as often as it takes, by the refund's own key. Commits."""
    refund = db.session.get(Refund, refund_id)
    if refund is None or refund.state != PENDING or not refund.payment.provider_id:
        return
    key, turn, sent, in_doubt = refund.key, refund.turn, refund.provider_id, refund.trouble == UNREACHABLE
    intent_id = refund.payment.provider_id
    amount = to_provider(refund.amount, refund.payment.currency)
    asked: Any = {"payment_intent": intent_id, "amount": amount, "metadata": {"refund": key}}
    db.session.rollback()
    try:
        with provider() as ask:
            found = ask(lambda v1: v1.refunds.retrieve(sent)) if sent else None
            if found is None and in_doubt:
                listed = ask(lambda v1: v1.refunds.list(params={"payment_intent": intent_id, "limit": 100}))["data"]
                found = next((one for one in listed if (one.get("metadata") or {}).get("refund") == key), None)
            if found is None:
                found = ask(lambda v1: v1.refunds.create(params=asked, options=keyed(key, turn)))
    except Unreachable as error:
        with writing():
            _ask_again(refund_id, is_broken=isinstance(error, BrokenDown), now=utcnow())
        return
    except (NotTaken, Declined) as error:
        with writing():
            refund = db.session.get_one(Refund, refund_id, with_for_update={"of": Refund})
            if refund.state == PENDING:
                payments.fail_refund(refund, str(error)[:300], now=utcnow())
        return
    with writing():
        taking.take_refund(found, now=utcnow())


def _ask_again(refund_id: int, *, is_broken: bool, now: datetime) -> None:
    refund = db.session.get_one(Refund, refund_id, with_for_update={"of": Refund})
    refund.turn += is_broken
    refund.trouble = UNREACHABLE
    waited = max(now - refund.created_at, timedelta(seconds=30))
    enqueue("send_refund", run_after=now + min(waited, LONGEST_WAIT), refund_id=refund.id)
