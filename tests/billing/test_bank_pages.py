"""Bank statements at the desk and from the command line, through HTTP and the books."""

import io
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.billing import books, invoicing
from portal.billing.account import BillingAccount
from portal.billing.cli import billing
from portal.billing.invoice import Invoice
from portal.billing.payment import BankEntry, BankFile, Payment
from portal.db import db
from portal.jobs import run_due
from tests.billing.rows import NOW, a_line, an_account, an_invoice
from tests.billing.statements import a_credit, a_statement
from tests.cast import World

As = Callable[[str], FlaskClient]


@pytest.fixture
def number(app: Flask, world: World) -> str:
    """Heron owes 108.90 euros; the invoice's number."""
    with app.app_context():
        invoice = invoicing.finalise(an_invoice(an_account(world.heron), a_line(9000)), now=NOW)
        db.session.commit()
        return str(invoice.number)


def sent(desk: FlaskClient, raw: bytes, name: str = "november.xml") -> str:
    """The page that taking in a file leads to."""
    given = {"file": (io.BytesIO(raw), name)}
    return desk.post("/desk/billing/bank", data=given, follow_redirects=True).text


def entry_path(app: Flask) -> str:
    """The address of the one entry there is, or of the last."""
    with app.app_context():
        return f"/desk/billing/bank/entries/{db.session.scalar(db.select(db.func.max(BankEntry.id)))}"


def file_path(app: Flask) -> str:
    with app.app_context():
        return f"/desk/billing/bank/files/{db.session.scalar(db.select(db.func.max(BankFile.id)))}"


def seal_of(page: str) -> str:
    found = re.search(r'name="seal" value="(\w+)"', page)
    assert found, page
    return found[1]


def test_a_statement_is_shown_confirmed_and_booked(app: Flask, number: str, as_: As) -> None:
    desk = as_("admin")
    raw = a_statement(a_credit("120.00", number, ref="1"), a_credit("7.00", "hello", payer="Nobody", ref="2"))
    page = sent(desk, raw)
    assert "1 payment would be booked." in page and "1 entry would wait for you." in page
    assert "For Heron Marine Ltd." in page and f"{number}: €108.90" in page and "Paid ahead: €11.10" in page
    with app.app_context():
        assert db.session.scalar(db.select(Payment.id)) is None
    path = file_path(app)
    assert desk.post(f"{path}/confirm", data={"seal": "another"}).status_code == 422
    answer = desk.post(f"{path}/confirm", data={"seal": seal_of(page)}, follow_redirects=True).text
    assert "1 payment is being booked." in answer and "Nobody" in answer
    assert desk.post(f"{path}/confirm", data={"seal": seal_of(page)}).status_code == 422
    assert desk.post(f"{path}/discard").status_code == 422
    with app.app_context():
        run_due()
        assert db.session.scalars(db.select(Invoice.state)).all() == ["paid"]
        assert books.check() == []
    assert "Booked" in desk.get(path).text


def test_the_customer_sees_what_was_paid_ahead(app: Flask, world: World, number: str, as_: As) -> None:
    path = f"/billing/{world.heron}/"
    assert "Paid ahead" not in as_("owner").get(path).text
    desk = as_("admin")
    page = sent(desk, a_statement(a_credit("120.00", number)))
    desk.post(f"{file_path(app)}/confirm", data={"seal": seal_of(page)})
    with app.app_context():
        run_due()
    assert "Paid ahead: €11.10. It pays your next invoice." in as_("owner").get(path).text


def test_the_same_file_leads_to_the_same_page(app: Flask, number: str, as_: As) -> None:
    desk, raw = as_("admin"), a_statement(a_credit("120.00", number, ref="1"))
    for _ in range(2):
        answer = desk.post("/desk/billing/bank", data={"file": (io.BytesIO(raw), "a.xml")})
        assert answer.location == file_path(app)
    first = file_path(app)
    other = a_statement(a_credit("120.00", number, ref="1"), number="2")
    assert "All of its entries came with earlier statements" in sent(desk, other)
    assert "The file is forgotten." in desk.post(f"{file_path(app)}/discard", follow_redirects=True).text
    assert "The file is forgotten." in desk.post(f"{first}/discard", follow_redirects=True).text
    with app.app_context():
        assert db.session.scalar(db.select(BankEntry.id)) is db.session.scalar(db.select(BankFile.id)) is None


def test_what_is_no_statement_says_so_at_the_field(app: Flask, number: str, as_: As) -> None:
    desk = as_("admin")
    for raw, words in ((b"%PDF-1.7", "can’t be read"), (b"<a/>", "no bank statement")):
        answer = desk.post("/desk/billing/bank", data={"file": (io.BytesIO(raw), "a.xml")})
        assert answer.status_code == 422 and words in answer.text
    answer = desk.post("/desk/billing/bank")
    assert answer.status_code == 422 and "Please choose the file." in answer.text


def test_somebody_says_whose_it_is_and_takes_it_back(app: Flask, number: str, as_: As) -> None:
    desk = as_("admin")
    page = sent(desk, a_statement(a_credit("108.90", "thank you", payer="H. M. Holding", iban="")))
    desk.post(f"{file_path(app)}/confirm", data={"seal": seal_of(page)})
    path = entry_path(app)
    page = desk.get(path).text
    assert "Heron Marine Ltd" in page and "checked" in page  # exactly that is due
    assert "Nobody found." in desk.get(f"{path}?q=zebra").text
    assert number in desk.get(f"{path}?q={number.lower()}").text
    with app.app_context():
        invoice = db.session.scalars(db.select(Invoice)).one()
        chosen = {"account": invoice.account_id, "invoices": [invoice.id]}
    for code in (302, 422):  # pressed twice
        assert desk.post(f"{path}/assign", data=chosen).status_code == code
    with app.app_context():
        assert db.session.scalars(db.select(Invoice.state)).all() == ["paid"]
    assert desk.post(f"{path}/undo", data={"reason": ""}).status_code == 422
    assert "It is taken back" in desk.post(f"{path}/undo", data={"reason": "Wrong"}, follow_redirects=True).text
    assert desk.post(f"{path}/leave", data={"reason": "A loan"}).status_code == 302
    assert "A loan" in desk.get(path).text and "Nothing waits" in desk.get("/desk/billing/bank").text
    assert desk.post(f"{path}/undo", data={"reason": "No"}).status_code == 302
    with app.app_context():
        account = db.session.scalars(db.select(BillingAccount)).one()
        assert books.balance_of(account, "EUR") == (10890, 0) and books.check() == []
    assert "Taken back" in desk.get(f"/desk/billing/accounts/{account.id}").text


def test_a_transfer_that_was_typed_in_by_mistake(app: Flask, number: str, as_: As) -> None:
    desk = as_("admin")
    with app.app_context():
        account_id = db.session.scalar(db.select(BillingAccount.id))
    path = f"/desk/billing/accounts/{account_id}"
    desk.post(f"{path}/transfer", data={"amount": "108.90", "received_on": "2026-11-10", "key": "t"})
    with app.app_context():
        payment_id = db.session.scalar(db.select(Payment.id))
    back = f"/desk/billing/payments/{payment_id}/take-back"
    answer = desk.post(back, data={"reason": ""})
    assert answer.status_code == 422 and "Say why." in answer.text
    assert "The payment is taken back." in desk.post(back, data={"reason": "Wrong"}, follow_redirects=True).text
    assert desk.post(back, data={"reason": "Wrong"}).status_code == 422  # pressed twice
    with app.app_context():
        assert db.session.scalars(db.select(Invoice.state)).all() == ["open"] and books.check() == []


def test_nobody_chooses_a_stranger_s_invoices(app: Flask, world: World, number: str, as_: As) -> None:
    desk = as_("admin")
    page = sent(desk, a_statement(a_credit("50.00", "thank you", payer="X", iban="")))
    desk.post(f"{file_path(app)}/confirm", data={"seal": seal_of(page)})
    with app.app_context():
        other = an_account(world.elsewhere)
        db.session.commit()
        data = {"account": other.id, "invoices": [db.session.scalar(db.select(Invoice.id))]}
    assert desk.post(f"{entry_path(app)}/assign", data=data).status_code == 302
    with app.app_context():
        assert db.session.scalars(db.select(Invoice.state)).all() == ["open"] and books.check() == []


def test_a_statement_of_another_account_is_marked(app: Flask, number: str, as_: As) -> None:
    page = sent(as_("admin"), a_statement(a_credit("1.00"), account="DE89370400440532013000"))
    assert "This statement is of DE89370400440532013000" in page


def test_from_the_command_line(app: Flask, number: str, tmp_path: Path) -> None:
    path = tmp_path / "november.xml"
    path.write_bytes(a_statement(a_credit("108.90", number, ref="1"), a_credit("7.00", "hello", payer="X", ref="2")))
    run = app.test_cli_runner()
    answer = run.invoke(billing, ["bank", str(path), "--dry-run"])
    assert answer.exit_code == 0 and "108.90 EUR  Heron Marine Ltd" in answer.output, answer.output
    with app.app_context():
        assert db.session.scalar(db.select(BankEntry.id)) is None
    for line in ("1 to be booked, 1 to be decided", "0 to be booked, 0 to be decided"):
        answer = run.invoke(billing, ["bank", str(path)])
        assert answer.exit_code == 0 and line in answer.output, answer.output
    with app.app_context():
        run_due()
        assert db.session.scalars(db.select(Invoice.state)).all() == ["paid"]
    path.write_bytes(b"<a/>")
    answer = run.invoke(billing, ["bank", str(path)])
    assert answer.exit_code == 1 and "no bank statement" in answer.output


def at_once(*sends: Callable[[], object]) -> None:
    threads = [threading.Thread(target=send) for send in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_at_once_book_it_once(app: Flask, number: str, as_: As) -> None:
    """The same file taken in, confirmed and decided by several at the same time."""
    desks = [as_("admin") for _ in range(3)]
    raw = a_statement(a_credit("100.00", number, ref="1"), a_credit("8.00", "hello", payer="X", iban="", ref="2"))
    pages: list[str] = []
    at_once(*(lambda desk=desk: pages.append(sent(desk, raw)) for desk in desks))
    with app.app_context():
        assert (db.session.query(BankFile).count(), db.session.query(BankEntry).count()) == (1, 2)
    path, seal = file_path(app), seal_of(pages[0])
    codes: list[int] = []
    confirm = f"{path}/confirm"
    at_once(*(lambda desk=desk: codes.append(desk.post(confirm, data={"seal": seal}).status_code) for desk in desks))
    assert sorted(codes) == [302, 422, 422]
    with app.app_context():
        chosen = {"account": db.session.scalar(db.select(BillingAccount.id))}
    codes.clear()
    assign = f"{entry_path(app)}/assign"
    at_once(*(lambda desk=desk: codes.append(desk.post(assign, data=chosen).status_code) for desk in desks))
    assert sorted(codes) == [302, 422, 422]
    with app.app_context():
        run_due()
        assert db.session.scalars(db.select(Payment.amount).order_by(Payment.id)).all() == [10000, 800]
        assert db.session.scalars(db.select(Invoice.settled)).one() == 10800 and books.check() == []
