"""The provider's own pages: the customer is sent there to pay or to leave a card or a mandate, and comes back.

Card data never touches us. What came of it is told by the provider's events, or by a look after the return.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from portal.accounts.people import User
from portal.billing import payments
from portal.billing.account import BillingAccount
from portal.billing.invoice import INVOICE, OPEN, Invoice
from portal.billing.payment import PENDING, Payment
from portal.billing.provider.gateway import (
    UNREACHABLE,
    Ask,
    BrokenDown,
    Found,
    NotTaken,
    keyed,
    provider_for_page,
    to_provider,
)
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.jobs import enqueue
from portal.web import settings

LANGUAGES = ("da", "de", "en", "nl", "ru", "zh")  # of its pages, as far as we speak them
OPEN_FOR = timedelta(hours=24, minutes=5)  # then a payment page has expired, and we look what came of it


class Over(Exception):
    """The payment page was there already and is closed; `is_paid` says whether the customer went through it."""

    def __init__(self, is_paid: bool) -> None:
        super().__init__()
        self.is_paid = is_paid


def pay(invoice: Invoice, person: User, *, now: datetime) -> str:
    """The address of the page where this person pays the invoice. Commits. Raises Refused and Unreachable.

    One payment at a time: whoever presses twice, or in two windows, comes to the same page.
    """
    key = invoice.id
    for _round in range(2):
        held = db.session.get_one(Invoice, key, with_for_update={"of": Invoice}, populate_existing=True)
        payment = payment_for(held, now=now)
        payment_id = payment.id
        try:
            return begin_checkout(payment, person)
        except Over as over:
            enqueue("follow_payment", payment_id=payment_id)
            if over.is_paid:
                db.session.commit()
                break
            payments.cancel(db.session.get_one(Payment, payment_id), now=now)
            db.session.commit()
    raise Refused(_("A payment of this invoice is on its way already."))


def payment_for(invoice: Invoice, *, now: datetime) -> Payment:
    """The payment that waits at the payment page, or a new one. The invoice is locked. Raises Refused."""
    if invoice.kind != INVOICE or invoice.state != OPEN or invoice.due <= 0:
        raise Refused(_("There is nothing to pay any more."))
    for waiting in pending(invoice):
        if waiting.key.startswith("checkout:") and not waiting.provider_id and waiting.amount == invoice.due:
            return waiting
        was_refused = waiting.key.startswith("charge:") and waiting.again_at and waiting.trouble != UNREACHABLE
        if not was_refused and (waiting.provider_id or waiting.key.startswith("charge:")):
            raise Refused(_("A payment of this invoice is on its way already."))
        payments.cancel(waiting, now=now)
        enqueue("drop_payment", payment_id=waiting.id)
    way = "card"  # until the provider says what they chose
    return payments.begin(invoice, way=way, key=f"checkout:{invoice.id}:{turns(invoice)}", now=now)


def pending(invoice: Invoice) -> list[Payment]:
    """The invoice's payments at the provider that may still come to something."""
    mine = select(Payment).where(Payment.invoice_id == invoice.id, Payment.state == PENDING)
    keys = Payment.key.startswith("checkout:") | Payment.key.startswith("charge:")
    return list(db.session.scalars(mine.where(keys).order_by(Payment.id).with_for_update()))


def turns(invoice: Invoice) -> int:
    """How many payments were begun for it."""
    count = select(func.count()).select_from(Payment).where(Payment.invoice_id == invoice.id)
    return db.session.scalar(count) or 0


class Payer(NamedTuple):
    """What the provider keeps of an account."""

    account_id: int
    public_id: str
    customer: str | None
    name: str
    email: str
    lang: str
    currency: str

    @classmethod
    def of(cls, account: BillingAccount, person: User) -> "Payer":
        names = (account.id, account.public_id, account.provider_customer, account.legal_name)
        return cls(*names, person.email, account.lang, account.currency)

    def known(self, ask: Ask) -> str:
        """Its id there; it is made when it is first needed."""
        if self.customer:
            return self.customer
        params: Any = {"name": self.name, "email": self.email, "metadata": {"account": self.public_id}}
        made: str = ask(lambda v1: v1.customers.create(params=params))["id"]
        with writing():
            mine = update(BillingAccount).where(BillingAccount.id == self.account_id)
            db.session.execute(mine.where(BillingAccount.provider_customer.is_(None)).values(provider_customer=made))
            db.session.commit()
            stands = select(BillingAccount.provider_customer).where(BillingAccount.id == self.account_id)
            customer: str = db.session.scalars(stands).one() or made
            db.session.rollback()
        return customer


def begin_checkout(payment: Payment, person: User) -> str:
    """The address of the payment page. Commits before it asks: the provider hears of no payment that isn't written.

    Raises Over, Unreachable and Refused.
    """
    payment_id, checkout_id, key, turn = payment.id, payment.checkout_id, payment.key, payment.turn
    payer, params = Payer.of(payment.account, person), session_of(payment)
    db.session.commit()
    try:
        with provider_for_page() as ask:
            if checkout_id:
                return _open(ask(lambda v1: v1.checkout.sessions.retrieve(checkout_id)))
            asked: Any = params | {"customer": payer.known(ask)}
            session = ask(lambda v1: v1.checkout.sessions.create(params=asked, options=keyed(key, turn)))
    except BrokenDown:
        _note(payment_id, turn=turn + 1)
        raise
    except NotTaken as error:
        if str(error) == "resource_missing":  # the customer was removed there: the next try makes another
            forget_customer(payer)
            _note(payment_id, turn=turn + 1)
        raise Refused(_("The payment page does not take this payment. Please pay by transfer.")) from error
    _note(payment_id, checkout_id=session["id"])
    return _open(session)


def session_of(payment: Payment) -> Found:
    """What the page is asked for. The same for the same payment, as the same key must ask for the same."""
    invoice, config = payment.invoice, settings()
    assert invoice is not None
    base, organisation_id = config.base_url.rstrip("/"), payment.account.organisation_id
    back = url_for("billing.came_back", organisation_id=organisation_id, public_id=payment.public_id)
    page = url_for("billing.invoice", organisation_id=organisation_id, public_id=invoice.public_id)
    mark = {"payment": payment.public_id}
    price = {
        "currency": payment.currency.lower(),
        "unit_amount": to_provider(payment.amount, payment.currency),
        "product_data": {"name": f"{config.brand_name} {invoice.number}"},
    }
    return {
        "mode": "payment",
        "client_reference_id": payment.public_id,
        "line_items": [{"quantity": 1, "price_data": price}],
        "payment_method_types": ways(payment.currency),
        "payment_intent_data": {"metadata": mark, "description": invoice.number},
        "metadata": mark,
        "locale": language(payment.account.lang),
        "success_url": f"{base}{back}",
        "cancel_url": f"{base}{page}",
    }


def begin_setup(account: BillingAccount, person: User) -> str:
    """The address of the page where a card or a mandate is left. Commits. Raises Unreachable and Refused."""
    payer, base = Payer.of(account, person), settings().base_url.rstrip("/")
    page = f"{base}{url_for('billing.methods', organisation_id=account.organisation_id)}"
    back = f"{base}{url_for('billing.method_left', organisation_id=account.organisation_id)}"
    db.session.commit()
    with provider_for_page() as ask:
        params: Any = {
            "mode": "setup",
            "customer": payer.known(ask),
            "payment_method_types": ways(payer.currency),
            "metadata": {"account": payer.public_id},
            "locale": language(payer.lang),
            "success_url": f"{back}?session={{CHECKOUT_SESSION_ID}}",
            "cancel_url": page,
        }
        try:
            return _open(ask(lambda v1: v1.checkout.sessions.create(params=params)))
        except NotTaken as error:
            if str(error) == "resource_missing":
                forget_customer(payer)
            raise Refused(_("No payment method can be saved at the moment.")) from error


def ways(currency: str) -> list[str]:
    """Direct debits are in euros only."""
    return ["card", "sepa_debit"] if currency == "EUR" else ["card"]


def language(lang: str) -> str:
    return lang if lang in LANGUAGES else "auto"


def forget_customer(payer: Payer) -> None:
    """The provider knows them no more."""
    with writing():
        mine = update(BillingAccount).where(BillingAccount.id == payer.account_id)
        gone = mine.where(BillingAccount.provider_customer == payer.customer).values(provider_customer=None)
        db.session.execute(gone)
        db.session.commit()


def _open(session: Found) -> str:
    if session.get("status", "open") != "open" or not session.get("url"):
        raise Over(session.get("status") == "complete")
    return str(session["url"])


def _note(payment_id: int, **values: Any) -> None:
    with writing():
        db.session.execute(update(Payment).where(Payment.id == payment_id).values(**values))
        if "checkout_id" in values:
            enqueue("follow_payment", run_after=utcnow() + OPEN_FOR, payment_id=payment_id)
        db.session.commit()
