"""What the provider says of a payment, a refund or a dispute, taken over into ours.

Each takes the thing as it stands now, never a change: so it doesn't matter in which order, how often or how late we
hear. The caller has begun to write.
"""

import logging
from datetime import datetime

from sqlalchemy import select

from portal.billing import payments
from portal.billing.payment import PENDING, SUCCEEDED, WAYS, Payment, Refund
from portal.billing.provider.gateway import Found, from_provider
from portal.db import db

log = logging.getLogger(__name__)

NOT_OURS = "not ours"
DIFFERS = "amount_differs"


def take_intent(intent: Found, *, now: datetime) -> str:
    """A payment intent. What is wrong with it, in a word; empty where nothing is."""
    payment = _payment_of(intent)
    if payment is None:
        return NOT_OURS
    if payment.provider_id not in (None, intent["id"]):
        if intent["status"] != "succeeded":
            return ""
        if payment.state == SUCCEEDED:  # that must not be: somebody has to look, and give one back
            log.error("paid twice at the provider", extra={"payment": payment.public_id, "intent": intent["id"]})
            return "paid twice"
    payment.provider_id = intent["id"]
    status, charge = intent["status"], intent.get("latest_charge")
    if isinstance(charge, dict):
        kind = (charge.get("payment_method_details") or {}).get("type")
        payment.way = kind if kind in WAYS else payment.way
    if status == "succeeded" and payment.state != SUCCEEDED:
        return _settle(payment, intent, now=now)
    if status == "canceled" and payment.state == PENDING:
        payments.cancel(payment, now=now)
    error = intent.get("last_payment_error")
    if status == "requires_payment_method" and error and payment.key.startswith("charge:"):
        from portal.billing.provider.charging import declined

        declined(payment, code_of(error), now=now)
    return ""


def _settle(payment: Payment, intent: Found, *, now: datetime) -> str:
    currency = str(intent["currency"]).upper()
    received = int(intent.get("amount_received", intent["amount"]) or 0)
    if currency != payment.currency or from_provider(received, currency) != payment.amount:
        payment.trouble = DIFFERS
        log.error("the provider received another amount", extra={"payment": payment.public_id, "intent": intent["id"]})
        return DIFFERS
    payment.trouble, payment.again_at = "", None
    payments.settle(payment, now=now)
    return ""


def _payment_of(intent: Found) -> Payment | None:
    locked = select(Payment).with_for_update(of=Payment)
    found = db.session.scalar(locked.where(Payment.provider_id == intent["id"]))
    mark = (intent.get("metadata") or {}).get("payment")
    return found or (db.session.scalar(locked.where(Payment.public_id == mark)) if mark else None)


def take_session(session: Found, intent: Found | None, *, now: datetime) -> str:
    """A payment page, whose intent, if it has one, was taken before: when it is closed, there is no other try."""
    locked = select(Payment).with_for_update(of=Payment)
    payment = db.session.scalar(locked.where(Payment.checkout_id == session["id"]))
    if payment is None:
        return NOT_OURS
    may_come = intent is not None and intent["status"] in ("succeeded", "processing")
    if payment.state != PENDING or may_come or session["status"] == "open":
        return ""
    error = (intent or {}).get("last_payment_error")
    if session["status"] == "expired":
        payments.cancel(payment, now=now)
    elif error:  # a debit that came back after days
        payments.fail(payment, code_of(error), now=now)
    return ""


def code_of(error: Found) -> str:
    """Why it was refused, in the provider's word."""
    return str(error.get("decline_code") or error.get("code") or "card_declined")[:300]


def take_refund(found: Found, *, now: datetime) -> str:
    """A refund; one that was made at the provider's own desk is taken over."""
    locked = select(Refund).with_for_update(of=Refund)
    refund = db.session.scalar(locked.where(Refund.provider_id == found["id"]))
    mark = (found.get("metadata") or {}).get("refund")
    if refund is None and mark:
        refund = db.session.scalar(locked.where(Refund.key == mark))
    if refund is None:
        refund = _strange(found, now=now)
    if refund is None:
        return NOT_OURS
    refund.provider_id = found["id"]
    if found["status"] == "succeeded" and refund.state != SUCCEEDED:
        refund.trouble = ""
        payments.settle_refund(refund, now=now)
    elif found["status"] in ("failed", "canceled") and refund.state == PENDING:
        payments.fail_refund(refund, str(found.get("failure_reason") or found["status"]), now=now)
    elif found["status"] in ("failed", "canceled") and refund.state == SUCCEEDED:  # the bank sent it back later
        log.error("a refund came back", extra={"refund": refund.id, "provider": found["id"]})
        return "refund came back"
    return ""


def _strange(found: Found, *, now: datetime) -> Refund | None:
    locked = select(Payment).with_for_update(of=Payment)
    payment = db.session.scalar(locked.where(Payment.provider_id == found.get("payment_intent")))
    if payment is None or found["status"] in ("failed", "canceled"):
        return None
    amount = from_provider(found["amount"], str(found["currency"]).upper())
    refund = Refund(
        payment_id=payment.id, amount=amount, key=f"provider:{found['id']}", provider_id=found["id"], created_at=now
    )
    refund.payment = payment
    db.session.add(refund)
    db.session.flush()
    return refund


def take_dispute(dispute: Found, *, now: datetime) -> str:
    """A chargeback: open, won or lost."""
    locked = select(Payment).with_for_update(of=Payment)
    payment = db.session.scalar(locked.where(Payment.provider_id == dispute.get("payment_intent")))
    if payment is None:
        return NOT_OURS
    lost = {"lost": True, "won": False, "warning_closed": False, "prevented": False}.get(dispute["status"])
    payments.dispute(payment, lost, now=now)
    return ""
