"""Renewals: each interval is billed once, by the terms and prices of its first day; what was cancelled ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation, User
from portal.billing import books, renewing, selling
from portal.billing.accounts import account_of
from portal.billing.catalogue import Price
from portal.billing.invoice import Invoice
from portal.db import db
from portal.errors import Refused
from portal.jobs import run_due
from tests.billing.rows import NOW, an_account, an_item
from tests.cast import World


def start(world: World, *, seats: int = 2, interval: str = "month", trial: int = 0) -> Subscription:
    """Heron orders the plan on 16 November."""
    an_account(world.heron)
    item = an_item("team", "team", 1000, level=1, has_seats=True, trial_days=trial)
    buyer, by = db.session.get_one(Organisation, world.heron), db.session.get_one(User, world.ids["owner"])
    asked = selling.preview(buyer, item, seats=seats, interval=interval, by=by, now=NOW)
    return selling.confirm(asked, by=by, now=NOW)


def later(**passed: int) -> datetime:
    return NOW + timedelta(**passed)


def renewed(world: World, now: datetime) -> Invoice | None:
    return renewing.renew(account_of(db.session.get_one(Organisation, world.heron), now=now), now=now)


def test_each_interval_is_billed_once(app: Flask, world: World) -> None:
    with app.app_context():
        subscription = start(world)
        assert renewed(world, later(days=29)) is None
        invoice = renewed(world, later(days=30))
        assert invoice is not None
        assert [(line.begins, line.ends, line.net) for line in invoice.lines] == [
            (date(2026, 12, 16), date(2027, 1, 16), 2000)
        ]
        assert subscription.billed_until == date(2027, 1, 16)
        assert renewed(world, later(days=31)) is None


def test_a_portal_that_was_off_catches_up(app: Flask, world: World) -> None:
    with app.app_context():
        start(world)
        invoice = renewed(world, later(days=100))
        assert invoice is not None
        assert [line.begins for line in invoice.lines] == [
            date(2026, 12, 16),
            date(2027, 1, 16),
            date(2027, 2, 16),
        ]


def test_what_is_cancelled_is_billed_no_more(app: Flask, world: World) -> None:
    with app.app_context():
        subscription = start(world)
        selling.cancel(subscription, by=db.session.get_one(User, world.ids["owner"]), now=later(days=3))
        assert subscription.ends_at == datetime(2026, 12, 15, 23, 0, tzinfo=UTC)  # midnight for the vendor
        assert renewed(world, later(days=40)) is None
        with pytest.raises(Refused):
            selling.resume(subscription, by=db.session.get_one(User, world.ids["owner"]), now=later(days=40))


def test_a_trial_is_billed_when_it_ends(app: Flask, world: World) -> None:
    with app.app_context():
        subscription = start(world, trial=14)
        assert db.session.scalar(db.select(Invoice.id)) is None
        assert renewed(world, later(days=13)) is None
        invoice = renewed(world, later(days=14))
        assert invoice is not None and invoice.lines[0].begins == date(2026, 11, 30)
        assert subscription.trial_until is None


def test_a_new_price_counts_from_its_day(app: Flask, world: World) -> None:
    with app.app_context():
        subscription = start(world)
        price = Price(currency="EUR", interval="month", amount=1200, starts_on=date(2026, 12, 1))
        price.item_id = subscription.item_id
        db.session.add(price)
        db.session.flush()
        invoice = renewed(world, later(days=30))
        assert invoice is not None and invoice.net == 2400


def test_what_was_planned_counts_from_then_on(app: Flask, world: World) -> None:
    with app.app_context():
        subscription = start(world, seats=5)
        buyer, by = db.session.get_one(Organisation, world.heron), db.session.get_one(User, world.ids["owner"])
        item = db.session.get_one(Subscription, subscription.id).item_id
        from portal.billing.catalogue import CatalogueItem

        asked = selling.preview(
            buyer,
            db.session.get_one(CatalogueItem, item),
            seats=3,
            interval="month",
            by=by,
            now=later(days=2),
            subscription=subscription,
        )
        selling.confirm(asked, by=by, now=later(days=2))
        assert (subscription.seats, subscription.next_terms["seats"]) == (5, 3)
        ahead = renewing.coming(account_of(buyer, now=later(days=2)), now=later(days=2))
        assert ahead is not None and ahead[1][0].net == 3000
        invoice = renewed(world, later(days=30))
        assert invoice is not None and invoice.net == 3000
        assert subscription.seats == 3 and subscription.next_terms is None


def test_the_worker_renews_and_the_books_agree(app: Flask, world: World) -> None:
    with app.app_context():
        start(world)
        db.session.execute(db.update(Subscription).values(billed_until=date(2020, 1, 1)))
        db.session.commit()
        assert renewing.ask_for_renewals(now=NOW) == 1
        db.session.commit()
        run_due()
        run_due()
        states = db.session.scalars(db.select(Invoice.state).order_by(Invoice.id)).all()
        assert set(states) == {"open"} and len(states) == 2
        assert books.check() == []
