"""Against the provider's simulator (localstripe) as a process of its own, by the real library over real lines."""

import os
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from portal.billing import invoicing, payments
from portal.billing.account import BillingAccount, PaymentMethod
from portal.billing.invoice import Invoice
from portal.billing.payment import Payment, ProviderEvent, Refund
from portal.billing.provider import charging, methods, reconciling
from portal.billing.provider.checkout import Payer
from portal.billing.provider.following import look_at
from portal.billing.provider.gateway import provider
from portal.db import db, utcnow
from portal.jobs import Job, run_due
from tests.billing.rows import an_account, an_invoice
from tests.billing.using import settled
from tests.cast import World
from tests.running import Process, free_port, wait_for

SECRET = "whsec_simulator"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("localstripe"), free_port()
    command = (sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port))
    child = Process(*command, log=folder / "log", env={**os.environ, "TMPDIR": str(folder)})
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return True
        except OSError:
            return False
        return True

    try:
        wait_for(answers)
        yield url
    finally:
        child.kill()


@pytest.fixture
def listening(app: Flask, simulator: str) -> Iterator[Flask]:
    """The portal with the simulator, which posts its events to it."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"url=http://127.0.0.1:{server.port}/billing/provider/events&secret={SECRET}".encode()
    urllib.request.urlopen(f"{simulator}/_config/webhooks/portal", hook).close()
    values = {"stripe_secret_key": "sk_test_12345", "stripe_webhook_secret": SECRET, "stripe_api_base": simulator}
    try:
        with settled(app, stripe_timeout=60, **values):
            yield app
    finally:
        server.shutdown()
        server.server_close()


def with_method(world: World, person: Any, **made: Any) -> PaymentMethod:
    """Heron owes 108.90 euros, and this card or account is saved for it."""
    account = an_account(world.heron)
    invoicing.finalise(an_invoice(account), now=utcnow())
    db.session.execute(db.delete(Job))
    payer = Payer.of(account, person("owner"))
    db.session.commit()
    with provider() as ask:
        customer = payer.known(ask)
        method_id = ask(lambda v1: v1.payment_methods.create(params=made))["id"]
        ask(lambda v1: v1.payment_methods.attach(method_id, params={"customer": customer}))
    assert look_at("payment_method", method_id) == ""
    db.session.commit()
    return db.session.scalars(db.select(PaymentMethod)).one()


def card(number: str) -> dict[str, Any]:
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"}}


def collected() -> Payment:
    payment = charging.collect(db.session.scalars(db.select(Invoice)).one(), now=utcnow())
    assert payment
    db.session.commit()
    run_due()
    return payment


def heard(kind: str) -> Any:
    """Waits for an event of the kind, which comes a second later; then the worker looks at it."""

    def is_there() -> bool:
        db.session.rollback()
        found = db.session.query(ProviderEvent).filter_by(kind=kind).count() > 0
        db.session.rollback()  # else whoever brings it waits for the lock that this look may have taken
        return found

    wait_for(is_there)
    run_due()


def test_a_card(listening: Flask, world: World, person: Any) -> None:
    with listening.app_context():
        method = with_method(world, person, **card("4242424242424242"))
        shown = (method.kind, method.brand, method.last4, str(method.expires_on))
        assert shown == ("card", "visa", "4242", "2030-12-31")
        assert method.is_default and method.account.pays_by == "provider"
        payment = collected()
        assert (payment.state, payment.way, payment.invoice.state) == ("succeeded", "card", "paid")  # type: ignore[union-attr]
        heard("payment_intent.succeeded")
        payments.refund(payment, 890, reason="Late", by=person("admin"), key="refund:1", now=utcnow())
        db.session.commit()
        run_due()
        assert db.session.scalars(db.select(Refund)).one().state == "succeeded"
        methods.remove(db.session.scalars(db.select(PaymentMethod)).one(), now=utcnow())
        db.session.commit()
        run_due()
        assert {job.state for job in db.session.scalars(db.select(Job))} == {"done"}


def test_a_debit(listening: Flask, world: World, person: Any) -> None:
    with listening.app_context():
        with_method(world, person, type="sepa_debit", sepa_debit={"iban": "DE89370400440532013000"})
        payment = collected()
        assert payment.way == "sepa_debit"
        heard("payment_intent.succeeded")
        assert db.session.scalars(db.select(Payment.state)).one() == "succeeded"


def test_a_debit_that_fails(listening: Flask, world: World, person: Any) -> None:
    with listening.app_context():
        with_method(world, person, type="sepa_debit", sepa_debit={"iban": "DE62370400440532013001"})
        collected()
        heard("payment_intent.payment_failed")
        payment = db.session.scalars(db.select(Payment)).one()
        assert (payment.state, payment.trouble, payment.tries) == ("pending", "card_declined", 1)


def test_a_card_that_is_refused(listening: Flask, world: World, person: Any) -> None:
    with listening.app_context():
        with_method(world, person, **card("4000000000000341"))
        payment = collected()
        assert (payment.state, payment.trouble, payment.tries) == ("pending", "card_declined", 1)
        heard("payment_intent.payment_failed")
        assert db.session.scalars(db.select(Payment.tries)).one() == 1
        assert db.session.scalars(db.select(Payment.provider_id)).one()


def test_the_night(listening: Flask, world: World, person: Any, instance: Path) -> None:
    with listening.app_context():
        with_method(world, person, **card("4242424242424242"))
        collected()
        reconciling.reconcile()
        run_due()
        kinds = db.session.scalars(db.select(ProviderEvent.kind)).all()
        assert "payment_intent.succeeded" in kinds
        assert db.session.query(BillingAccount).count() == 1
