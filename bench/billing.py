"""Billing: pages with a thousand invoices, renewals, the provider's events: `python -m bench.billing`."""

import argparse
import http.client
import os
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from bench.pages import Page, Server, bare_page, cookie, warm
from bench.seed import seed
from portal import create_app
from portal.accounts.licences import Subscription
from portal.accounts.people import MemberRole, Membership, User
from portal.billing import invoicing, renewing
from portal.billing.accounts import today
from portal.billing.invoice import OPEN, Invoice, InvoiceFile
from portal.billing.seller import FROM_DEMO
from portal.db import db, utcnow, writing
from tests import cast
from tests.billing.rows import a_line, an_account, an_item
from tests.billing.standin import Standin
from tests.running import Portal, wait_for

TARGET, RENEWED_IN, ANSWERED_IN = 3.0, 300.0, 50.0


def fill(invoices: int, renewals: int) -> int:
    """The customer's organisation with its invoices, and others whose month is over. Returns the organisation."""
    now = utcnow()
    person = db.session.get_one(
        User, db.session.scalars(select(User.id).where(User.email == cast.ADDRESSES["customer"])).one()
    )
    membership = db.session.scalars(select(Membership).where(Membership.user_id == person.id)).first()
    assert membership is not None
    membership.role = MemberRole.OWNER
    plan = an_item("team", "team", 1900, level=1, has_seats=True)
    account = an_account(membership.organisation_id, days_to_pay=30)
    subscribe(account.organisation_id, plan.id, today(now) + timedelta(days=9))
    for number in range(invoices):
        at = now - timedelta(hours=number)
        invoice = invoicing.draft(account, reason_key=f"bench:{number}", lines=[a_line(1900)], now=at)
        invoicing.freeze(invoice, on=today(at))
        invoice.series, invoice.sequence, invoice.number = "R2025", number + 1, f"R2025-{number + 1:05d}"
        invoice.state, invoice.finalised_at = (OPEN if number % 10 == 0 else "paid"), at
        invoice.settled = 0 if number % 10 == 0 else invoice.gross
    for number in range(renewals):
        other = an_account(legal_name=f"Buyer {number}")
        subscribe(other.organisation_id, plan.id, today(now))
    return membership.organisation_id


def subscribe(organisation: int | None, item: int, until: date) -> None:
    terms: dict[str, Any] = {"item_id": item, "seats": 5, "interval": "month", "currency": "EUR", "amount": 1900}
    held = Subscription(organisation_id=organisation, plan="team", starts_at=utcnow(), **terms)
    held.period_from, held.billed_until, held.anchor_day = until - timedelta(days=30), until, until.day
    db.session.add(held)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--invoices", type=int, default=1000)
    options.add_argument("--renewals", type=int, default=1000)
    options.add_argument("--events", type=int, default=200)
    options.add_argument("--requests", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = {"stripe_secret_key": "sk_test_bench", "stripe_webhook_secret": Standin().secret}
        seller = {f"seller_{name}": value for name, value in FROM_DEMO.items()}
        portal = Portal(folder, mode="production", log_level="WARNING", web_workers=1, **keys, **seller)
        portal.run("db", "upgrade")
        app = create_app(instance=portal.instance, **portal.settings)
        made = seed(app, tickets=20, articles=20)
        with app.app_context(), writing():
            organisation = fill(chosen.invoices, chosen.renewals)
            db.session.commit()
        measure_pages(portal, folder, cookie(app, made["keys"]["customer"]), organisation, chosen)
        measure_events(portal, chosen.events)
        measure_renewals(portal, app, chosen.renewals)
        portal.stop()


def measure_pages(portal: Portal, folder: Path, owner: str, organisation: int, chosen: argparse.Namespace) -> None:
    base = f"/billing/{organisation}"
    pages = [Page("billing", f"{base}/", owner), Page("invoices", f"{base}/invoices", owner)]
    with bare_page(folder) as (bare, yardstick):
        portal.start_web()
        assert portal.web
        web = Server(portal.web, portal.port)
        warm(bare, [yardstick])
        warm(web, pages)
        for _ in range(chosen.rounds):
            yardstick.plain.append(bare.measure(yardstick, chosen.requests))
            for page in pages:
                page.plain.append(web.measure(page, chosen.requests))
        unit = statistics.median(yardstick.plain)
        print(f"bare page {unit:.2f} ms of CPU")
        for page in pages:
            spent = statistics.median(page.plain)
            verdict = "met" if spent / unit <= TARGET else "missed"
            print(f"{page.name}, {chosen.invoices} invoices: {spent:.2f} ms, {spent / unit:.1f} x, {TARGET} {verdict}")
        print(f"web {web.memory():.0f} MB")


def measure_events(portal: Portal, many: int) -> None:
    """How long an event waits for its answer, one after another, wall time."""
    there, took = Standin(), []
    line = http.client.HTTPConnection("127.0.0.1", portal.port)
    for number in range(many):
        event = {"id": f"evt_{number}", "object": "event", "type": "charge.updated", "created": int(time.time())}
        letter = there.letter(event | {"data": {"object": {"id": f"ch_{number}", "object": "charge"}}})
        began = time.perf_counter()
        headers = letter["headers"] | {"Content-Type": "application/json"}
        line.request("POST", "/billing/provider/events", letter["data"], headers)
        answer = line.getresponse()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 204, answer.status
    line.close()
    took.sort()
    at = {share: took[min(many - 1, int(many * share))] for share in (0.5, 0.99)}
    verdict = "met" if at[0.99] < ANSWERED_IN else "missed"
    print(f"events: median {at[0.5]:.1f} ms, 99 % {at[0.99]:.1f} ms, {ANSWERED_IN:.0f} ms {verdict}")


def measure_renewals(portal: Portal, app: Flask, many: int) -> None:
    """All subscriptions' months are over: from the look that finds them to the last PDF, by one worker."""
    with app.app_context(), writing():
        before = made_by_now()
        asked = renewing.ask_for_renewals(now=utcnow())
        db.session.commit()
    began = time.monotonic()
    portal.start_worker()

    def is_done() -> bool:
        with app.app_context():
            return made_by_now() - before >= many

    wait_for(is_done, 1200, every=1)
    took = time.monotonic() - began
    assert portal.worker
    verdict = "met" if took / many * 1000 < RENEWED_IN else "missed"
    print(f"{asked} renewals with PDF: {took:.0f} s; 1,000 in {RENEWED_IN:.0f} s {verdict}; ", end="")
    print(f"worker {Server(portal.worker, portal.port).memory():.0f} MB; load {os.getloadavg()[0]:.1f}")


def made_by_now() -> int:
    query = select(func.count()).select_from(InvoiceFile).join(Invoice, Invoice.id == InvoiceFile.invoice_id)
    return db.session.scalar(query) or 0


if __name__ == "__main__":
    main()
