"""Each night both sides are compared: what got lost is fetched, what differs is told."""

from datetime import timedelta
from typing import Any

from flask import Flask

from portal.billing.account import PaymentMethod
from portal.billing.payment import Payment, ProviderEvent
from portal.billing.provider import reconciling
from portal.billing.provider.keeping import forget_events
from portal.db import db, utcnow
from portal.jobs import Job, enqueue, run_due
from tests.billing.standin import Standin
from tests.billing.using import As, charge_now, hear, pressed_pay, seen, the_session
from tests.cast import World


def tonight(app: Flask) -> None:
    with app.app_context():
        enqueue("reconcile_provider")
        db.session.commit()
        run_due()


def test_a_payment_of_which_no_event_came(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    pressed_pay(app, debtor, as_("owner"))
    there.pay(the_session(there))
    tonight(app)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])
        kept = db.session.query(ProviderEvent).count()
        assert kept == len(there.events)
    tonight(app)
    hear(app, there)
    with app.app_context():
        assert db.session.query(ProviderEvent).count() == kept


def test_a_charge_whose_job_died(app: Flask, debtor: World, there: Standin, moving: Any) -> None:
    there.is_down = True
    charge_now(app, there)
    there.is_down = False
    with app.app_context():
        db.session.execute(db.update(Job).values(state="dead"))
        db.session.commit()
    moving.shift(timedelta(hours=8))
    tonight(app)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])
    assert list(there.charged().values()) == [10890]


def test_a_payment_page_that_never_came(app: Flask, debtor: World, there: Standin, as_: As, moving: Any) -> None:
    there.is_down = True
    pressed_pay(app, debtor, as_("owner"))
    there.is_down = False
    moving.shift(timedelta(hours=20))
    tonight(app)
    with app.app_context():
        assert seen()[2] == ["pending"]
    moving.shift(timedelta(hours=20))
    tonight(app)
    with app.app_context():
        assert seen()[2] == ["cancelled"]


def test_a_card_that_was_detached_there(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there)
    there.happen("payment_method.detached", there.add("payment_method", "pm", customer=None, type="card"))
    with app.app_context():
        db.session.scalars(db.select(PaymentMethod)).one().provider_id = there.of("payment_method")[0]["id"]
        db.session.commit()
    tonight(app)
    with app.app_context():
        assert db.session.scalars(db.select(PaymentMethod)).one().removed_at


def test_what_differs_is_told(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there)
    with app.app_context():
        since = utcnow() - timedelta(days=1)
        assert reconciling.differences(since) == []
        intent = there.of("payment_intent")[0]
        intent["amount_received"] = 5
        (line,) = reconciling.differences(since)
        assert line.endswith("10890 here, 5 at the provider")
        intent["status"] = "canceled"
        (line,) = reconciling.differences(since)
        assert line.endswith("succeeded here, canceled at the provider")
        del there.things[intent["id"]]
        (line,) = reconciling.differences(since)
        assert line.endswith("unknown at the provider")
        lone = there.add("payment_intent", "pi", status="succeeded", amount=5, currency="eur")
        lone["metadata"] = {"payment": "lost"}
        assert len(reconciling.differences(since)) == 2
        assert db.session.query(Payment).count() == 1


def test_a_refund_that_was_not_heard_of(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there)
    refund = there.refund_there(there.of("payment_intent")[0]["id"], 500)
    with app.app_context():
        since = utcnow() - timedelta(days=1)
        assert reconciling.differences(since) == [f"refund {refund['id']}: succeeded at the provider, not here"]
    tonight(app)
    with app.app_context():
        assert reconciling.differences(since) == []


def test_events_are_forgotten(app: Flask, debtor: World, there: Standin, moving: Any) -> None:
    charge_now(app, there)
    hear(app, there)
    moving.shift(timedelta(days=89))
    with app.app_context():
        assert forget_events(now=utcnow()) == 0
    moving.shift(timedelta(days=2))
    with app.app_context():
        assert forget_events(now=utcnow()) == len(there.events)


def test_more_than_a_page_of_events(app: Flask, debtor: World, there: Standin) -> None:
    for number in range(250):
        there.happen("payment_intent.created", {"id": f"pi_{number}", "object": "payment_intent"})
    with app.app_context():
        reconciling.reconcile()
        assert db.session.query(ProviderEvent).count() == 250
