"""The bookkeepers' desk through HTTP: transfers, credit notes, refunds, credits."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.billing import books, invoicing
from portal.billing.account import BillingAccount, VatCheck
from portal.billing.credit import ServiceCredit
from portal.billing.invoice import Invoice
from portal.billing.payment import Payment, Refund
from portal.db import db, utcnow
from portal.jobs import run_due
from tests.billing.rows import an_account, an_invoice
from tests.cast import World

As = Callable[[str], FlaskClient]


@pytest.fixture
def owing(app: Flask, world: World) -> int:
    """Heron owes 108.90 euros since two months; the account's id."""
    with app.app_context():
        account = an_account(world.heron)
        invoicing.finalise(an_invoice(account), now=utcnow() - timedelta(days=60))
        db.session.commit()
        return account.id


def key_of(page: str, form: str) -> str:
    found = re.search(rf'action="[^"]*/{form}".*?name="key"[^>]*value="(\w+)"', page, re.S)
    assert found, page
    return found[1]


def test_a_transfer_pays_once(app: Flask, owing: int, as_: As) -> None:
    desk = as_("admin")
    page = desk.get("/desk/billing/").text
    assert "Heron Marine Ltd" in page and page.count("€108.90") == 2  # owed, and overdue
    path = f"/desk/billing/accounts/{owing}"
    key = key_of(desk.get(path).text, "transfer")
    sent = {"amount": "120.00", "received_on": "2026-11-10", "key": key}
    for _ in range(2):
        assert "The transfer is booked." in desk.post(f"{path}/transfer", data=sent, follow_redirects=True).text
    with app.app_context():
        account = db.session.get_one(BillingAccount, owing)
        assert books.balance_of(account, "EUR") == (0, 1110)
        assert db.session.scalars(db.select(Invoice.state)).all() == ["paid"]
        assert books.check() == []


@pytest.mark.parametrize("amount", ["", "-5", "0", "1.005", "many", "9" * 25, "1e9"])
def test_amounts_that_are_none(app: Flask, owing: int, as_: As, amount: str) -> None:
    answer = as_("admin").post(
        f"/desk/billing/accounts/{owing}/transfer", data={"amount": amount, "received_on": "2026-11-10", "key": "k"}
    )
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalar(db.select(Payment.id)) is None


def test_a_correction_and_a_refund(app: Flask, owing: int, as_: As) -> None:
    desk, path = as_("admin"), f"/desk/billing/accounts/{owing}"
    desk.post(f"{path}/transfer", data={"amount": "108.90", "received_on": "2026-11-10", "key": "t"})
    with app.app_context():
        invoice_id, payment_id = (
            db.session.scalars(db.select(Invoice.id)).one(),
            db.session.scalars(db.select(Payment.id)).one(),
        )
    for _ in range(2):
        answer = desk.post(f"/desk/billing/invoices/{invoice_id}/correct", data={"reason": "Wrong plan", "key": "c"})
        assert answer.status_code == 302
    with app.app_context():
        run_due()
        note = db.session.scalars(db.select(Invoice).where(Invoice.kind == "credit_note")).one()
        assert note.number and note.reason == "Wrong plan"
        assert books.balance_of(db.session.get_one(BillingAccount, owing), "EUR") == (0, 10890)
    assert "more than is left" not in desk.get(path).text
    data = {"amount": "200", "reason": "Wrong plan", "key": "r0"}
    assert desk.post(f"/desk/billing/payments/{payment_id}/refund", data=data).status_code == 422
    data = {"amount": "108.90", "reason": "Wrong plan", "key": "r1"}
    for _ in range(2):
        assert desk.post(f"/desk/billing/payments/{payment_id}/refund", data=data).status_code == 302
    with app.app_context():
        refund_id = db.session.scalars(db.select(Refund.id)).one()
    page = desk.post(f"/desk/billing/refunds/{refund_id}/sent", follow_redirects=True).text
    assert "The refund is booked." in page
    with app.app_context():
        assert books.balance_of(db.session.get_one(BillingAccount, owing), "EUR") == (0, 0)
        assert books.check() == []


def test_a_credit_out_of_goodwill(app: Flask, owing: int, as_: As) -> None:
    desk, path = as_("admin"), f"/desk/billing/accounts/{owing}"
    assert desk.post(f"{path}/credit", data={"amount": "5", "reason": "", "key": "g"}).status_code == 422
    for _ in range(2):
        desk.post(f"{path}/credit", data={"amount": "5", "reason": "For your patience", "key": "g"})
    with app.app_context():
        credit = db.session.scalars(db.select(ServiceCredit)).one()
        assert (credit.amount, credit.state, credit.reason) == (500, "accepted", "For your patience")
    assert "For your patience" in desk.get("/desk/billing/credits").text


def test_a_proposal_is_declined_with_a_reason(app: Flask, owing: int, as_: As) -> None:
    with app.app_context():
        credit = ServiceCredit(
            key="response:1", kind="response", account_id=owing, currency="EUR", amount=100, left=100, reason=""
        )
        db.session.add(credit)
        db.session.commit()
        credit_id = credit.id
    desk = as_("admin")
    assert "1 credit to decide" in desk.get("/desk/billing/").text
    assert desk.post(f"/desk/billing/credits/{credit_id}/decline", data={}).status_code == 422
    data = {"reason": "The mail never came here"}
    assert desk.post(f"/desk/billing/credits/{credit_id}/decline", data=data).status_code == 302
    assert desk.post(f"/desk/billing/credits/{credit_id}/accept").status_code == 422
    assert "The mail never came here" in desk.get("/desk/billing/credits").text


def test_a_vat_number_counts_once_it_is_confirmed(app: Flask, owing: int, as_: As) -> None:
    with app.app_context():
        account = db.session.get_one(BillingAccount, owing)
        account.country, account.vat_number, account.vat_state = "DE", "DE136695976", "pending"
        db.session.commit()
    desk, path = as_("admin"), f"/desk/billing/accounts/{owing}"
    assert "To be checked" in desk.get(path).text
    assert desk.post(f"{path}/vat", data={"state": "perhaps"}).status_code == 422
    given = {"state": "valid", "consultation": "WAPIAAAAX1"}
    assert "It is noted." in desk.post(f"{path}/vat", data=given, follow_redirects=True).text
    with app.app_context():
        account = db.session.get_one(BillingAccount, owing)
        assert account.vat_state == "valid" and invoicing.tax_of(account, utcnow().date()).category == "AE"
        check = db.session.scalars(db.select(VatCheck)).one()
        assert (check.number, check.state, check.consultation) == ("DE136695976", "valid", "WAPIAAAAX1")
