"""Writing invoices: drafted with what they are for, finalised once they are right, corrected by credit notes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from stdnum.iso7064 import mod_97_10

from portal.accounts.people import User
from portal.billing import books, payments, tax
from portal.billing.account import BillingAccount
from portal.billing.accounts import is_complete, new_public_id, today
from portal.billing.credit import ACCEPTED, ServiceCredit
from portal.billing.invoice import (
    CREDIT_NOTE,
    DRAFT,
    INVOICE,
    OPEN,
    PAID,
    Invoice,
    InvoiceFile,
    InvoiceLine,
    NumberSeries,
)
from portal.billing.seller import missing, seller
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import enqueue, job

log = logging.getLogger(__name__)

SERIES = {INVOICE: "R", CREDIT_NOTE: "C"}
BUYER = ("legal_name", "street", "street_more", "postcode", "city", "region", "country", "vat_number", "purchase_order")


@dataclass(frozen=True)
class LineSpec:
    """A line to be written; amounts in minor units. `net` is the rounded whole, `ends` the first day after."""

    kind: str  # subscription, proration, credit, service
    text: str
    quantity: Decimal
    unit_amount: Decimal
    net: int
    begins: date | None = None
    ends: date | None = None
    subscription_id: int | None = None
    credit_id: int | None = None


class NotValid(Exception):
    """An invoice that the rules refuse, with their reasons; it has taken no number."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


def tax_of(account: BillingAccount, on: date) -> tax.Tax:
    """The tax on what this account buys that day; raises `tax.NoRate`."""
    home = seller()["country"]
    return tax.decide(seller=home, buyer=account.country or home, vat_state=account.vat_state, on=on)


def taxes_of(account: BillingAccount, lines: Sequence[LineSpec], *, on: date) -> list[dict[str, Any]]:
    """The taxes of an invoice with these lines, as `Invoice.taxes` holds them."""
    of = tax_of(account, on)
    return tax.totals([(line.net, of) for line in lines], account.currency)


def draft(
    account: BillingAccount,
    *,
    reason_key: str,
    lines: Sequence[LineSpec],
    now: datetime,
    kind: str = INVOICE,
    corrects: Invoice | None = None,
    reason: str = "",
) -> Invoice:
    """An invoice without a number; the one that stands where the same was asked for before. What comes to less than
    nothing is a credit note."""
    found = db.session.scalar(select(Invoice).where(Invoice.reason_key == reason_key))
    if found is not None:
        return found
    if kind == INVOICE and sum(line.net for line in lines) < 0:
        kind, lines = CREDIT_NOTE, [replace(line, net=-line.net, quantity=-line.quantity) for line in lines]
    invoice = Invoice(
        public_id=new_public_id(),
        account=account,
        kind=kind,
        reason_key=reason_key,
        corrects=corrects,
        reason=reason,
        currency=corrects.currency if corrects else account.currency,
        lang=account.lang,
        created_at=now,
    )
    db.session.add(invoice)
    for line in lines:
        add_line(invoice, line)
    settle_totals(invoice, on=today(now))
    db.session.flush()
    return invoice


def add_line(invoice: Invoice, line: LineSpec) -> InvoiceLine:
    """One line more on a draft; `settle_totals` comes after."""
    row = InvoiceLine(position=len(invoice.lines) + 1, **line.__dict__)
    invoice.lines.append(row)
    return row


def settle_totals(invoice: Invoice, *, on: date) -> None:
    """The taxes and sums of a draft, by the rules of that day. A credit note is taxed as what it corrects was."""
    then = invoice.corrects.taxes[0] if invoice.corrects else None  # an account's lines are all taxed alike
    of = tax.Tax(then["category"], Decimal(then["rate"]), then["note"]) if then else tax_of(invoice.account, on)
    for line in invoice.lines:
        line.tax_category, line.tax_rate = of.category, of.rate
    invoice.taxes = tax.totals([(line.net, of) for line in invoice.lines], invoice.currency)
    invoice.net = sum(line.net for line in invoice.lines)
    invoice.tax = sum(row["tax"] for row in invoice.taxes)
    invoice.gross = invoice.net + invoice.tax


@job("finalise_invoice")
def finalise_invoice(invoice_id: int) -> None:
    """Finalise a draft. What the rules refuse stays a draft with its reasons, for a bookkeeper to see."""
    invoice = db.session.get(Invoice, invoice_id, with_for_update=True)
    if invoice is None or invoice.state != DRAFT:
        return
    try:
        finalise(invoice, now=utcnow())
    except NotValid as refused:
        invoice.trouble = "\n".join(refused.reasons)
        log.error("invoice draft not valid", extra={"invoice": invoice.public_id, "reasons": refused.reasons})


def finalise(invoice: Invoice, *, now: datetime) -> Invoice:
    """Check it, give it the next number of its series and write it into the books. Raises NotValid.

    The check runs with another number in place: the number is taken last, and its row is locked no longer than the
    books take.
    """
    from portal.billing import einvoice  # a megabyte of rules that only the worker needs

    if invoice.state != DRAFT:
        return invoice
    on = today(now)
    reasons = [f"the setting {name} is empty" for name in missing()]
    if not is_complete(invoice.account):
        reasons.append("the billing details have no name, address or country")
    if not reasons:
        try:
            freeze(invoice, on=on)
        except tax.NoRate as unknown:
            raise NotValid([f"no rate of tax is known for {unknown}"]) from unknown
        reasons = einvoice.faults(invoice)
    if reasons:
        raise NotValid(reasons)
    _take_number(invoice, on)
    invoice.state, invoice.finalised_at, invoice.trouble = OPEN, now, ""
    invoice.payment_reference = reference_of(invoice)
    db.session.flush()
    books.book_invoice(invoice, at=now)
    if invoice.kind == CREDIT_NOTE:
        books.settle_note(invoice, at=now)
        _give_credits_back(invoice)
    elif invoice.gross == 0:
        invoice.state, invoice.settled_at = PAID, now
    payments.use_deposit(invoice.account, invoice.currency, now=now, key=f"deposit:invoice:{invoice.id}")
    enqueue("make_invoice_files", invoice_id=invoice.id)
    enqueue("collect_invoice", invoice_id=invoice.id)
    return invoice


def _give_credits_back(note: Invoice) -> None:
    """What was taken off the corrected invoice is owed again: it comes off the next one."""
    for line in note.lines:
        if line.credit_id is not None:
            credit = db.session.get_one(ServiceCredit, line.credit_id, with_for_update=True)
            credit.left, credit.state = credit.left - line.net, ACCEPTED


def freeze(invoice: Invoice, *, on: date) -> None:
    """Who sells and who buys, as they are on this day; from now on nothing of it changes."""
    account = invoice.account
    invoice.issued_on = on
    invoice.due_on = on + timedelta(days=account.days_to_pay) if invoice.kind == INVOICE else None
    invoice.seller = dict(seller())
    invoice.buyer = {name: getattr(account, name) for name in BUYER}
    settle_totals(invoice, on=on)


def credit_note(
    invoice: Invoice,
    *,
    reason: str,
    by: User | None,
    key: str,
    now: datetime,
    lines: Sequence[LineSpec] | None = None,
) -> Invoice:
    """Correct a finalised invoice, wholly or by some lines (amounts positive). Raises Refused beyond what is left."""
    db.session.execute(select(Invoice.id).where(Invoice.id == invoice.id).with_for_update())
    if invoice.state == DRAFT or invoice.kind != INVOICE:
        raise Refused(_("Only an invoice that was sent can be corrected."))
    given = lines if lines is not None else [_again(line) for line in invoice.lines]
    made = draft(
        invoice.account,
        reason_key=f"correction:{key}",
        lines=given,
        now=now,
        kind=CREDIT_NOTE,
        corrects=invoice,
        reason=reason,
    )
    earlier = select(Invoice.gross).where(Invoice.corrects_id == invoice.id, Invoice.id != made.id)
    if made.gross + sum(db.session.scalars(earlier)) > invoice.gross:
        raise Refused(_("That is more than the invoice came to."))
    enqueue("finalise_invoice", invoice_id=made.id)
    return made


def _again(line: InvoiceLine) -> LineSpec:
    names = ("kind", "text", "quantity", "unit_amount", "net", "begins", "ends", "subscription_id", "credit_id")
    return LineSpec(**{name: getattr(line, name) for name in names})


def _take_number(invoice: Invoice, on: date) -> None:
    """The next of its series, under the series' lock."""
    series = f"{SERIES[invoice.kind]}{on.year}"
    row = db.session.get(NumberSeries, series, with_for_update=True)
    if row is None:
        row = NumberSeries(series=series, next_number=1)
        db.session.add(row)
        db.session.flush()
    invoice.series, invoice.sequence = series, row.next_number
    invoice.number = f"{series}-{row.next_number:05d}"
    row.next_number += 1


def reference_of(invoice: Invoice) -> str:
    """The structured creditor reference (ISO 11649) that finds the invoice again on a bank statement."""
    text = "".join(sign for sign in str(invoice.number) if sign.isalnum())
    return f"RF{mod_97_10.calc_check_digits(text + 'RF')}{text}"


@job("make_invoice_files")
def make_invoice_files(invoice_id: int) -> None:
    """The PDF and the XML of a finalised invoice, kept as they are sent; then a mail says that they are there."""
    from portal.billing import paper, telling

    invoice = db.session.get(Invoice, invoice_id)
    are_made = select(InvoiceFile.invoice_id).where(InvoiceFile.invoice_id == invoice_id)
    if invoice is None or invoice.state == DRAFT or db.session.scalar(are_made):
        return
    paper.make_files(invoice, now=utcnow())
    telling.tell_of_invoice(invoice)
