"""Each night: what the provider has told that never came here, and whether both sides say the same."""

import json
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from huey import crontab
from sqlalchemy import select

from portal.billing import payments
from portal.billing.payment import PENDING, SUCCEEDED, Payment, ProviderEvent, Refund
from portal.billing.provider.checkout import OPEN_FOR
from portal.billing.provider.following import LOOKS, waiting
from portal.billing.provider.gateway import Ask, Found, from_provider, is_used, provider
from portal.billing.provider.keeping import about, keep, read
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job

BACK = timedelta(days=3)  # so long the provider tries to deliver an event; it can be listed for thirty
OLD = timedelta(hours=1)
PAGES = 500  # of a hundred


def init_reconciling(app: Flask) -> None:
    """At night, at a minute of its own."""

    @app.extensions["queue"].periodic_task(crontab(hour="2", minute="23"), name="reconcile_provider")
    def each_night() -> None:
        with app.app_context(), writing():
            if is_used():
                enqueue("reconcile_provider")
                db.session.commit()


@job("reconcile_provider")
def reconcile() -> None:
    """Fetch events that got lost, ask for jobs that died, and look at all whose end isn't known. Commits."""
    now = utcnow()
    with provider(is_patient=True) as ask:
        events = list(_all(ask, "events", {"created": {"gte": int((now - BACK).timestamp())}}))
    with writing():
        for event in events:
            row = read(json.dumps(event))
            if about(row) in LOOKS:
                keep(row, now=now)
        stuck = ProviderEvent.applied_at.is_(None) & (ProviderEvent.received_at < now - OLD)
        for event_id in db.session.scalars(select(ProviderEvent.id).where(stuck).order_by(ProviderEvent.id)):
            enqueue("apply_provider_event", event_id=event_id)
        for payment in db.session.scalars(_never_shown(now)):
            payments.cancel(payment, now=now)
        for payment_id in waiting():
            enqueue("follow_payment", payment_id=payment_id)
        for payment_id in db.session.scalars(_unsent(now)):
            enqueue("charge_payment", payment_id=payment_id)
        sent = Refund.provider_id.is_not(None) | (Refund.created_at < now - OLD)
        for refund_id in db.session.scalars(select(Refund.id).where(Refund.state == PENDING, sent)):
            enqueue("send_refund", refund_id=refund_id)
        db.session.commit()


def _never_shown(now: datetime) -> Any:
    """Payments at a payment page that nobody was ever sent to: the provider was away, or the process died."""
    mine = select(Payment).where(Payment.state == PENDING, Payment.key.startswith("checkout:"))
    unknown = Payment.checkout_id.is_(None) & Payment.provider_id.is_(None)
    return mine.where(unknown, Payment.created_at < now - OPEN_FOR).order_by(Payment.id).with_for_update()


def _unsent(now: datetime) -> Any:
    """Charges whose job died before the provider heard of them."""
    mine = select(Payment.id).where(Payment.state == PENDING, Payment.key.startswith("charge:"))
    return mine.where(Payment.created_at < now - OLD, Payment.again_at.is_(None) | (Payment.again_at < now - OLD))


def differences(since: datetime) -> list[str]:
    """Where the provider's payments of these days and ours say different things; asks the provider."""
    found = []
    with provider(is_patient=True) as ask:
        intents = list(_all(ask, "payment_intents", {"created": {"gte": int(since.timestamp())}}))
    there = {one["id"]: one for one in intents}
    for payment in db.session.scalars(select(Payment).where(Payment.provider_id.in_(list(there)))):
        intent = there.pop(payment.provider_id or "")
        currency = str(intent["currency"]).upper()
        received = int(intent.get("amount_received", intent["amount"]) or 0)
        amount = from_provider(received, currency)
        is_paid = intent["status"] == "succeeded"
        if is_paid != (payment.state == SUCCEEDED):
            found.append(f"payment {payment.public_id}: {payment.state} here, {intent['status']} at the provider")
        elif is_paid and (amount, currency) != (payment.amount, payment.currency):
            found.append(f"payment {payment.public_id}: {payment.amount} here, {amount} at the provider")
    strange = [one for one in there.values() if one["metadata"].get("payment") and one["status"] == "succeeded"]
    found += [f"payment intent {one['id']}: succeeded at the provider, unknown here" for one in strange]
    lost = select(Payment).where(Payment.provider_id.is_not(None), Payment.created_at >= since)
    for payment in db.session.scalars(lost.where(Payment.provider_id.not_in([one["id"] for one in intents]))):
        found.append(f"payment {payment.public_id}: unknown at the provider")
    return found + _refunds(since)


def _refunds(since: datetime) -> list[str]:
    with provider(is_patient=True) as ask:
        given = list(_all(ask, "refunds", {"created": {"gte": int(since.timestamp())}}))
    there = {one["id"] for one in given if one["status"] == "succeeded"}
    ours = select(Refund.provider_id).where(Refund.provider_id.in_(there), Refund.state == SUCCEEDED)
    missing = there - set(db.session.scalars(ours))
    known = select(Payment.provider_id).where(Payment.provider_id.in_([one["payment_intent"] for one in given]))
    payers = set(db.session.scalars(known))
    late = [one["id"] for one in given if one["id"] in missing and one["payment_intent"] in payers]
    lost = select(Refund.provider_id).where(Refund.state == SUCCEEDED, Refund.provider_id.is_not(None))
    ours_only = set(db.session.scalars(lost.where(Refund.created_at >= since))) - there
    return [
        *(f"refund {refund_id}: succeeded at the provider, not here" for refund_id in sorted(late)),
        *(f"refund {refund_id}: succeeded here, not at the provider" for refund_id in sorted(map(str, ours_only))),
    ]


def _all(ask: Ask, what: str, params: dict[str, Any]) -> list[Found]:
    """All of a list, page by page."""
    rows: list[Found] = []
    for _page in range(PAGES):
        asked: Any = params | {"limit": 100} | ({"starting_after": rows[-1]["id"]} if rows else {})
        page = ask(lambda v1, asked=asked: getattr(v1, what).list(params=asked))  # type: ignore[misc]
        rows += page["data"]
        if not page["has_more"]:
            break
    return rows
