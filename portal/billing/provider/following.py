"""Looking at a thing at the provider and taking over how it stands: after an event, after a return, or by the clock."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from portal.billing.payment import CANCELLED, PENDING, Payment, ProviderEvent
from portal.billing.provider import taking
from portal.billing.provider.gateway import Ask, Found, NotTaken, provider
from portal.billing.provider.methods import take_method
from portal.db import db, utcnow, writing
from portal.jobs import job

Take = Callable[[], str]
WITH_CHARGE: Any = {"expand": ["latest_charge"]}


@job("apply_provider_event")
def apply_event(event_id: int) -> None:
    """An event only says where to look: what it tells may be old, and another may have come first."""
    row = db.session.get(ProviderEvent, event_id)
    if row is None or row.applied_at is not None:
        return
    thing = json.loads(row.body)["data"]["object"]
    db.session.rollback()
    trouble = look_at(str(thing.get("object")), str(thing.get("id")))
    row = db.session.get_one(ProviderEvent, event_id)
    row.applied_at, row.trouble = utcnow(), trouble


def look_at(kind: str, thing_id: str) -> str:
    """Ask how the thing stands, then take it over; a word for what was wrong. The caller commits."""
    look = LOOKS.get(kind)
    if look is None:
        return ""
    try:
        with provider() as ask:
            takes = look(ask, thing_id)
    except NotTaken as error:
        return str(error)
    with writing():
        return " ".join(trouble for take in takes if (trouble := take()))


def _intent(ask: Ask, thing_id: str) -> list[Take]:
    intent = ask(lambda v1: v1.payment_intents.retrieve(thing_id, params=WITH_CHARGE))
    takes = [lambda: taking.take_intent(intent, now=utcnow())]
    if intent["status"] == "requires_payment_method" and (page := _known(intent_id=thing_id)[0]):
        session = ask(lambda v1: v1.checkout.sessions.retrieve(page))
        takes.append(lambda: taking.take_session(session, intent, now=utcnow()))
    return takes


def _session(ask: Ask, thing_id: str) -> list[Take]:
    session = ask(lambda v1: v1.checkout.sessions.retrieve(thing_id))
    if session["mode"] == "setup":
        return _setup(ask, session["setup_intent"]) if session["status"] == "complete" else []
    intent_id = session.get("payment_intent") or _known(page=thing_id)[1]
    intent = ask(lambda v1: v1.payment_intents.retrieve(intent_id, params=WITH_CHARGE)) if intent_id else None
    takes = [lambda: taking.take_intent(intent, now=utcnow())] if intent else []
    return [*takes, lambda: taking.take_session(session, intent, now=utcnow())]


def _known(*, intent_id: str | None = None, page: str | None = None) -> tuple[str | None, str | None]:
    """(payment page, intent) of our payment with either, as far as we have heard of them."""
    same = Payment.provider_id == intent_id if intent_id else Payment.checkout_id == page
    row = db.session.execute(select(Payment.checkout_id, Payment.provider_id).where(same)).first()
    db.session.rollback()
    return (row[0], row[1]) if row else (None, None)


def _setup(ask: Ask, thing_id: str) -> list[Take]:
    setup = ask(lambda v1: v1.setup_intents.retrieve(thing_id))
    if setup["status"] != "succeeded" or not setup.get("payment_method"):
        return []
    return _method(ask, setup["payment_method"])


def _method(ask: Ask, thing_id: str) -> list[Take]:
    method = ask(lambda v1: v1.payment_methods.retrieve(thing_id))
    return [lambda: take_method(method, now=utcnow())]


def _charge(ask: Ask, thing_id: str) -> list[Take]:
    intent_id = ask(lambda v1: v1.charges.retrieve(thing_id)).get("payment_intent")
    if not intent_id:
        return []
    refunds = ask(lambda v1: v1.refunds.list(params={"payment_intent": intent_id, "limit": 100}))["data"]
    return [*_intent(ask, intent_id), *(_taken_refund(found) for found in refunds)]


def _refund(ask: Ask, thing_id: str) -> list[Take]:
    return [_taken_refund(ask(lambda v1: v1.refunds.retrieve(thing_id)))]


def _taken_refund(found: Found) -> Take:
    return lambda: taking.take_refund(found, now=utcnow())


def _dispute(ask: Ask, thing_id: str) -> list[Take]:
    dispute = ask(lambda v1: v1.disputes.retrieve(thing_id))
    return [lambda: taking.take_dispute(dispute, now=utcnow())]


LOOKS: dict[str, Callable[[Ask, str], list[Take]]] = {
    "payment_intent": _intent,
    "checkout.session": _session,
    "setup_intent": _setup,
    "payment_method": _method,
    "charge": _charge,
    "refund": _refund,
    "dispute": _dispute,
}


@job("follow_payment")
def follow_payment(payment_id: int) -> None:
    """How a payment stands: after the customer came back, when its page has expired, each night."""
    payment = db.session.get(Payment, payment_id)
    if payment is None or payment.state not in (PENDING, CANCELLED):
        return
    session, intent = payment.checkout_id, payment.provider_id
    db.session.rollback()
    if session:
        look_at("checkout.session", session)
    elif intent:
        look_at("payment_intent", intent)


@job("follow_setup")
def follow_setup(session_id: str) -> None:
    """The customer came back from leaving a card: it needn't wait for the event."""
    db.session.rollback()
    look_at("checkout.session", session_id)


@job("drop_payment")
def drop_payment(payment_id: int) -> None:
    """A payment that another takes the place of is called off at the provider; if it is too late, it counts."""
    payment = db.session.get(Payment, payment_id)
    if payment is None or payment.state != CANCELLED:
        return
    session, intent = payment.checkout_id, payment.provider_id
    db.session.rollback()
    try:
        with provider() as ask:
            if intent:
                ask(lambda v1: v1.payment_intents.cancel(intent))
            elif session:
                ask(lambda v1: v1.checkout.sessions.expire(session))
    except NotTaken:
        look_at("checkout.session" if session else "payment_intent", session or intent or "")


def waiting() -> list[int]:
    """Payments that the provider has, of which nobody knows the end."""
    mine = select(Payment.id).where(Payment.state == PENDING)
    known = Payment.provider_id.is_not(None) | Payment.checkout_id.is_not(None)
    return list(db.session.scalars(mine.where(known).order_by(Payment.id)))
