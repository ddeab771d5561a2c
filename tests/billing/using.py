"""The portal with a payment provider: the stand-in, or its simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from portal.billing.account import BillingAccount, PaymentMethod
from portal.billing.invoice import Invoice
from portal.billing.payment import Payment
from portal.billing.provider import charging
from portal.db import db, utcnow
from portal.jobs import run_due
from tests.billing.standin import Standin, Thing
from tests.cast import World

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
As = Callable[[str], FlaskClient]


@contextmanager
def settled(app: Flask, **values: Any) -> Iterator[None]:
    """Inside, these settings hold."""
    config = app.extensions["settings"]
    before = dict(config)
    config.update(values)
    try:
        yield
    finally:
        config.update(before)


@contextmanager
def set_up(app: Flask, there: Standin) -> Iterator[None]:
    """The portal asks this provider, and believes its events."""
    values = {"stripe_secret_key": "sk_test_standin", "stripe_webhook_secret": there.secret, "stripe_timeout": 3}
    with settled(app, stripe_api_base=there.address, **values):
        yield


def owed(world: World) -> str:
    """The invoice's page."""
    invoice = db.session.scalars(db.select(Invoice)).one()
    return f"/billing/{world.heron}/invoices/{invoice.public_id}"


def pressed_pay(app: Flask, world: World, browser: FlaskClient) -> Any:
    with app.app_context():
        page = owed(world)
    return browser.post(f"{page}/pay")


def the_session(there: Standin) -> str:
    return str(there.of("checkout.session")[-1]["id"])


def hear(app: Flask, there: Standin, *events: Thing) -> None:
    """Events arrive, and the worker looks at them."""
    browser = app.test_client()
    for event in events or there.events:
        assert browser.post("/billing/provider/events", csrf=False, **there.letter(event)).status_code == 204
    with app.app_context():
        run_due()


def seen() -> tuple[str, int, list[str]]:
    """The invoice's state, what is left to pay, and its payments' states."""
    invoice = db.session.scalars(db.select(Invoice).order_by(Invoice.id)).first()
    assert invoice is not None
    states = db.session.scalars(db.select(Payment.state).order_by(Payment.id)).all()
    return invoice.state, invoice.due, list(states)


def save_method(kind: str = "card", provider_id: str = "pm_card", **more: Any) -> PaymentMethod:
    account = db.session.scalars(db.select(BillingAccount)).one()
    account.provider_customer, account.pays_by = account.provider_customer or "cus_heron", "provider"
    method = PaymentMethod(
        account_id=account.id, provider_id=provider_id, kind=kind, is_default=True, created_at=AT, **more
    )
    db.session.add(method)
    db.session.flush()
    return method


def charge_now(app: Flask, there: Standin, provider_id: str = "pm_card", kind: str = "card") -> None:
    """The invoice is taken from the saved method by a job."""
    there.things["cus_heron"] = {"id": "cus_heron", "object": "customer", "created": 0}
    with app.app_context():
        save_method(kind, provider_id)
        assert charging.collect(db.session.scalars(db.select(Invoice)).one(), now=utcnow())
        db.session.commit()
        run_due()
