"""Statements that overlap, taken in, confirmed, undone and assigned in any order: each entry is booked once at most.

BANK_RUNS sets how many runs hypothesis draws.
"""

import collections
import contextlib
import os
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.people import User
from portal.billing import bank, books, invoicing, matching
from portal.billing.account import BillingAccount
from portal.billing.invoice import Invoice
from portal.billing.ledger import JournalEntry, Posting
from portal.billing.payment import BankEntry, BankFile, Payment
from portal.db import db
from portal.errors import Refused
from portal.jobs import run_due
from tests.billing.rows import NOW, a_line, an_account, an_invoice
from tests.billing.statements import a_credit, a_statement
from tests.cast import make_user
from tests.conftest import empty

RUNS = int(os.environ.get("BANK_RUNS", "12"))
counted: collections.Counter[str] = collections.Counter()
WRITTEN = (  # amount, what stands in it, who sent it, the bank's name
    ("108.90", "R2026-00001", "Heron", "A"),
    ("60.00", "R2026-00002 and R2026-00001", "Heron", "B"),
    ("500.00", "R2026-00003", "Egret", "C"),
    ("60.50", "thanks", "Heron Marine Ltd", "D"),
    ("60.50", "thanks", "Heron Marine Ltd", ""),
    ("1.00", "hello", "Nobody", "F"),
    ("12.10", "R2026-00001, R2026-00003", "Both", "G"),
)
ENTRY = st.integers(0, len(WRITTEN) - 1)
STEPS = st.one_of(
    st.tuples(st.just("take"), st.lists(ENTRY, min_size=2, max_size=7, unique=True)),
    st.tuples(st.just("confirm"), st.integers(0, 3)),
    st.tuples(st.just("confirm"), st.integers(0, 3)),
    st.tuples(st.just("work"), st.none()),
    st.tuples(st.just("undo"), ENTRY),
    st.tuples(st.just("assign"), st.tuples(ENTRY, st.booleans())),
    st.tuples(st.just("leave"), ENTRY),
    st.tuples(st.just("discard"), st.integers(0, 3)),
)


def do(step: str, how: Any) -> None:
    by = db.session.scalars(db.select(User)).one()
    files = db.session.scalars(db.select(BankFile).order_by(BankFile.id)).all()
    entries = db.session.scalars(db.select(BankEntry).order_by(BankEntry.id)).all()
    accounts = db.session.scalars(db.select(BillingAccount).order_by(BillingAccount.id)).all()
    if step == "take":
        told = [a_credit(a, text, payer=who, ref=ref, iban="") for a, text, who, ref in (WRITTEN[n] for n in how)]
        bank.take_in(bank.read(a_statement(*told)), "x.xml", by=by, now=NOW)
    elif step == "work":
        run_due(100)
    elif step == "confirm" and files:
        confirm_and_work(files[how % len(files)], by)
    elif step == "discard" and files:
        bank.discard(files[how % len(files)])
    elif step == "undo" and entries:
        bank.undo(entries[how % len(entries)], reason="Wrong", by=by, now=NOW)
    elif step == "leave" and entries:
        bank.leave_out(entries[how % len(entries)], reason="Wrong", by=by, now=NOW)
    elif step == "assign" and entries:
        bank.assign(entries[how[0] % len(entries)], accounts[how[1]], [], by=by, now=NOW)
    else:
        return
    counted[step] += 1


def confirm_and_work(file: BankFile, by: User) -> None:
    """What is booked is what was shown, invoice by invoice."""
    run_due(100)
    found = bank.preview(file)
    before = dict(db.session.execute(db.select(Invoice.id, Invoice.settled)).all())
    shown: collections.Counter[int] = collections.Counter()
    for match in found.values():
        shown.update(dict(match.parts))
    bank.confirm(file, matching.seal(found), by=by, now=NOW)
    db.session.commit()
    run_due(100)
    after = dict(db.session.execute(db.select(Invoice.id, Invoice.settled)).all())
    assert {key: after[key] - before[key] for key in after if after[key] != before[key]} == dict(shown)


def check() -> None:
    assert books.check() == bank.differences() == []
    entries = db.session.scalars(db.select(BankEntry)).all()
    booked = {one.payment_id: one.amount for one in entries if one.state == "matched"}
    stands = db.select(Payment).where(Payment.state == "succeeded", Payment.reversed_at.is_(None))
    assert {one.id: one.amount for one in db.session.scalars(stands)} == booked
    held = db.select(db.func.coalesce(db.func.sum(Posting.amount), 0)).where(Posting.ledger == "bank")
    assert db.session.scalar(held) == sum(booked.values())
    assert len({(one.bank_account, one.reference) for one in entries}) == len(entries) <= len(WRITTEN)
    assert db.session.query(JournalEntry.key).distinct().count() == db.session.query(JournalEntry).count()
    for invoice in db.session.scalars(db.select(Invoice)):
        assert 0 <= invoice.settled <= invoice.gross
        assert (invoice.state == "paid") is (invoice.due == 0)
    counted["payments"] += len(booked)


def test_any_order_of_statements(app: Flask) -> None:
    @settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(STEPS, min_size=8, max_size=24))
    def runs(steps: list[tuple[str, Any]]) -> None:
        empty(app)
        with app.test_request_context():
            make_user("ada@vendor.example")
            heron, egret = an_account(), an_account(legal_name="Egret")
            for number, (account, net) in enumerate(((heron, 9000), (heron, 5000), (egret, 20000))):
                invoicing.finalise(an_invoice(account, a_line(net), key=f"any:{number}"), now=NOW)
            db.session.commit()
            for step, how in steps:
                try:
                    do(step, how)
                    db.session.commit()
                except Refused:
                    db.session.rollback()
                    counted["refused"] += 1
            with contextlib.suppress(Refused):
                do("work", None)
                db.session.commit()
            check()
        counted["runs"] += 1

    runs()
    print(f"\n{dict(counted)}")
    assert counted["runs"] >= RUNS / 2
