"""Paying at the provider's page, and saving cards and accounts there."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.billing.account import BillingAccount, PaymentMethod
from portal.billing.invoice import Invoice
from portal.billing.provider import charging, methods
from portal.db import db, utcnow
from portal.jobs import run_due
from portal.mail import Mail
from tests.billing.standin import Standin
from tests.billing.using import As, hear, owed, pressed_pay, save_method, seen, the_session
from tests.cast import World


def test_paid_at_the_page_and_heard_of(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    answer = pressed_pay(app, debtor, owner)
    assert (answer.status_code, answer.location) == (303, there.of("checkout.session")[0]["url"])
    session = there.of("checkout.session")[0]
    assert (session["amount_total"], session["currency"]) == (10890, "eur")
    there.pay(session["id"])
    hear(app, there)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])


def test_the_return_asks_without_any_event(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    pressed_pay(app, debtor, owner)
    there.pay(the_session(there))
    back = there.of("checkout.session")[0]["success_url"].removeprefix("http://127.0.0.1:8000")
    assert "Thank you" in owner.get(back, follow_redirects=True).text
    with app.app_context():
        run_due()
        assert seen() == ("paid", 0, ["succeeded"])


def test_a_return_without_paying_pays_nothing(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    pressed_pay(app, debtor, owner)
    owner.get(there.of("checkout.session")[0]["success_url"].removeprefix("http://127.0.0.1:8000"))
    with app.app_context():
        run_due()
        assert seen() == ("open", 10890, ["pending"])


def test_pressing_twice_is_one_payment(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    first, second = pressed_pay(app, debtor, owner), pressed_pay(app, debtor, owner)
    assert first.location == second.location
    assert len(there.of("checkout.session")) == 1
    there.pay(the_session(there), "sepa_debit")
    answer = pressed_pay(app, debtor, owner)
    assert answer.location.startswith("/billing/")  # before any event is heard
    hear(app, there)
    assert "on its way already" in owner.get(pressed_pay(app, debtor, owner).location).text
    there.finish_debit(there.of("payment_intent")[0]["id"], is_paid=True)
    hear(app, there)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])
    assert len(there.of("checkout.session")) == 1


def test_a_refused_card_may_be_followed_by_another(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    pressed_pay(app, debtor, owner)
    there.pay(the_session(there), "refused")
    hear(app, there)
    with app.app_context():
        assert seen() == ("open", 10890, ["pending"])
    there.pay(the_session(there))
    hear(app, there)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])


def test_a_debit_at_the_page_that_comes_back(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    pressed_pay(app, debtor, owner)
    there.pay(the_session(there), "sepa_debit")
    there.finish_debit(there.of("payment_intent")[0]["id"], is_paid=False)
    hear(app, there)
    with app.app_context():
        assert seen() == ("open", 10890, ["failed"])
    assert pressed_pay(app, debtor, owner).location.startswith(there.address)


def test_a_page_that_expires_after_a_refused_card(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    pressed_pay(app, debtor, as_("owner"))
    there.pay(the_session(there), "refused")
    hear(app, there)
    there.expire(the_session(there))
    hear(app, there)
    with app.app_context():
        assert seen() == ("open", 10890, ["cancelled"])


def test_a_customer_who_was_removed_there(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    with app.app_context():
        db.session.scalars(db.select(BillingAccount)).one().provider_customer = "cus_gone"
        db.session.commit()
    assert "pay by transfer" in owner.get(pressed_pay(app, debtor, owner).location).text
    assert pressed_pay(app, debtor, owner).location.startswith(there.address)


def test_the_invoice_says_that_a_payment_is_on_its_way(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    pressed_pay(app, debtor, owner)
    there.pay(the_session(there), "sepa_debit")
    hear(app, there)
    with app.app_context():
        page = owed(debtor)
    shown = owner.get(page).text
    assert "A payment is on its way" in shown and '/pay"' not in shown


def test_an_expired_page_makes_way_for_a_new_one(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    first = pressed_pay(app, debtor, owner)
    there.expire(the_session(there))
    second = pressed_pay(app, debtor, owner)
    assert second.status_code == 303 and second.location != first.location
    hear(app, there)
    with app.app_context():
        assert seen()[2] == ["cancelled", "pending"]


@pytest.mark.parametrize("fault", ["500", "500 after", "reset", "reset after"])
def test_a_provider_in_trouble_and_what_heals(app: Flask, debtor: World, there: Standin, as_: As, fault: str) -> None:
    owner = as_("owner")
    there.faults = [None, fault]  # the customer is made; the page is not
    answer = pressed_pay(app, debtor, owner)
    page = owner.get(answer.location).text
    assert "out of reach" in page and "Nothing was charged" in page
    answer = pressed_pay(app, debtor, owner)
    assert answer.location.startswith(there.address)
    there.pay(the_session(there))
    hear(app, there)
    with app.app_context():
        assert seen() == ("paid", 0, ["succeeded"])


def test_a_slow_provider_is_not_waited_for(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    app.extensions["settings"]["stripe_timeout"], there.delay = 1, 30
    begun = datetime.now(UTC)
    answer = pressed_pay(app, debtor, owner)
    assert datetime.now(UTC) - begun < timedelta(seconds=3)
    assert "out of reach" in owner.get(answer.location).text
    there.delay = 0
    assert pressed_pay(app, debtor, owner).location.startswith(there.address)


def test_a_slow_provider_leaves_threads_for_other_pages(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    browsers = [as_("owner"), as_("billing"), as_("owner"), as_("billing")]
    app.extensions["settings"]["stripe_timeout"], there.delay = 3, 30

    def seconds(browser: FlaskClient) -> float:
        begun = time.perf_counter()
        pressed_pay(app, debtor, browser)
        return time.perf_counter() - begun

    with ThreadPoolExecutor(4) as pool:
        spent = sorted(pool.map(seconds, browsers))
    assert spent[1] < 2.5 < spent[2]  # two of four threads wait for the provider


def test_forms_lead_to_the_payment_page_only_where_they_may(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    with app.app_context():
        page = owed(debtor)
    policy = owner.get(f"/billing/{debtor.heron}/methods").headers["Content-Security-Policy"]
    assert f"form-action 'self' {there.address};" in policy
    policy = owner.get(page).headers["Content-Security-Policy"]
    assert f"form-action 'self' {there.address};" in policy
    assert "form-action 'self';" in owner.get(f"/billing/{debtor.heron}/invoices").headers["Content-Security-Policy"]


def test_paying_is_for_who_looks_after_the_money(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    for name, code in (("colleague", 404), ("stranger", 404), ("admin", 403), ("billing", 303)):
        assert pressed_pay(app, debtor, as_(name)).status_code == code, name


def test_a_card_is_left_and_charged(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    owner = as_("owner")
    path = f"/billing/{debtor.heron}/methods"
    answer = owner.post(path)
    assert answer.status_code == 303 and answer.location.startswith(there.address)
    session = there.of("checkout.session")[0]
    there.leave(session["id"])
    back = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    owner.get(back.removeprefix("http://127.0.0.1:8000"))
    with app.app_context():
        run_due()
    page = owner.get(path).text
    assert "Visa •••• 4242" in page and "until December 2030" in page and "Charged for invoices" in page
    hear(app, there)  # the events come after it, and add nothing
    with app.app_context():
        assert db.session.scalars(db.select(PaymentMethod)).one().kind == "card"
        mails = db.session.scalars(db.select(Mail).where(Mail.recipient == debtor.email("owner"))).all()
        assert ["Visa •••• 4242 was added" in mail.text for mail in mails] == [True]
        charging.collect(db.session.scalars(db.select(Invoice)).one(), now=utcnow())
        assert charging.collect(db.session.scalars(db.select(Invoice)).one(), now=utcnow()) is None  # once
        db.session.commit()
        run_due()
        assert seen() == ("paid", 0, ["succeeded"])


def test_choosing_and_removing_methods(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    with app.app_context():
        save_method(provider_id="pm_old", last4="1111", expires_on=date(2025, 1, 31))
        save_method("sepa_debit", "pm_sepa", last4="3000").is_default = False
        db.session.commit()
        old, new = db.session.scalars(db.select(PaymentMethod.id).order_by(PaymentMethod.id)).all()
    owner, path = as_("owner"), f"/billing/{debtor.heron}/methods"
    assert "Expired" in owner.get(path).text
    assert "from it from now on" in owner.post(f"{path}/{new}/default", follow_redirects=True).text
    there.things["pm_old"] = {"id": "pm_old", "object": "payment_method", "customer": "cus_heron", "type": "card"}
    assert "1111" not in owner.post(f"{path}/{old}/remove", follow_redirects=True).text
    assert owner.post(f"{path}/{old}/remove").status_code == 404
    with app.app_context():
        run_due()
        assert there.things["pm_old"]["customer"] is None
        assert [one.id for one in methods.methods_of(db.session.scalars(db.select(BillingAccount)).one())] == [new]
    assert "Nothing is charged by itself" in owner.post(f"{path}/transfer", follow_redirects=True).text
    with app.app_context():
        assert db.session.scalars(db.select(BillingAccount.pays_by)).one() == "transfer"


def test_methods_are_their_owners(app: Flask, debtor: World, there: Standin, as_: As) -> None:
    with app.app_context():
        method_id = save_method().id
        db.session.commit()
    stranger = as_("stranger")
    for path in ("methods", f"methods/{method_id}/default", f"methods/{method_id}/remove", "methods/transfer"):
        assert stranger.post(f"/billing/{debtor.heron}/{path}").status_code == 404
    assert stranger.get(f"/billing/{debtor.heron}/methods").status_code == 404


def test_without_a_provider_there_are_transfers_only(app: Flask, debtor: World, as_: As) -> None:
    app.extensions["settings"]["stripe_secret_key"] = ""
    owner = as_("owner")
    assert "paid by transfer" in owner.get(f"/billing/{debtor.heron}/methods").text
    assert owner.post(f"/billing/{debtor.heron}/methods").status_code == 404
    assert pressed_pay(app, debtor, owner).status_code == 404
    assert owner.post("/billing/provider/events", csrf=False, data=b"{}").status_code == 404
