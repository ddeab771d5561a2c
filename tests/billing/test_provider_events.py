"""The provider's events: signed, kept once, looked at in any order, at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from flask import Flask

from portal.billing.payment import Payment, ProviderEvent
from portal.db import db, utcnow
from portal.jobs import Job, run_due
from tests.billing.standin import Standin
from tests.billing.using import As, charge_now, hear, pressed_pay, seen, the_session
from tests.cast import World


def test_events_are_kept_once_and_forged_ones_never(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there)
    browser, path = app.test_client(), "/billing/provider/events"
    for _time in range(5):
        hear(app, there)
    good = there.letter(there.events[0])
    for wrong in (
        {"data": good["data"]},
        {"data": good["data"] + b" ", "headers": good["headers"]},
        there.letter(there.events[0], secret="whsec_guessed"),
        there.letter(there.events[0], at=utcnow().timestamp() - 400),
        there.letter(there.events[0], at=utcnow().timestamp() + 400),
        {"data": b"[]"} | {"headers": there.letter([])["headers"]},  # type: ignore[arg-type]
        there.letter({"id": "evt_9", "data": {"object": []}}),
        there.letter({"id": "e" * 101, "type": "x", "created": 1, "data": {"object": {}}}),
        there.letter({"id": "evt_9", "type": "x", "created": 10**30, "data": {"object": {}}}),
    ):
        assert browser.post(path, csrf=False, **wrong).status_code == 400, wrong
    big = there.letter({"id": "evt_9", "type": "x" * 600_000})
    assert browser.post(path, csrf=False, **big).status_code == 413
    with app.app_context():
        assert db.session.query(ProviderEvent).count() == len(there.events)
        assert seen() == ("paid", 0, ["succeeded"])


def test_what_is_not_ours_is_left_alone(app: Flask, debtor: World, there: Standin) -> None:
    strange = there.add("payment_intent", "pi", status="succeeded", amount=5, currency="eur")
    gone = {"id": "pi_gone", "object": "payment_intent"}
    there.happen("payment_intent.succeeded", strange)
    there.happen("payment_intent.succeeded", gone)
    there.happen("price.created", {"id": "price_1", "object": "price"})
    hear(app, there)
    with app.app_context():
        troubles = db.session.scalars(db.select(ProviderEvent.trouble).order_by(ProviderEvent.id)).all()
        assert troubles == ["not ours", "resource_missing", ""]
        assert db.session.scalars(db.select(ProviderEvent).where(ProviderEvent.applied_at.is_(None))).all() == []


def test_events_wait_while_the_provider_is_down(app: Flask, debtor: World, there: Standin, moving: Any) -> None:
    charge_now(app, there, "pm_sepa", "sepa_debit")
    there.finish_debit(there.of("payment_intent")[0]["id"], is_paid=True)
    there.is_down = True
    hear(app, there)
    with app.app_context():
        assert seen() == ("open", 10890, ["pending"])
    there.is_down = False
    moving.shift(timedelta(minutes=20))
    with app.app_context():
        run_due()
        assert seen() == ("paid", 0, ["succeeded"])


def test_eight_at_once_are_one_payment(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    pressed_pay(app, debtor, as_("owner"))
    there.pay(the_session(there))
    asked = len(there.calls)

    def tell(number: int) -> list[int]:
        browser = app.test_client()
        events = random.Random(number).sample(there.events, len(there.events))
        return [
            browser.post("/billing/provider/events", csrf=False, **there.letter(event)).status_code
            for event in events * 2
        ]

    def work(_number: int) -> int:
        with app.app_context():
            return run_due()

    with ThreadPoolExecutor(8) as pool:
        assert {code for codes in pool.map(tell, range(8)) for code in codes} == {204}
        assert len(there.calls) == asked  # no event is looked at before it is answered
        list(pool.map(work, range(8)))
    with app.app_context():
        assert db.session.query(ProviderEvent).count() == len(there.events)
        assert seen() == ("paid", 0, ["succeeded"])
        states = db.select(Job.state).where(Job.kind == "apply_provider_event")
        assert set(db.session.scalars(states)) == {"done"}


def test_two_who_press_at_once_come_to_one_payment(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    browsers = [as_("owner"), as_("billing"), as_("owner"), as_("billing")]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda browser: pressed_pay(app, debtor, browser).location, browsers))
    assert len({address for address in answers if address.startswith(there.address)}) == 1
    assert len(there.of("checkout.session")) == 1
    with app.app_context():
        assert seen()[2] == ["pending"]


def test_a_second_intent_counts_where_the_first_failed(app: Flask, debtor: World, there: Standin) -> None:
    charge_now(app, there, "pm_poor")
    with app.app_context():
        mark = {"payment": db.session.scalars(db.select(Payment.public_id)).one()}
    for _time in range(2):
        given = {"status": "succeeded", "amount": 10890, "amount_received": 10890, "currency": "eur"}
        there.happen("payment_intent.succeeded", there.add("payment_intent", "pi", metadata=mark, **given))
    hear(app, there)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])
        assert "paid twice" in db.session.scalars(db.select(ProviderEvent.trouble)).all()
