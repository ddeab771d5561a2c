"""Bank statements (ISO 20022 camt.053): taken in once, looked at, booked when somebody confirms, and undone by the
books."""

import hashlib
import json
import re
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from portal import audit
from portal.accounts.people import User
from portal.billing import matching, payments
from portal.billing.account import BillingAccount
from portal.billing.invoice import Invoice
from portal.billing.matching import Match
from portal.billing.money import MOST, in_major, places
from portal.billing.payment import (
    IGNORED,
    MATCHED,
    NEW,
    PENDING,
    RECEIVED,
    RETURNED,
    SENT,
    SUCCEEDED,
    WAITING,
    BankEntry,
    BankFile,
    Payment,
)
from portal.confined import Limits, run_apart
from portal.db import db, utcnow
from portal.errors import Refused
from portal.formats import filesize
from portal.jobs import enqueue, job
from portal.web import settings

READER: Final = Path(__file__).with_name("statement_reader.py")
LIMITS: Final = Limits(memory=1024 * 2**20, seconds=30, output=100 * 2**20, patience=40)
BROKEN = _l("This file can’t be read. Download it from your bank again.")
PROBLEMS: Final = {
    "other": _l("This is no bank statement of the kind camt.053. Choose that one at your bank (XML)."),
    "entities": _l("This file carries more than a statement (a DTD). It is not read."),
    "many": _l("There are too many entries in one file. Download fewer days at a time."),
}


class Statement(NamedTuple):
    """What a file says: the columns of its entries, and how many the bank has not booked yet."""

    sha256: str
    rows: list[dict[str, Any]]
    unbooked: int


def read(raw: bytes) -> Statement:
    """Read a file, apart from everything. Raises Refused with what to do about it."""
    if len(raw) > settings().bank_file_max_bytes:
        raise Refused(_("The file is larger than %(most)s.", most=filesize(settings().bank_file_max_bytes)))
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write(raw)
        given.seek(0)
        run_apart(READER, within=LIMITS, given=given, out=out)
        out.seek(0)
        try:
            told = json.load(out)
        except ValueError as error:  # broke off
            raise Refused(str(BROKEN)) from error
    if "problem" in told:
        raise Refused(str(PROBLEMS.get(told["problem"], BROKEN)))
    rows = [row for one in told["entries"] if (row := _row(one)) is not None]
    return Statement(hashlib.sha256(raw).hexdigest(), rows, told["unbooked"])


def take_in(statement: Statement, name: str, *, by: User | None, now: datetime) -> BankFile:
    """Keep what stands in a file; nothing is booked yet. The same file, and what came with another, is there once."""
    for attempt in (1, 2):
        try:
            with db.session.begin_nested():
                return _keep(statement, name, by=by, now=now)
        except IntegrityError:  # another brought the same at the same time: now it is there
            if attempt == 2:
                raise
    raise AssertionError


def _keep(statement: Statement, name: str, *, by: User | None, now: datetime) -> BankFile:
    digest, rows, unbooked = statement
    file = db.session.scalar(select(BankFile).where(BankFile.sha256 == digest).with_for_update())
    if file is None:
        file = BankFile(sha256=digest, name=name[-200:], many=len(rows), unbooked=unbooked, taken_at=now)
        file.taken_by_id = by.id if by else None
        db.session.add(file)
        db.session.flush()
    there = _there(rows)
    for row in rows:
        if (row["bank_account"], row["reference"]) not in there:
            db.session.add(BankEntry(**row, file_id=file.id, created_at=now))
    db.session.flush()
    db.session.expire(file, ["entries"])
    return file


def _there(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for some in matching.chunks(sorted({row["reference"] for row in rows})):
        query = select(BankEntry.bank_account, BankEntry.reference).where(BankEntry.reference.in_(some))
        found |= set(db.session.execute(query).all())
    return found


def _row(told: dict[str, Any]) -> dict[str, Any] | None:
    """The columns of an entry; None for one over nothing. Raises Refused for what is no amount or no day."""
    currency, amount = told["currency"], Decimal(told["amount"])
    minor = amount.scaleb(places(currency)) if re.fullmatch("[A-Z]{3}", currency) else Decimal("NaN")
    try:
        booked_on = date.fromisoformat(told["booked_on"])
    except ValueError as error:
        raise Refused(str(BROKEN)) from error
    if not told["account"] or minor.is_nan() or minor != minor.to_integral_value() or minor > MOST:
        raise Refused(str(BROKEN))
    kind = RETURNED if told["returned"] else (RECEIVED if told["came_in"] else SENT)
    said = [told["remittance"] or told["further"], told["reason"]]
    words = [*told["references"], "" if told["end_to_end"].upper() == "NOTPROVIDED" else told["end_to_end"]]
    return (
        {
            "bank_account": told["account"][:34],
            "reference": told["reference"][:80],
            "booked_on": booked_on,
            "currency": currency,
            "amount": int(minor) if told["came_in"] else -int(minor),
            "payer": told["payer"][:200],
            "payer_account": told["payer_account"][:34],
            "remittance": " ".join(part for part in said if part)[:2000],
            "named": " ".join(word for word in words if word)[:200],
            "kind": kind,
        }
        if minor
        else None
    )


def preview(file: BankFile) -> dict[int, Match]:
    """What would be booked of a file's new entries."""
    return matching.find([entry for entry in file.entries if entry.state == NEW])


def confirm(file: BankFile, seen: str, *, by: User | None, now: datetime) -> int:
    """Book what was shown: `seen` is the seal of that preview. How many payments; a job settles each.

    Raises Refused where something else would be booked by now.
    """
    db.session.flush()
    db.session.refresh(file, with_for_update=True)
    found = preview(file)
    if matching.seal(found) != seen:
        raise Refused(_("Something changed meanwhile. Look at it once more."))
    many = 0
    for entry in [entry for entry in file.entries if entry.state == NEW]:
        match = found[entry.id]
        entry.decided_at, entry.decided_by_id = now, by.id if by else None
        if match.account_id is not None:
            payment = _payment(entry, db.session.get_one(BillingAccount, match.account_id), now=now)
            enqueue("settle_transfer", payment_id=payment.id, invoice_ids=[key for key, _amount in match.parts])
            many += 1
        else:
            entry.state = IGNORED if entry.kind == SENT else WAITING
    file.confirmed_at = now
    db.session.flush()
    return many


def _payment(entry: BankEntry, account: BillingAccount, *, now: datetime) -> Payment:
    """The payment that an entry is; booked again after it was taken back it is another."""
    entry.turns += 1
    key = f"bank:{entry.id}:{entry.turns}"
    payment = payments.receive(account, entry.amount, way="transfer", key=key, now=now)
    payment.received_on = entry.booked_on
    entry.state, entry.payment_id, entry.payment = MATCHED, payment.id, payment
    db.session.flush()
    return payment


@job("settle_transfer")
def settle_transfer(payment_id: int, invoice_ids: list[int]) -> None:
    """Book a payment of a statement as it was shown: for these invoices, in this order, then for the oldest."""
    payment = db.session.get(Payment, payment_id, with_for_update={"of": Payment})
    if payment is None or payment.state != PENDING:
        return
    found = {one.id: one for one in db.session.scalars(select(Invoice).where(Invoice.id.in_(invoice_ids)))}
    _settle(payment, [found[key] for key in invoice_ids if key in found], now=utcnow())


def _settle(payment: Payment, named: Sequence[Invoice], *, now: datetime) -> None:
    if len(named) == 1:
        payment.invoice = named[0]  # the receipt names it
    payments.settle(payment, now=now, received_on=payment.received_on, named=named)


def assign(
    entry: BankEntry, account: BillingAccount, invoices: Sequence[Invoice], *, by: User, now: datetime
) -> Payment:
    """Somebody says whose it is and, if they like, which invoices it pays first."""
    _hold(entry, WAITING)
    if entry.kind != RECEIVED:
        raise Refused(_("Only money that came in is booked to a customer."))
    if account.currency != entry.currency:
        raise Refused(_("This customer’s account is kept in %(currency)s.", currency=account.currency))
    payment = _payment(entry, account, now=now)
    entry.decided_at, entry.decided_by_id, entry.why = now, by.id, ""
    named = [one for one in invoices if one.account_id == account.id]
    _settle(payment, named, now=now)
    _note("billing.payment_booked", payment, by=by, now=now)
    return payment


def _note(kind: str, payment: Payment, *, by: User, now: datetime) -> None:
    amount = f"{in_major(payment.amount, payment.currency)} {payment.currency}"
    whose = payment.account.organisation_id
    audit.note(kind, by=by, now=now, organisation_id=whose, subject=f"payment:{payment.id}", amount=amount)


def leave_out(entry: BankEntry, *, reason: str, by: User, now: datetime) -> None:
    """It is nobody's payment: interest, a return that was dealt with, something else."""
    _hold(entry, WAITING)
    entry.state, entry.why, entry.decided_at, entry.decided_by_id = IGNORED, reason[:500], now, by.id


def undo(entry: BankEntry, *, reason: str, by: User, now: datetime) -> None:
    """It waits again. What was booked is booked back, never removed."""
    _hold(entry, MATCHED, IGNORED)
    if entry.state == MATCHED and entry.payment is not None:
        payment = db.session.get_one(Payment, entry.payment_id, with_for_update={"of": Payment})
        if payment.state == PENDING:
            payments.cancel(payment, now=now)
        else:
            payments.take_back(payment, reason=reason, by=by, now=now)
            _note("billing.payment_taken_back", payment, by=by, now=now)
    entry.state, entry.payment_id, entry.payment = WAITING, None, None
    entry.why, entry.decided_at, entry.decided_by_id = reason[:500], now, by.id


def take_back(payment: Payment, *, reason: str, by: User, now: datetime) -> None:
    """The same for a payment, whether it came by a statement or was typed in."""
    entry = db.session.scalar(select(BankEntry).where(BankEntry.payment_id == payment.id))
    if entry is not None:
        undo(entry, reason=reason, by=by, now=now)
        return
    payments.take_back(payment, reason=reason, by=by, now=now)
    _note("billing.payment_taken_back", payment, by=by, now=now)


def _hold(entry: BankEntry, *states: str) -> None:
    db.session.flush()
    db.session.refresh(entry, with_for_update={"of": BankEntry})
    if entry.state not in states:
        raise Refused(_("It has been decided already."))


def discard(file: BankFile) -> None:
    """Forget a file of which nothing was confirmed, with its entries."""
    db.session.flush()
    db.session.refresh(file, with_for_update=True)
    if file.confirmed_at or any(entry.state != NEW for entry in file.entries):
        raise Refused(_("What was confirmed stays."))
    for entry in file.entries:
        db.session.delete(entry)
    db.session.flush()
    db.session.delete(file)


def foreign_accounts(file: BankFile) -> list[str]:
    """Bank accounts in it that are not the one on our invoices: somebody should look twice."""
    from portal.billing.seller import seller

    ours = seller()["iban"]
    return sorted({entry.bank_account for entry in file.entries if ours and entry.bank_account != ours})


def waiting() -> int:
    """How many entries wait for somebody."""
    return db.session.scalar(select(func.count(BankEntry.id)).where(BankEntry.state == WAITING)) or 0


def differences() -> list[str]:
    """Entries and payments that don't agree; nothing where they do. What the worker still books is left out."""
    matched = select(BankEntry.id).outerjoin(Payment, Payment.id == BankEntry.payment_id)
    wrong = or_(
        Payment.id.is_(None),
        Payment.reversed_at.is_not(None),
        Payment.amount != BankEntry.amount,
        Payment.state.not_in((PENDING, SUCCEEDED)),
    )
    lost = matched.where(BankEntry.state == MATCHED, wrong).order_by(BankEntry.id)
    named = select(BankEntry.payment_id).where(BankEntry.payment_id.is_not(None))
    stray = select(Payment.id).where(
        Payment.key.startswith("bank:"),
        Payment.state == SUCCEEDED,
        Payment.reversed_at.is_(None),
        Payment.id.not_in(named),
    )
    return [
        *(f"bank entry {key}: booked, and no payment stands for it" for key in db.session.scalars(lost)),
        *(f"payment {key}: no bank entry stands behind it" for key in db.session.scalars(stray.order_by(Payment.id))),
    ]
