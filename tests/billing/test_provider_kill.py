"""kill -9 of the worker amid charges and events: every invoice is charged once, and the books agree.

A sample in the suite; `PROVIDER_KILLS=40 pytest tests/billing/test_provider_kill.py -s` is the whole.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

from portal.billing import books, invoicing
from portal.billing.account import PaymentMethod
from portal.billing.invoice import Invoice
from portal.billing.payment import Payment, ProviderEvent
from portal.billing.provider import charging
from portal.db import db, utcnow, writing
from portal.jobs import Job
from tests.billing.rows import an_account, an_invoice
from tests.billing.standin import Standin, standing_in
from tests.jobs.conftest import application
from tests.running import Portal, wait_for

KILLS = int(os.environ.get("PROVIDER_KILLS", "3"))
INVOICES = 8 * KILLS


def owe(there: Standin) -> None:
    """Invoices of 108.90 euros each, that are charged to a saved card as soon as a worker is there."""
    account = an_account()
    account.provider_customer, account.pays_by = there.add("customer", "cus")["id"], "provider"
    method = PaymentMethod(account_id=account.id, provider_id="pm_card", kind="card", is_default=True)
    db.session.add(method)
    for number in range(INVOICES):
        invoice = invoicing.finalise(an_invoice(account, key=f"test:{number}"), now=utcnow())
        assert charging.collect(invoice, now=utcnow())
    db.session.execute(db.delete(Job).where(Job.kind != "charge_payment"))
    db.session.commit()


def test_one_charge_each(tmp_path: Path) -> None:
    with standing_in() as there:
        there.delay = 0.05
        values = {"stripe_secret_key": "sk_test_1", "stripe_webhook_secret": there.secret}
        portal = Portal(tmp_path, stripe_api_base=there.address, **values)
        with application(portal) as app:
            with app.app_context(), writing():
                owe(there)
            try:
                for _kill in range(KILLS):
                    portal.start_worker(module="tests.jobs.kinds")
                    assert portal.worker
                    count = len(there.calls)
                    wait_for(lambda seen=count: len(there.calls) > seen, 60)
                    time.sleep(random.uniform(0, 0.4))
                    portal.worker.kill()
                    browser = app.test_client()
                    for event in random.choices(there.events, k=len(there.events)):
                        letter = there.letter(event)
                        assert browser.post("/billing/provider/events", **letter).status_code == 204
                portal.start_worker(module="tests.jobs.kinds")

                def is_done() -> bool:
                    with app.app_context():
                        left = db.select(db.func.count()).select_from(Job).where(Job.state.in_(("pending", "running")))
                        return db.session.scalar(left.where(Job.kind != "deliver_mail")) == 0

                wait_for(is_done, 120, every=0.5)
            finally:
                portal.stop()
            with app.app_context():
                assert Counter(db.session.scalars(db.select(Payment.state))) == {"succeeded": INVOICES}
                assert set(db.session.scalars(db.select(Invoice.state))) == {"paid"}
                assert sorted(there.charged().values()) == [10890] * INVOICES
                assert (
                    db.session.scalars(db.select(ProviderEvent).where(ProviderEvent.applied_at.is_(None))).all() == []
                )
                assert books.check() == []
    print(f"\n{KILLS} kills, {INVOICES} charges, {len(there.calls)} requests, each charged once")
