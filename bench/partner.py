"""The partner area with many customers and their tickets: `python -m bench.partner`."""

import argparse
import os
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from bench.pages import Page, Server, bare_page, cookie, warm
from bench.seed import seed
from portal import create_app
from portal.accounts.partnership import APPROVED, Consent, Partner, PartnerCustomer
from portal.accounts.people import Membership, Organisation, User
from portal.accounts.sessions import open_sign_in
from portal.db import db, utcnow, writing
from portal.tickets.ticket import Ticket
from tests import cast
from tests.running import Portal

TARGET = 3.0
PAGES = {"overview": "/partner/", "tickets": "/partner/tickets", "late": "/partner/tickets?status=late&sort=due"}
PAGES |= {"customers": "/partner/customers", "orders": "/partner/orders"}


def fill(app: Flask, customers: int) -> dict[str, Any]:
    """A reseller that acts for so many customers, who share the tickets that are there; the key of its owner."""
    with app.test_request_context(), writing():
        now = utcnow()
        person = db.session.scalars(select(User).where(User.email == cast.ADDRESSES["reseller"])).one()
        house = db.session.scalars(select(Membership.organisation_id).where(Membership.user_id == person.id)).one()
        then = now - timedelta(days=30)
        db.session.add(Partner(organisation_id=house, state=APPROVED, starts_at=then))
        made = [Organisation(name=f"Customer {number:03}") for number in range(customers)]
        db.session.add_all(made)
        db.session.flush()
        for number, one in enumerate(made):
            names = {"public_id": f"bench-{number}", "name": one.name, "email": f"c{number}@bench.example"}
            relation = PartnerCustomer(reseller_id=house, customer_id=one.id, starts_at=then, **names)
            relation.consents.append(Consent(asked_at=then, asked_until=now, given_at=then))
            db.session.add(relation)
        first = made[0].id
        db.session.execute(update(Ticket).values(organisation_id=first + Ticket.id % customers))
        row, token = open_sign_in(person, is_kept=True, now=now)
        db.session.flush()
        key = {"_user_id": token, "sign_in": row.id}
        db.session.commit()
    return key


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=500)
    options.add_argument("--tickets", type=int, default=20_000)
    options.add_argument("--requests", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        portal = Portal(folder, mode="production", log_level="WARNING", web_workers=1)
        portal.run("db", "upgrade")
        app = create_app(instance=portal.instance, **portal.settings)
        seed(app, tickets=chosen.tickets, articles=20)
        owner = cookie(app, fill(app, chosen.customers))
        measure(portal, folder, [Page(name, path, owner) for name, path in PAGES.items()], chosen)
        portal.stop()


def measure(portal: Portal, folder: Path, pages: list[Page], chosen: argparse.Namespace) -> None:
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
        print(f"{chosen.customers} customers, {chosen.tickets} tickets; bare page {unit:.2f} ms of CPU")
        for page in pages:
            spent = statistics.median(page.plain)
            verdict = "met" if spent / unit <= TARGET else "missed"
            print(f"{page.name}: {spent:.2f} ms, {spent / unit:.1f} x, {TARGET} {verdict}")
        print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
