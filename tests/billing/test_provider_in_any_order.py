"""Whatever happens in whatever order, however often, with a worker that dies anywhere: one charge, books that balance.

A run is a list of steps drawn by hypothesis, then all that waits is let come to its end. PROVIDER_RUNS sets how many.
"""

import collections
import contextlib
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.billing import books, invoicing, payments
from portal.billing.account import PaymentMethod
from portal.billing.invoice import Invoice
from portal.billing.ledger import JournalEntry, Posting
from portal.billing.payment import Payment, ProviderEvent, Refund
from portal.billing.provider import charging, checkout, gateway
from portal.db import db, utcnow
from portal.errors import Refused
from portal.jobs import Job, enqueue, run_due
from tests.billing.rows import an_account, an_invoice
from tests.billing.standin import Standin, standing_in
from tests.billing.using import set_up
from tests.conftest import empty

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
RUNS = int(os.environ.get("PROVIDER_RUNS", "25"))
PERSON: Any = SimpleNamespace(email="olga@heron.example")
counted: collections.Counter[str] = collections.Counter()
STEPS = st.one_of(
    st.tuples(st.just("press"), st.none()),
    st.tuples(st.just("at the page"), st.sampled_from(["card", "card", "sepa_debit", "refused", "expire"])),
    st.tuples(st.just("collect"), st.sampled_from(["pm_card", "pm_sepa", "pm_poor", "pm_asks"])),
    st.tuples(st.just("debit"), st.booleans()),
    st.tuples(st.just("tell"), st.integers(0, 2**32)),
    st.tuples(st.sampled_from(["press", "work", "work", "night"]), st.none()),
    st.tuples(st.just("kill"), st.tuples(st.sampled_from(["asking", "answered", "commit"]), st.integers(1, 4))),
    st.tuples(st.just("fault"), st.sampled_from(["500", "500 after", "reset", "reset after"])),
    st.tuples(st.just("later"), st.sampled_from([1, 60, 60 * 26])),
    st.tuples(st.just("transfer"), st.none()),
    st.tuples(st.just("refund"), st.integers(1, 6000)),
    st.tuples(st.just("at the page"), st.just("card")),
    st.tuples(st.just("tell"), st.integers(0, 2**32)),
    st.tuples(st.just("collect"), st.just("pm_card")),
)


class Killed(BaseException):
    """What no `except Exception` sees: the process is gone."""


class Fuse:
    """Kills at the n-th time that something is reached."""

    def __init__(self) -> None:
        self.left = 0
        self.where = ""

    def reach(self, where: str) -> None:
        if where == self.where and self.left:
            self.left -= 1
            if not self.left:
                counted["kills"] += 1
                raise Killed


class Run:
    """One customer, one invoice of 108.90 euros, one provider."""

    def __init__(self, app: Flask, there: Standin, clock: Any) -> None:
        self.app, self.there, self.clock, self.fuse = app, there, clock, Fuse()
        self.told: set[str] = set()
        self.shown: set[str] = set()  # payment pages that the customer was sent to
        with app.app_context():
            account = an_account()
            invoicing.finalise(an_invoice(account), now=AT)
            customer = there.add("customer", "cus")
            account.provider_customer = customer["id"]
            db.session.execute(db.delete(Job))
            db.session.commit()

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """A process that may be killed; another one takes its jobs over when their lease is out."""
        with self.app.test_request_context():
            try:
                yield
            except Killed:
                db.session.rollback()
            db.session.remove()
            with db.engine.begin() as line:
                line.execute(db.update(Job).where(Job.state == "running").values(lease_until=AT))

    def invoice(self) -> Invoice:
        return db.session.scalars(db.select(Invoice)).one()

    def do(self, step: str, how: Any) -> None:
        counted[step] += 1
        getattr(self, step.replace(" ", "_"))(how)

    def press(self, _how: None) -> None:
        with self.alive(), contextlib.suppress(Refused, gateway.Unreachable):
            self.shown.add(checkout.pay(self.invoice(), PERSON, now=utcnow()))

    def at_the_page(self, how: str) -> None:
        pages = [one for one in self.there.of("checkout.session") if one["status"] == "open"]
        pages = [one for one in pages if one["url"] in self.shown or how == "expire"]
        if pages:
            self.there.expire(pages[0]["id"]) if how == "expire" else self.there.pay(pages[0]["id"], how)

    def collect(self, method_id: str) -> None:
        with self.alive():
            invoice = self.invoice()
            db.session.query(PaymentMethod).delete()
            kind = "sepa_debit" if method_id == "pm_sepa" else "card"
            kept: Any = {"account_id": invoice.account_id, "kind": kind, "provider_id": method_id}
            db.session.add(PaymentMethod(is_default=True, created_at=AT, **kept))
            invoice.account.pays_by = "provider"
            db.session.flush()
            charging.collect(invoice, now=utcnow())
            db.session.commit()

    def debit(self, is_paid: bool) -> None:
        for intent in self.there.of("payment_intent"):
            if intent["status"] == "processing":
                self.there.finish_debit(intent["id"], is_paid=is_paid)

    def tell(self, seed: int) -> None:
        """Some of what happened, some of it twice, in any order."""
        dice, browser = random.Random(seed), self.app.test_client()
        events = self.there.events + self.there.events
        for event in dice.sample(events, dice.randint(len(events) // 3, len(events))):
            try:
                answer = browser.post("/billing/provider/events", csrf=False, **self.there.letter(event))
            except Killed:
                continue
            assert answer.status_code == 204
            self.told.add(event["id"])
            counted["events"] += 1

    def work(self, _how: None) -> None:
        with self.alive():
            run_due(100)

    def kill(self, how: tuple[str, int]) -> None:
        self.fuse.where, self.fuse.left = how

    def fault(self, how: str) -> None:
        self.there.faults.append(how)

    def later(self, minutes: int) -> None:
        self.clock.shift(timedelta(minutes=minutes))

    def transfer(self, _how: None) -> None:
        with self.alive():
            invoice = self.invoice()
            if invoice.due:
                payments.settle(payments.begin(invoice, way="transfer", key="bank:1", now=utcnow()), now=utcnow())
                db.session.commit()

    def refund(self, amount: int) -> None:
        with self.alive(), contextlib.suppress(Refused):
            paid = db.select(Payment).where(Payment.state == "succeeded", Payment.provider_id.is_not(None))
            payment = db.session.scalars(paid).first()
            if payment and not db.session.query(Refund).count():
                payments.refund(payment, amount, reason="Late", by=None, key="refund:1", now=utcnow())
                db.session.commit()

    def night(self, _how: None) -> None:
        with self.alive():
            enqueue("reconcile_provider")
            db.session.commit()
            run_due(100)

    def end(self) -> None:
        """The weather clears, debits come in, pages expire, and everybody does what they still have to."""
        self.there.faults.clear()
        self.fuse.left = 0
        for _day in range(16):
            self.at_the_page("expire")
            self.debit(True)
            self.night(None)
            self.later(60 * 25)
        with self.alive():
            run_due()

    def check(self) -> None:
        with self.app.app_context():
            invoice, rows = self.invoice(), list(db.session.scalars(db.select(Payment).order_by(Payment.id)))
            charged = self.there.charged()
            at_provider = {one.public_id: one.amount for one in rows if one.state == "succeeded" and one.provider_id}
            assert charged == at_provider, (charged, at_provider)
            assert len(charged) <= 1, "charged twice"
            assert "pending" not in [one.state for one in rows], [(one.key, one.trouble) for one in rows]
            assert db.session.scalars(db.select(ProviderEvent).where(ProviderEvent.applied_at.is_(None))).all() == []
            given = sum(one["amount"] for one in self.there.of("refund"))
            back = db.session.scalars(db.select(Refund).where(Refund.state == "succeeded")).all()
            assert given == sum(one.amount for one in back)
            sums = db.select(db.func.sum(Posting.amount)).group_by(Posting.entry_id)
            assert set(db.session.scalars(sums)) <= {0}
            held = db.select(db.func.sum(Posting.amount)).where(Posting.ledger == "provider")
            assert (db.session.scalar(held) or 0) == sum(charged.values()) - given
            paid = sum(one.amount for one in rows if one.state == "succeeded") - given
            owed, ahead = books.balance_of(invoice.account, "EUR")
            assert owed - ahead == invoice.gross - paid
            assert db.session.query(JournalEntry.key).distinct().count() == db.session.query(JournalEntry).count()
            assert books.check() == []
            counted["charges"] += len(charged)
            counted["refunds"] += len(back)


@pytest.fixture
def there(app: Flask) -> Iterator[Standin]:
    with standing_in() as one, set_up(app, one):
        yield one


def test_any_order_of_anything(app: Flask, there: Standin) -> None:
    fuse: list[Fuse] = []
    plain, commit = gateway._answer, db.session.commit

    def answered(*given: Any) -> Any:
        fuse[-1].reach("asking")
        answer = plain(*given)
        fuse[-1].reach("answered")
        return answer

    def committed() -> None:
        fuse[-1].reach("commit")
        commit()

    @settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(STEPS, min_size=6, max_size=24))
    def runs(steps: list[tuple[str, Any]]) -> None:
        empty(app)
        there.__init__(address=there.address)  # type: ignore[misc]
        with time_machine.travel(AT, tick=False) as clock:
            run = Run(app, there, clock)
            fuse.append(run.fuse)
            with mock.patch.object(gateway, "_answer", answered), mock.patch.object(db.session, "commit", committed):
                for step, how in steps:
                    run.do(step, how)
                run.end()
            run.check()
        counted["runs"] += 1

    runs()
    print(f"\n{dict(counted)}")
    assert counted["runs"] >= RUNS / 2
