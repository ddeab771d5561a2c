"""What is written into the books, and whether they agree with invoices and payments.

Debits are positive. An invoice: receivable to revenue and tax. A payment: bank or provider to deposit; its allocation:
deposit to receivable. So what a customer paid without owing it is theirs until an invoice takes it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select

from portal.accounts.people import User
from portal.billing.account import BillingAccount
from portal.billing.invoice import CREDIT_NOTE, CREDITED, DRAFT, OPEN, PAID, Invoice, NumberSeries
from portal.billing.ledger import JournalEntry, Posting
from portal.billing.payment import SUCCEEDED, Payment, Refund
from portal.db import db


class Side(NamedTuple):
    """One posting: an account of the ledger, and whose and for which invoice it is."""

    ledger: str
    amount: int
    account_id: int | None = None
    invoice_id: int | None = None


class Unbalanced(ValueError):
    """An entry whose postings don't come to nothing: it is never written."""


def book(
    key: str,
    kind: str,
    sides: Sequence[Side],
    *,
    currency: str,
    at: datetime,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
    refund: Refund | None = None,
    by: User | None = None,
    memo: str = "",
) -> JournalEntry | None:
    """Write an entry; None where its key stands in the books already. Raises Unbalanced."""
    if sum(side.amount for side in sides):
        raise Unbalanced(f"{key}: {sides}")
    if db.session.scalar(select(JournalEntry.id).where(JournalEntry.key == key)):
        return None
    entry = JournalEntry(
        key=key,
        kind=kind,
        invoice_id=invoice.id if invoice else None,
        payment_id=payment.id if payment else None,
        refund_id=refund.id if refund else None,
        by_id=by.id if by else None,
        memo=memo,
        at=at,
    )
    entry.postings = [Posting(currency=currency, **side._asdict()) for side in sides if side.amount]
    db.session.add(entry)
    db.session.flush()
    return entry


def book_invoice(invoice: Invoice, *, at: datetime) -> JournalEntry | None:
    """An invoice, or a credit note with its signs turned round. Credits on it are taken off the revenue's side."""
    sign = -1 if invoice.kind == CREDIT_NOTE else 1
    credits = sum(line.net for line in invoice.lines if line.kind == "credit")
    sides = [
        Side("receivable", sign * invoice.gross, invoice.account_id, invoice.id),
        Side("revenue", -sign * (invoice.net - credits)),
        Side("credits", -sign * credits),
        Side("tax", -sign * invoice.tax),
    ]
    return book(f"invoice:{invoice.id}", invoice.kind, sides, currency=invoice.currency, at=at, invoice=invoice)


def balance_of(account: BillingAccount, currency: str) -> tuple[int, int]:
    """(what the customer owes, what they have paid ahead), both as positive amounts."""
    query = select(Posting.ledger, func.sum(Posting.amount)).where(
        Posting.account_id == account.id, Posting.currency == currency
    )
    sums: dict[str, int] = {name: int(amount) for name, amount in db.session.execute(query.group_by(Posting.ledger))}
    return sums.get("receivable", 0), -sums.get("deposit", 0)


def book_payment(payment: Payment, *, at: datetime) -> JournalEntry | None:
    """Money came in: it is the customer's deposit until an invoice takes it."""
    where = "bank" if payment.way == "transfer" else ("provider" if payment.provider_id else "bank")
    sides = [Side(where, payment.amount), Side("deposit", -payment.amount, payment.account_id)]
    return book(f"payment:{payment.id}", "payment", sides, currency=payment.currency, at=at, payment=payment)


def allocate(invoice: Invoice, amount: int, *, at: datetime, key: str, payment: Payment | None = None) -> int:
    """Take so much of the deposit for an invoice, at most what is due; below zero gives it back. What was taken."""
    taken = min(amount, invoice.due) if amount >= 0 else max(amount, -invoice.settled)
    if taken == 0:
        return 0
    account = invoice.account_id
    sides = [Side("deposit", taken, account), Side("receivable", -taken, account, invoice.id)]
    given = {"currency": invoice.currency, "at": at, "invoice": invoice, "payment": payment}
    if book(f"allocation:{key}:{invoice.id}", "allocation", sides, **given) is None:  # type: ignore[arg-type]
        return 0
    invoice.settled += taken
    invoice.state = PAID if invoice.due <= 0 else OPEN
    invoice.settled_at = at if invoice.state == PAID else None
    return taken


def book_refund(refund: Refund, *, at: datetime) -> JournalEntry | None:
    """Money went back out of the deposit."""
    payment = refund.payment
    where = "provider" if payment.provider_id else "bank"
    sides = [Side("deposit", refund.amount, payment.account_id), Side(where, -refund.amount)]
    given = {"currency": payment.currency, "at": at, "payment": payment, "refund": refund}
    return book(f"refund:{refund.id}", "refund", sides, **given)  # type: ignore[arg-type]


def book_dispute(payment: Payment, *, at: datetime) -> JournalEntry | None:
    """The bank took the money back."""
    left = payment.amount - payment.refunded
    sides = [Side("deposit", left, payment.account_id), Side("provider", -left)]
    return book(f"dispute:{payment.id}", "dispute", sides, currency=payment.currency, at=at, payment=payment)


def book_reversal(payment: Payment, *, by: User, memo: str, at: datetime) -> JournalEntry | None:
    """A payment that was booked to the wrong customer: out of their deposit, and not assigned any more."""
    sides = [Side("deposit", payment.amount, payment.account_id), Side("bank", -payment.amount)]
    key = f"reversal:{payment.id}"
    return book(key, "reversal", sides, currency=payment.currency, at=at, payment=payment, by=by, memo=memo)


def paid_by(payment: Payment) -> list[int]:
    """The invoices that this payment paid some of, directly or as a deposit."""
    mine = or_(
        JournalEntry.payment_id == payment.id, JournalEntry.key.startswith(f"allocation:deposit:payment:{payment.id}:")
    )
    query = select(JournalEntry.invoice_id).where(JournalEntry.kind == "allocation", mine)
    return [key for key in db.session.scalars(query.order_by(JournalEntry.id)) if key is not None]


def settle_note(note: Invoice, *, at: datetime) -> None:
    """A credit note goes against what it corrects, as far as that is unpaid; the rest is the customer's deposit."""
    account, first = note.account_id, note.corrects
    used = min(first.due, note.gross) if first is not None else 0
    if first is not None and used:
        first.settled += used
        if first.due <= 0:
            first.state, first.settled_at = (CREDITED if used == first.gross else PAID), at
    sides = [
        Side("receivable", note.gross, account, note.id),
        Side("receivable", -used, account, first.id if first else None),
        Side("deposit", used - note.gross, account),
    ]
    book(f"note:{note.id}", "allocation", sides, currency=note.currency, at=at, invoice=note)
    note.settled, note.state, note.settled_at = note.gross, PAID, at


def check() -> list[str]:
    """What in the books differs from invoices, payments and refunds; nothing where they agree."""
    found = [f"entry {key}: its postings come to {amount}" for key, amount in db.session.execute(_unbalanced())]
    for invoice in db.session.scalars(select(Invoice).where(Invoice.state != DRAFT).order_by(Invoice.id)):
        sign = -1 if invoice.kind == CREDIT_NOTE else 1
        open_in_books = db.session.scalar(
            select(func.coalesce(func.sum(Posting.amount), 0)).where(
                Posting.ledger == "receivable", Posting.invoice_id == invoice.id
            )
        )
        if open_in_books != sign * invoice.due:
            found.append(f"invoice {invoice.number}: {sign * invoice.due} is due, {open_in_books} in the books")
        if invoice.gross != invoice.net + invoice.tax or invoice.net != sum(line.net for line in invoice.lines):
            found.append(f"invoice {invoice.number}: its lines and sums differ")
    return [*found, *_gaps(), *_unbooked(Payment, "payment"), *_unbooked(Refund, "refund")]


def _unbalanced() -> Select[str, int]:
    of_entry = select(JournalEntry.key, func.sum(Posting.amount)).join(Posting)
    return of_entry.group_by(JournalEntry.key, Posting.currency).having(func.sum(Posting.amount) != 0)


def _gaps() -> list[str]:
    """Series with a number missing, or with one that was never given out."""
    found = []
    last = select(Invoice.series, func.count(), func.max(Invoice.sequence)).where(Invoice.series.is_not(None))
    given: dict[str | None, int] = dict(db.session.execute(select(NumberSeries.series, NumberSeries.next_number)).all())
    for series, many, highest in db.session.execute(last.group_by(Invoice.series)):
        if many != highest or given.get(series, 1) != highest + 1:
            found.append(f"series {series}: {many} numbers, the last is {highest}, the next {given.get(series)}")
    return found


def _unbooked(table: type[Payment] | type[Refund], kind: str) -> list[str]:
    """What has succeeded and doesn't stand in the books, or the other way round."""
    column = JournalEntry.payment_id if table is Payment else JournalEntry.refund_id
    booked = select(column).where(JournalEntry.kind == kind, column.is_not(None))
    missing = select(table.id).where(table.state == SUCCEEDED, table.id.not_in(booked)).order_by(table.id)
    early = select(table.id).where(table.state != SUCCEEDED, table.id.in_(booked)).order_by(table.id)
    return [
        *(f"{kind} {key}: succeeded, and not in the books" for key in db.session.scalars(missing)),
        *(f"{kind} {key}: in the books, and has not succeeded" for key in db.session.scalars(early)),
    ]
