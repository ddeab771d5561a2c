"""Whose a transfer is: by the reference in it, by an invoice's number, or by who sent exactly what is due."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import joinedload
from stdnum import iso11649

from portal.billing.account import BillingAccount
from portal.billing.invoice import DRAFT, INVOICE, OPEN, Invoice
from portal.billing.payment import MATCHED, RECEIVED, BankEntry, Payment
from portal.db import db

REFERENCE, AMOUNT = ("reference", "amount")  # how an entry was matched
NOTHING, SEVERAL, CURRENCY, ALIKE, NOT_OURS = ("nothing", "several", "currency", "alike", "not ours")  # why not

_NUMBER = re.compile(r"(?<![A-Z0-9])(?:R\s?(20\d\d)[\s./-]{0,3}|(20\d\d)\s?[./-]\s?)(\d{5,9})(?!\d)")
_REFERENCE = re.compile(r"RF(?=\s?\d)")
LONGEST = 25  # signs of a reference (ISO 11649)
MOST_SHOWN = 10  # customers that somebody chooses from
CHUNK = 400  # parameters of one query


def chunks(rows: list[Any]) -> Iterator[list[Any]]:
    """As many at a time as one query takes as parameters."""
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


class Match(NamedTuple):
    """What becomes of an entry: `parts` are (invoice, how much of it is paid), the rest stays the account's deposit.

    Without an account nothing is booked, and `how` says why not.
    """

    how: str
    account_id: int | None = None
    parts: tuple[tuple[int, int], ...] = ()
    rest: int = 0


class Due(NamedTuple):
    """An open invoice, in the order in which it is paid."""

    id: int
    account_id: int
    amount: int


class Book:
    """What the accounts concerned still owe, while one entry after the other takes of it."""

    def __init__(self, accounts: Iterable[int]) -> None:
        self.due: dict[int, list[Due]] = {}
        self.currencies: dict[int, str] = {}
        for some in chunks(sorted(set(accounts))):
            told = select(BillingAccount.id, BillingAccount.currency).where(BillingAccount.id.in_(some))
            self.currencies.update(db.session.execute(told).all())
            query = select(Invoice.id, Invoice.account_id, Invoice.gross - Invoice.settled)
            query = query.where(Invoice.account_id.in_(some), Invoice.state == OPEN, Invoice.kind == INVOICE)
            for row in db.session.execute(query.order_by(Invoice.due_on, Invoice.id)):
                self.due.setdefault(row[1], []).append(Due(*row))

    def take(self, account_id: int, amount: int, named: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], int]:
        """As `payments.settle` does it: those named first, then the oldest; what is left over."""
        kept = self.due.get(account_id, [])
        parts, left = [], amount
        for one in sorted(kept, key=lambda due: named.index(due.id) if due.id in named else len(named)):
            taken = min(left, one.amount)
            if taken > 0:
                parts.append((one.id, taken))
                left -= taken
        paid = dict(parts)
        self.due[account_id] = [
            one._replace(amount=one.amount - paid.get(one.id, 0)) for one in kept if one.amount > paid.get(one.id, 0)
        ]
        return tuple(parts), left


def find(entries: Sequence[BankEntry]) -> dict[int, Match]:
    """By the entry's id what would become of it, in the order in which they would be booked. Changes nothing."""
    came = [entry for entry in entries if entry.kind == RECEIVED]
    named = _named(came)
    known = _known_payers({entry.payer_account for entry in came if entry.payer_account})
    fitting = _of_the_amount([entry for entry in came if not named.get(entry.id)])
    rows = [row for found in (*named.values(), *fitting.values()) for row in found]
    book = Book(invoice.account_id for invoice in rows)
    return {
        entry.id: _judge(entry, named.get(entry.id, []), fitting.get(entry.id, []), known, book)
        if entry.kind == RECEIVED
        else Match(NOT_OURS)
        for entry in entries
    }


def _judge(
    entry: BankEntry, named: list[Invoice], fitting: list[Invoice], known: dict[str, set[int]], book: Book
) -> Match:
    how, ids = REFERENCE, [invoice.id for invoice in named]
    accounts = {invoice.account_id for invoice in named}
    if not named:
        due = {one.id: one.amount for kept in book.due.values() for one in kept} if fitting else {}
        ours = [one for one in fitting if due.get(one.id) == entry.amount and _is_from(entry, one, known)]
        how, ids, accounts = AMOUNT, [one.id for one in ours[:1]], {one.account_id for one in ours}
    if len(accounts) != 1:
        return Match((SEVERAL if named else ALIKE) if accounts else NOTHING)
    account_id = accounts.pop()
    if book.currencies[account_id] != entry.currency:
        return Match(CURRENCY)
    return Match(how, account_id, *book.take(account_id, entry.amount, ids))


def named_by(entry: BankEntry) -> list[Invoice]:
    """The invoices that stand in an entry, in the order in which they are due."""
    return _named([entry]).get(entry.id, [])


def _named(entries: Sequence[BankEntry]) -> dict[int, list[Invoice]]:
    words = {entry.id: (set(references_in(text_of(entry))), set(numbers_in(text_of(entry)))) for entry in entries}
    by_word: dict[str, Invoice] = {}
    for column, at in ((Invoice.payment_reference, 0), (Invoice.number, 1)):
        for some in chunks(sorted(set().union(*(pair[at] for pair in words.values())))):
            for invoice in db.session.scalars(_invoices(column.in_(some))):
                by_word[str(invoice.payment_reference if at == 0 else invoice.number)] = invoice
    found = {}
    for key, pair in words.items():
        invoices = {by_word[word].id: by_word[word] for word in sorted(pair[0] | pair[1]) if word in by_word}
        found[key] = sorted(invoices.values(), key=lambda one: (one.due_on is None, one.due_on, one.id))
    return found


def _invoices(*conditions: ColumnElement[bool]) -> Select[Invoice]:
    return select(Invoice).where(Invoice.kind == INVOICE, Invoice.state != DRAFT, *conditions).order_by(Invoice.id)


def text_of(entry: BankEntry) -> str:
    return f"{entry.named} {entry.remittance}".upper()


def references_in(text: str) -> Iterator[str]:
    """Creditor references (ISO 11649) that check out, also those that are written in groups of four."""
    for found in _REFERENCE.finditer(text):
        compact = re.sub(r"[^A-Z0-9]", "", text[found.start() : found.start() + 2 * LONGEST])[:LONGEST]
        yield from (part for many in range(6, len(compact) + 1) if iso11649.is_valid(part := compact[:many]))


def numbers_in(text: str) -> Iterator[str]:
    """Invoice numbers, however somebody parted them: R2026-00012, R 2026/00012, 2026-00012."""
    for with_letter, without, number in _NUMBER.findall(text):
        yield f"R{with_letter or without}-{int(number):05d}"


def _known_payers(accounts: set[str]) -> dict[str, set[int]]:
    """By the bank account whose transfers were booked before to whom."""
    found: dict[str, set[int]] = {}
    for some in chunks(sorted(accounts)):
        query = select(BankEntry.payer_account, Payment.account_id).join(Payment, Payment.id == BankEntry.payment_id)
        query = query.where(BankEntry.payer_account.in_(some), BankEntry.state == MATCHED)
        for payer, account_id in db.session.execute(query.distinct()):
            found.setdefault(payer, set()).add(account_id)
    return found


def _of_the_amount(entries: Sequence[BankEntry]) -> dict[int, list[Invoice]]:
    """Open invoices of which exactly so much is due, the oldest first."""
    due = Invoice.gross - Invoice.settled
    by_amount: dict[tuple[str, int], list[Invoice]] = {}
    for some in chunks(sorted({entry.amount for entry in entries})):
        open_ones = _invoices(Invoice.state == OPEN, due.in_(some)).options(joinedload(Invoice.account))
        for invoice in db.session.scalars(open_ones):
            by_amount.setdefault((invoice.currency, invoice.due), []).append(invoice)
    for found in by_amount.values():
        found.sort(key=lambda one: (one.due_on is None, one.due_on, one.id))
    return {entry.id: by_amount.get((entry.currency, entry.amount), []) for entry in entries}


def _is_from(entry: BankEntry, invoice: Invoice, known: dict[str, set[int]]) -> bool:
    """Whether the one who is billed sent it: the name says so, or the account that only they paid from."""
    if known.get(entry.payer_account) == {invoice.account_id}:
        return True
    names = {folded(str(invoice.buyer.get("legal_name", ""))), folded(invoice.account.legal_name)}
    return bool(folded(entry.payer)) and folded(entry.payer) in names


def folded(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def seal(found: dict[int, Match]) -> str:
    """What was shown, in one word: whoever confirms says it again."""
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:32]


def candidates(entry: BankEntry, text: str = "") -> list[tuple[BillingAccount, list[Invoice]]]:
    """For somebody who looks for the customer by hand: those found by `text` (a name, an invoice's number), else those
    who paid from that account, carry such a name or owe exactly that. With their open invoices, the oldest first."""
    open_ones = _invoices(Invoice.state == OPEN, Invoice.currency == entry.currency)
    if text:
        numbers = [*numbers_in(text.upper()), text.strip().upper()]
        numbered = select(Invoice.account_id).where(Invoice.number.in_(numbers))
        like = [BillingAccount.legal_name.icontains(text.strip(), autoescape=True), BillingAccount.id.in_(numbered)]
    else:
        known = _known_payers({entry.payer_account} if entry.payer_account else set())
        exact = open_ones.where(Invoice.gross - Invoice.settled == entry.amount).with_only_columns(Invoice.account_id)
        like = [BillingAccount.id.in_(known.get(entry.payer_account, ())), BillingAccount.id.in_(exact.order_by(None))]
        words = [word for word in entry.payer.split() if len(word) > 3]
        like += [BillingAccount.legal_name.icontains(word, autoescape=True) for word in words[:1]]
    query = select(BillingAccount).where(BillingAccount.currency == entry.currency, or_(*like))
    found = db.session.scalars(query.order_by(BillingAccount.legal_name, BillingAccount.id).limit(MOST_SHOWN)).all()
    mine: dict[int, list[Invoice]] = {account.id: [] for account in found}
    wanted = open_ones.where(Invoice.account_id.in_(mine)).order_by(None).order_by(Invoice.due_on, Invoice.id)
    for invoice in db.session.scalars(wanted.limit(MOST_SHOWN * 20)):
        mine[invoice.account_id].append(invoice)
    return [(account, mine[account.id]) for account in found]
