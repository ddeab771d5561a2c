"""Payments from their beginning to the books: each verb may be called again, and then changes nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.people import User
from portal.billing import books, telling
from portal.billing.account import BillingAccount
from portal.billing.accounts import new_public_id, today
from portal.billing.invoice import INVOICE, OPEN, Invoice
from portal.billing.payment import CANCELLED, FAILED, PENDING, SUCCEEDED, Payment, Refund
from portal.db import db
from portal.errors import Refused
from portal.jobs import enqueue


def begin(invoice: Invoice, *, way: str, key: str, now: datetime) -> Payment:
    """A payment of what is due of an invoice; the one that stands where the same was begun before."""
    found = db.session.scalar(select(Payment).where(Payment.key == key))
    if found is not None:
        return found
    return receive(invoice.account, invoice.due, way=way, key=key, now=now, invoice=invoice)


def receive(
    account: BillingAccount, amount: int, *, way: str, key: str, now: datetime, invoice: Invoice | None = None
) -> Payment:
    """A payment of an amount, for an invoice or none."""
    payment = Payment(
        public_id=new_public_id(),
        account_id=account.id,
        invoice_id=invoice.id if invoice else None,
        way=way,
        currency=invoice.currency if invoice else account.currency,
        amount=amount,
        key=key,
        created_at=now,
    )
    payment.account, payment.invoice = account, invoice
    db.session.add(payment)
    db.session.flush()
    return payment


def settle(payment: Payment, *, now: datetime, received_on: date | None = None, named: Sequence[Invoice] = ()) -> None:
    """The money is there: for the invoice that it was begun for or those `named` with it, then for the oldest; the
    rest stays a deposit.

    It counts also where it was given up before: money that came has come.
    """
    _hold(payment.account_id)
    if payment.state == SUCCEEDED:
        return
    payment.state, payment.settled_at, payment.again_at = SUCCEEDED, now, None
    payment.received_on = received_on or today(now)
    db.session.flush()
    books.book_payment(payment, at=now)
    left = payment.amount
    for invoice in (payment.invoice, *named):
        if invoice is not None and invoice.state == OPEN:
            left -= books.allocate(invoice, left, at=now, key=f"payment:{payment.id}", payment=payment)
    use_deposit(payment.account, payment.currency, now=now, key=f"deposit:payment:{payment.id}")
    telling.tell_of_payment(payment)


def use_deposit(account: BillingAccount, currency: str, *, now: datetime, key: str) -> None:
    """Let what was paid ahead pay the open invoices, the oldest first. `key` names the occasion."""
    _hold(account.id)
    waiting = select(Invoice).where(
        Invoice.account_id == account.id,
        Invoice.currency == currency,
        Invoice.kind == INVOICE,
        Invoice.state == OPEN,
    )
    for invoice in db.session.scalars(waiting.order_by(Invoice.due_on, Invoice.id)).all():
        _owed, ahead = books.balance_of(account, currency)
        if ahead <= 0:
            return
        books.allocate(invoice, ahead, at=now, key=key)


def fail(payment: Payment, code: str, *, now: datetime) -> None:
    """It won't come; the customer is told. `code` is the provider's word."""
    if payment.state in (SUCCEEDED, FAILED):
        return
    payment.state, payment.trouble, payment.again_at = FAILED, code[:300], None
    telling.tell_of_payment(payment)


def cancel(payment: Payment, *, now: datetime) -> None:
    """Nobody waits for it any more."""
    if payment.state == PENDING:
        payment.state, payment.again_at = CANCELLED, None


def refund(
    payment: Payment,
    amount: int,
    *,
    reason: str,
    by: User | None,
    key: str,
    now: datetime,
    invoice: Invoice | None = None,
) -> Refund:
    """Give back so much of a payment: through the provider that took it, else by a transfer that staff make.

    Raises Refused for more than is left of it.
    """
    _hold(payment.account_id)
    found = db.session.scalar(select(Refund).where(Refund.key == key))
    if found is not None:
        return found
    waiting = select(Refund.amount).where(Refund.payment_id == payment.id, Refund.state == PENDING)
    left = payment.amount - payment.refunded - sum(db.session.scalars(waiting))
    if payment.state != SUCCEEDED or payment.dispute_lost_at or payment.reversed_at or not 0 < amount <= left:
        raise Refused(_("Not more can be given back than is left of a payment."))
    made = Refund(
        payment_id=payment.id,
        invoice_id=invoice.id if invoice else None,
        amount=amount,
        key=key,
        reason=reason,
        by_id=by.id if by else None,
        created_at=now,
    )
    made.payment = payment
    db.session.add(made)
    db.session.flush()
    if payment.provider_id:
        enqueue("send_refund", refund_id=made.id)
    return made


def settle_refund(refund: Refund, *, now: datetime) -> None:
    """The money went back. What the deposit doesn't cover opens the invoices again that it had paid."""
    _hold(refund.payment.account_id)
    if refund.state == SUCCEEDED:
        return
    refund.state, refund.settled_at = SUCCEEDED, now
    refund.payment.refunded += refund.amount
    db.session.flush()
    books.book_refund(refund, at=now)
    _cover(refund.payment, now=now, key=f"refund:{refund.id}")


def fail_refund(refund: Refund, code: str, *, now: datetime) -> None:
    """The provider won't give it back that way: staff see it, and why."""
    if refund.state == PENDING:
        refund.state, refund.trouble = FAILED, code[:300]


def dispute(payment: Payment, lost: bool | None, *, now: datetime) -> None:
    """A chargeback: open (None), won or lost. Lost, the money is gone and its invoices are open again."""
    _hold(payment.account_id)
    if payment.dispute_lost_at is not None:
        return
    if lost is False:
        payment.disputed_at = None
        return
    payment.disputed_at = payment.disputed_at or now
    if lost and payment.state == SUCCEEDED:
        payment.dispute_lost_at = now
        books.book_dispute(payment, at=now)
        _cover(payment, now=now, key=f"dispute:{payment.id}")


def take_back(payment: Payment, *, reason: str, by: User, now: datetime) -> None:
    """It was booked to the wrong customer: booked back, which opens the invoices again that it had paid.

    Raises Refused where some of it went back already.
    """
    _hold(payment.account_id)
    db.session.flush()
    db.session.refresh(payment)
    touched = select(Refund.id).where(Refund.payment_id == payment.id, Refund.state != FAILED)
    if payment.state != SUCCEEDED or payment.reversed_at or payment.dispute_lost_at or payment.provider_id:
        raise Refused(_("This payment can’t be taken back."))
    if db.session.scalar(touched.limit(1)):
        raise Refused(_("Some of this payment was given back. Book what is left by hand."))
    payment.reversed_at = now
    books.book_reversal(payment, by=by, memo=reason, at=now)
    _cover(payment, now=now, key=f"reversal:{payment.id}")
    telling.tell_of_reversal(payment)


def _cover(payment: Payment, *, now: datetime, key: str) -> None:
    """A deposit below zero is taken from invoices that were paid: first those of this payment, then the newest."""
    paid = select(Invoice).where(
        Invoice.account_id == payment.account_id,
        Invoice.currency == payment.currency,
        Invoice.kind == INVOICE,
        Invoice.settled > 0,
    )
    found = db.session.scalars(paid.order_by(Invoice.id.desc()).execution_options(populate_existing=True)).all()
    own = {payment.invoice_id, *books.paid_by(payment)}
    for invoice in sorted(found, key=lambda one: one.id not in own):
        _owed, ahead = books.balance_of(payment.account, payment.currency)
        if ahead >= 0:
            return
        books.allocate(invoice, ahead, at=now, key=key, payment=payment)


def _hold(account_id: int) -> Any:
    """Whoever moves an account's money waits for who does so already."""
    return db.session.execute(select(BillingAccount.id).where(BillingAccount.id == account_id).with_for_update())
