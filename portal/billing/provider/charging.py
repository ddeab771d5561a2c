"""Taking money from a saved card or by a mandate, while the customer is away; and what to do when it is refused.

One payment is one intent at the provider, which charges once at most. `tries` counts its answers, `turn` the times it
broke down. Whatever is asked twice is asked with the same key.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.billing import payments
from portal.billing.account import PROVIDER, PaymentMethod
from portal.billing.invoice import INVOICE, OPEN, Invoice
from portal.billing.payment import PENDING, Payment
from portal.billing.provider import taking
from portal.billing.provider.checkout import pending, turns
from portal.billing.provider.gateway import (
    UNREACHABLE,
    Ask,
    BrokenDown,
    Declined,
    Found,
    NotTaken,
    Unreachable,
    is_used,
    keyed,
    provider,
    to_provider,
)
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job
from portal.web import settings

log = logging.getLogger(__name__)

# What another day may change; whatever else a bank says stays so, and the card networks fine who asks again.
PASSING = {
    *("card_declined", "generic_decline", "do_not_honor", "insufficient_funds", "processing_error"),
    *("try_again_later", "issuer_not_available", "reenter_transaction", "approve_with_id"),
    *("card_velocity_exceeded", "withdrawal_count_limit_exceeded"),
}
NO_METHOD = "no_method"
LONGEST_WAIT = timedelta(hours=1)


def collect(invoice: Invoice, *, now: datetime) -> Payment | None:
    """Begin to take an invoice's money from the saved method; None where the customer pays in another way."""
    if not is_used() or invoice.kind != INVOICE or invoice.state != OPEN or invoice.due <= 0:
        return None
    method = default_method(invoice.account_id)
    if invoice.account.pays_by != PROVIDER or method is None or pending(invoice):
        return None
    payment = payments.begin(invoice, way=method.kind, key=f"charge:{invoice.id}:{turns(invoice)}", now=now)
    enqueue("charge_payment", payment_id=payment.id)
    return payment


def default_method(account_id: int) -> PaymentMethod | None:
    mine = select(PaymentMethod).where(PaymentMethod.account_id == account_id, PaymentMethod.removed_at.is_(None))
    return db.session.scalar(mine.where(PaymentMethod.is_default).order_by(PaymentMethod.id.desc()).limit(1))


class Order(NamedTuple):
    """What is to be charged, as it was read."""

    payment_id: int
    mark: str
    key: str
    turn: int
    tries: int
    amount: int
    currency: str
    intent_id: str | None
    customer: str
    method: str
    kind: str
    in_doubt: bool


@job("charge_payment")
def charge(payment_id: int) -> None:
    """Try once. What nobody knows the end of is asked again, what was refused on another day. Commits."""
    with writing():
        order = _read(payment_id, now=utcnow())
        db.session.commit()
    if order is None:
        return
    try:
        with provider() as ask:
            intent = _charged(ask, order)
    except Declined as refused:
        with writing():
            payment = db.session.get_one(Payment, payment_id, with_for_update={"of": Payment})
            payment.provider_id = payment.provider_id or refused.intent_id
            declined(payment, refused.code, now=utcnow())
        return
    except Unreachable as error:
        with writing():
            _ask_again(payment_id, is_broken=isinstance(error, BrokenDown), now=utcnow())
        return
    except NotTaken as error:
        log.error("charge not taken", extra={"payment": payment_id, "code": str(error)})
        with writing():
            payment = db.session.get_one(Payment, payment_id, with_for_update={"of": Payment})
            if payment.state == PENDING:
                payments.fail(payment, str(error), now=utcnow())
        return
    with writing():
        taking.take_intent(intent, now=utcnow())


def _read(payment_id: int, *, now: datetime) -> Order | None:
    """The order, if it is still to be carried out: an invoice that was paid meanwhile isn't charged."""
    payment = db.session.get(Payment, payment_id, with_for_update={"of": Payment})
    if payment is None or payment.state != PENDING or (payment.again_at and payment.again_at > now):
        return None
    invoice, account = payment.invoice, payment.account
    assert invoice is not None
    if invoice.due < payment.amount and not payment.provider_id and payment.trouble != UNREACHABLE:
        payments.cancel(payment, now=now)
        return None
    method = default_method(account.id)
    if method is None or account.provider_customer is None:
        payments.fail(payment, NO_METHOD, now=now)
        return None
    in_doubt, payment.again_at = payment.trouble == UNREACHABLE, None
    ids = (payment.id, payment.public_id, payment.key, payment.turn, payment.tries, payment.amount, payment.currency)
    return Order(*ids, payment.provider_id, account.provider_customer, method.provider_id, method.kind, in_doubt)


def _charged(ask: Ask, order: Order) -> Found:
    """The intent after it was asked to charge. One that is there already is never made again."""
    intent = ask(lambda v1: v1.payment_intents.retrieve(order.intent_id or "")) if order.intent_id else None
    if intent is None and order.in_doubt:
        intent = _found_again(ask, order)
    if intent is None:
        made: Any = {
            "amount": to_provider(order.amount, order.currency),
            "currency": order.currency.lower(),
            "customer": order.customer,
            "payment_method": order.method,
            "payment_method_types": [order.kind],
            "confirm": True,
            "off_session": True,
            "metadata": {"payment": order.mark},
        }
        return ask(lambda v1: v1.payment_intents.create(params=made, options=keyed(order.key, order.turn)))
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        return intent
    again: Any = {"payment_method": order.method, "off_session": True}
    intent_id, key = intent["id"], f"{order.key}:again:{order.tries}"
    return ask(lambda v1: v1.payment_intents.confirm(intent_id, params=again, options=keyed(key, order.turn)))


def _found_again(ask: Ask, order: Order) -> Found | None:
    """The intent that a request made whose answer never came."""
    listed: Any = {"customer": order.customer, "limit": 100}
    intents = ask(lambda v1: v1.payment_intents.list(params=listed))["data"]
    found = [one for one in intents if one["metadata"].get("payment") == order.mark]
    return found[0] if found else None


def _ask_again(payment_id: int, *, is_broken: bool, now: datetime) -> None:
    """Later, for as long as it takes: nobody knows whether money moved, so nothing else may take its place."""
    payment = db.session.get_one(Payment, payment_id, with_for_update={"of": Payment})
    if payment.state != PENDING:
        return
    waited = max(now - payment.created_at, timedelta(seconds=30))
    payment.turn += is_broken
    payment.trouble, payment.again_at = UNREACHABLE, now + min(waited, LONGEST_WAIT)
    enqueue("charge_payment", run_after=payment.again_at, payment_id=payment.id)


def declined(payment: Payment, code: str, *, now: datetime) -> None:
    """Plan the next try, or give up and tell the customer. Told twice of one refusal, it plans once."""
    if payment.state != PENDING or (payment.again_at is not None and payment.trouble != UNREACHABLE):
        return
    days = settings().stripe_retry_days
    payment.trouble, payment.tries = code[:300], payment.tries + 1
    if code not in PASSING or payment.tries > len(days):
        payment.again_at = None
        payments.fail(payment, code[:300], now=now)
        return
    payment.again_at = now + timedelta(days=int(days[payment.tries - 1]))
    enqueue("charge_payment", run_after=payment.again_at, payment_id=payment.id)
