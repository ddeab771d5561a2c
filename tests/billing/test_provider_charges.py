"""Taking money from saved methods, giving it back, and chargebacks."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal.billing import payments
from portal.billing.account import PaymentMethod
from portal.billing.invoice import Invoice
from portal.billing.payment import Payment, ProviderEvent, Refund
from portal.billing.provider import charging, reconciling
from portal.db import db, utcnow
from portal.jobs import run_due
from tests.billing.standin import Standin
from tests.billing.using import AT, As, charge_now, hear, owed, pressed_pay, save_method, seen, the_session
from tests.cast import World


def test_a_refused_charge_is_tried_on_other_days(app: Flask, debtor: World, there: Standin, moving: Any) -> None:
    charge_now(app, there, "pm_poor")
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        assert (payment.state, payment.trouble, payment.tries) == ("pending", "insufficient_funds", 1)
        assert payment.again_at and (payment.again_at - AT).days == 1
    hear(app, there)  # the refusal is told once more
    with app.app_context():
        assert db.session.scalars(db.select(Payment.tries)).one() == 1
        db.session.scalars(db.select(PaymentMethod)).one().provider_id = "pm_card"
        db.session.commit()
    moving.shift(timedelta(days=1, minutes=1))
    with app.app_context():
        run_due()
        assert seen() == ("paid", 0, ["succeeded"])
    assert len(there.of("payment_intent")) == 1 and list(there.charged().values()) == [10890]


def test_after_the_last_day_it_is_given_up(app: Flask, debtor: World, there: Standin, moving: Any) -> None:
    charge_now(app, there, "pm_poor")
    for days in (1, 3, 7):
        moving.shift(timedelta(days=days, minutes=1))
        with app.app_context():
            run_due()
    with app.app_context():
        assert seen() == ("open", 10890, ["failed"])
        assert db.session.scalars(db.select(Payment.tries)).one() == 4


@pytest.mark.parametrize("method", ["pm_expired", "pm_asks"])
def test_what_no_day_changes_is_not_tried_again(app: Flask, debtor: World, there: Standin, method: str) -> None:
    charge_now(app, there, method)
    with app.app_context():
        assert seen() == ("open", 10890, ["failed"])
        assert db.session.scalars(db.select(Payment.trouble)).one() in ("expired_card", "authentication_required")


def test_a_refused_charge_makes_way_for_the_payment_page(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    charge_now(app, there, "pm_poor")
    owner = as_("owner")
    with app.app_context():
        page = owed(debtor)
    assert "We try again on" in owner.get(page).text
    assert pressed_pay(app, debtor, owner).location.startswith(there.address)
    with app.app_context():
        run_due()
        assert seen()[2] == ["cancelled", "pending"]
    assert there.of("payment_intent")[0]["status"] == "canceled"
    there.pay(the_session(there))
    hear(app, there)
    with app.app_context():
        assert seen() == ("paid", 0, ["cancelled", "succeeded"])


@pytest.mark.parametrize("fault", ["500", "500 after", "reset", "reset after"])
def test_a_charge_whose_answer_is_lost_is_one_charge(
    app: Flask, debtor: World, there: Standin, as_: As, moving: Any, fault: str
) -> None:
    there.faults = [fault]
    charge_now(app, there)
    with app.app_context():
        assert seen() == ("open", 10890, ["pending"])
    assert pressed_pay(app, debtor, as_("owner")).location.startswith("/billing/")  # in doubt: nothing beside it
    moving.shift(timedelta(minutes=2))
    with app.app_context():
        run_due()
        assert seen() == ("paid", 0, ["succeeded"])
    assert list(there.charged().values()) == [10890]


def test_an_invoice_that_was_paid_meanwhile_is_not_charged(app: Flask, debtor: World, there: Standin) -> None:
    with app.app_context():
        save_method()
        invoice = db.session.scalars(db.select(Invoice)).one()
        charging.collect(invoice, now=utcnow())
        payments.settle(payments.begin(invoice, way="transfer", key="bank:1", now=AT), now=AT)
        db.session.commit()
        run_due()
        assert seen()[2] == ["cancelled", "succeeded"]
    assert not there.of("payment_intent")


def test_a_debit_takes_days_and_may_fail(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there, "pm_sepa", "sepa_debit")
    with app.app_context():
        assert seen() == ("open", 10890, ["pending"])
    there.finish_debit(there.of("payment_intent")[0]["id"], is_paid=False)
    hear(app, there)
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        assert (payment.state, payment.trouble) == ("pending", "insufficient_funds") and payment.again_at


def test_another_amount_than_ours_settles_nothing(app: Flask, debtor: World, there: Standin) -> None:
    there.lies = lambda thing: thing | {"amount_received": 1}
    charge_now(app, there, "pm_sepa", "sepa_debit")
    there.finish_debit(there.of("payment_intent")[0]["id"], is_paid=True)
    hear(app, there)
    with app.app_context():
        assert seen() == ("open", 10890, ["pending"])
        assert db.session.scalars(db.select(Payment.trouble)).one() == "amount_differs"
        assert "amount_differs" in db.session.scalars(db.select(ProviderEvent.trouble)).all()


@pytest.mark.parametrize("fault", [None, "500", "500 after", "reset", "reset after"])
def test_a_refund_is_given_once(
    app: Flask, debtor: World, there: Standin, person: Any, moving: Any, fault: str | None
) -> None:
    charge_now(app, there)
    there.faults = [fault]
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        payments.refund(payment, 1000, reason="Late", by=person("admin"), key="refund:1", now=utcnow())
        db.session.commit()
        run_due()
        moving.shift(timedelta(minutes=2))
        run_due()
        assert db.session.scalars(db.select(Refund.state)).all() == ["succeeded"]
        assert db.session.scalars(db.select(Payment.refunded)).one() == 1000
    assert [one["amount"] for one in there.of("refund")] == [1000]


def test_a_refund_at_the_providers_desk_is_taken_over(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there)
    there.refund_there(there.of("payment_intent")[0]["id"], 500)
    hear(app, there)
    hear(app, there, *reversed(there.events))
    with app.app_context():
        refund = db.session.scalars(db.select(Refund)).one()
        assert (refund.amount, refund.state, refund.payment.refunded) == (500, "succeeded", 500)


def test_a_refund_that_comes_back(app: Flask, debtor: World, there: Standin, person: Any) -> None:
    charge_now(app, there)
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        payments.refund(payment, 1000, reason="Late", by=person("admin"), key="refund:1", now=utcnow())
        db.session.commit()
        run_due()
        there.of("refund")[0]["status"] = "failed"
        there.happen("refund.failed", there.of("refund")[0])
    hear(app, there)
    with app.app_context():
        assert "refund came back" in db.session.scalars(db.select(ProviderEvent.trouble)).all()
        (line,) = reconciling.differences(utcnow() - timedelta(days=1))
        assert line.endswith("succeeded here, not at the provider")


def test_chargebacks(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there)
    intent_id = there.of("payment_intent")[0]["id"]
    there.dispute(intent_id, "needs_response")
    hear(app, there)
    with app.app_context():
        assert db.session.scalars(db.select(Payment.disputed_at)).one()
    there.dispute(intent_id, "lost")
    hear(app, there)
    with app.app_context():
        assert db.session.scalars(db.select(Payment.dispute_lost_at)).one()
