"""Bank statements: whose a transfer is, booked once, and booked back."""

import collections

import pytest
from flask import Flask

from portal.accounts.people import User
from portal.audit import AuditEntry
from portal.billing import bank, books, invoicing, matching
from portal.billing.account import BillingAccount
from portal.billing.invoice import Invoice
from portal.billing.ledger import JournalEntry
from portal.billing.payment import BankEntry, BankFile, Payment
from portal.db import db
from portal.errors import Refused
from portal.jobs import run_due
from portal.mail import Mail
from portal.web import settings
from tests.billing.rows import NOW, a_line, an_account, an_invoice
from tests.billing.statements import a_batch, a_credit, a_statement
from tests.cast import World


def owing(world: World, *nets: int, organisation: int | None = None, **details: object) -> list[Invoice]:
    """Finalised invoices of these net amounts, each due; taxed at home with 21 %."""
    account = an_account(organisation or world.heron, **details)
    made = []
    for number, net in enumerate(nets):
        draft = an_invoice(account, a_line(net), key=f"bank:{account.id}:{number}")
        made.append(invoicing.finalise(draft, now=NOW))
    db.session.commit()
    return made


def taken(raw: bytes) -> BankFile:
    return bank.take_in(bank.read(raw), "statement.xml", by=None, now=NOW)


def booked(raw: bytes) -> BankFile:
    """Taken in, confirmed as it was shown, and settled by the worker."""
    file = taken(raw)
    bank.confirm(file, matching.seal(bank.preview(file)), by=None, now=NOW)
    db.session.commit()
    run_due()
    assert books.check() == []
    return file


def states() -> list[str]:
    return list(db.session.scalars(db.select(BankEntry.state).order_by(BankEntry.id)))


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_reference_finds_its_invoice(app: Flask, world: World, version: str) -> None:
    with app.app_context():
        one, two = owing(world, 9000, 5000)
        booked(a_statement(a_credit("60.50", reference=two.payment_reference, version=version), version=version))
        assert (one.state, two.state) == ("open", "paid")
        payment = db.session.scalars(db.select(Payment)).one()
        assert (payment.state, payment.way, str(payment.received_on)) == ("succeeded", "transfer", "2026-11-16")


@pytest.mark.parametrize(
    "text",
    ["invoice {number}", "Rechnung {number}.", "{spaced} thanks", "R 2026/00001", "2026-00001", "rf ist {reference}x"],
)
def test_what_people_write(app: Flask, world: World, text: str) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        reference = one.payment_reference
        spaced = " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))
        written = text.format(number=one.number, reference=reference, spaced=spaced)
        booked(a_statement(a_credit("108.90", written, payer="Somebody Else")))
        assert one.state == "paid", written


@pytest.mark.parametrize(
    "text", ["R2026-00002", "RF00R202600001", "C2026-00001", "no. 00001", "thanks", "R2026-000011"]
)
def test_what_names_nothing_waits(app: Flask, world: World, text: str) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        booked(a_statement(a_credit("108.90", text, payer="Somebody Else")))
        assert one.state == "open" and states() == ["waiting"]
        assert db.session.scalar(db.select(Payment.id)) is None


def test_too_little_and_too_much(app: Flask, world: World) -> None:
    with app.app_context():
        one, two = owing(world, 9000, 5000)
        booked(a_statement(a_credit("100.00", f"{one.number}", ref="A")))
        assert (one.state, one.due) == ("open", 890)
        booked(a_statement(a_credit("100.00", f"{one.number}", ref="B")))  # 8.90 for it, 60.50 for the other
        assert (one.state, two.state) == ("paid", "paid")
        account = db.session.get_one(BillingAccount, one.account_id)
        assert books.balance_of(account, "EUR") == (0, 20000 - 10890 - 6050)


def test_several_invoices_in_one_transfer(app: Flask, world: World) -> None:
    with app.app_context():
        one, two, three = owing(world, 9000, 5000, 1000)
        booked(a_statement(a_credit("72.60", f"{three.number} and {two.number}")))
        assert [each.state for each in (one, two, three)] == ["open", "paid", "paid"]


def test_invoices_of_two_customers_wait_for_somebody(app: Flask, world: World) -> None:
    with app.app_context():
        (one,), (two,) = owing(world, 9000), owing(world, 5000, organisation=world.elsewhere, legal_name="Elsewhere")
        file = taken(a_statement(a_credit("169.40", f"{one.number} {two.number}")))
        assert [match.how for match in bank.preview(file).values()] == ["several"]


def test_the_same_is_booked_once(app: Flask, world: World) -> None:
    """The same file, and the same entry in another file, are there already."""
    with app.app_context():
        (one,) = owing(world, 9000)
        entry = a_credit("108.90", str(one.number), ref="2026111600017")
        first = booked(a_statement(entry))
        again = booked(a_statement(entry))
        assert again.id == first.id
        other = booked(a_statement(entry, a_credit("1.00", "hello", ref="2026111600018"), number="2"))
        assert (other.many, len(other.entries)) == (2, 1)
        assert db.session.scalars(db.select(Payment.amount)).all() == [10890]


def test_without_a_name_of_the_bank_all_that_is_told_is_the_name(app: Flask, world: World) -> None:
    with app.app_context():
        owing(world, 9000)
        twin = a_credit("5.00", "hello")
        booked(a_statement(twin, twin, a_credit("5.00", "hello", ref="NONREF", day="2026-11-17")))
        booked(a_statement(twin, number="2"))
        assert states() == ["waiting"] * 3


def test_a_name_that_the_bank_gives_again_is_another(app: Flask, world: World) -> None:
    with app.app_context():
        booked(a_statement(a_credit("5.00", "a", ref="1"), a_credit("6.00", "b", ref="1")))
        booked(a_statement(a_credit("5.00", "a", ref="1", day="2027-11-16"), number="2"))
        assert len(states()) == 3


def test_a_batch_is_its_parts(app: Flask, world: World) -> None:
    with app.app_context():
        one, two = owing(world, 9000, 5000)
        booked(a_statement(a_batch([("108.90", str(one.number)), ("60.50", str(two.number))], "169.40")))
        assert (one.state, two.state) == ("paid", "paid")
        assert len(states()) == 2
        booked(a_statement(a_batch([("1.00", "x"), ("2.00", "y")], "4.00", ref="BATCH-2"), number="2"))
        assert db.session.scalars(db.select(BankEntry.amount).order_by(BankEntry.id)).all()[2:] == [400]


def test_exactly_what_is_due_from_who_owes_it(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        (two,) = owing(world, 9000, organisation=world.elsewhere, legal_name="Elsewhere Ltd")
        booked(a_statement(a_credit("108.90", payer="HERON  MARINE, LTD.", ref="1")))
        assert (one.state, two.state) == ("paid", "open")
        booked(a_statement(a_credit("108.90", payer="HERON MARINE LTD", ref="2")))  # owes nothing any more
        assert states() == ["matched", "waiting"] and two.state == "open"


def test_what_is_booked_is_what_was_shown(app: Flask, world: World) -> None:
    """The invoice of which exactly that is due, though an older one is open."""
    with app.app_context():
        one, two = owing(world, 9000, 5000)
        file = taken(a_statement(a_credit("60.50")))
        assert [match.parts for match in bank.preview(file).values()] == [((two.id, 6050),)]
        booked(a_statement(a_credit("60.50")))
        assert (one.state, two.state) == ("open", "paid")
        receipt = db.session.scalars(db.select(Mail).where(Mail.subject == "We received €60.50")).first()
        assert receipt is not None and str(two.number) in receipt.text


def test_two_alike_in_one_file_pay_one_invoice(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        booked(a_statement(a_credit("108.90", ref="1"), a_credit("108.90", ref="2")))
        assert one.state == "paid" and states() == ["matched", "waiting"]


def test_who_paid_from_that_account_before(app: Flask, world: World) -> None:
    with app.app_context():
        one, two = owing(world, 9000, 5000)
        booked(a_statement(a_credit("108.90", str(one.number), payer="H. M. Holding", ref="1")))
        booked(a_statement(a_credit("60.50", "our order", payer="H. M. Holding", ref="2")))
        assert two.state == "paid"


def test_another_currency_waits(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        file = taken(a_statement(a_credit("108.90", str(one.number), currency="USD")))
        assert [match.how for match in bank.preview(file).values()] == ["currency"]


def test_what_went_out_or_came_back_is_listed_and_not_booked(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
        booked(
            a_statement(
                a_credit("20.00", "rent", way="DBIT", ref="1"),
                a_credit("108.90", str(one.number), way="DBIT", extra=back, ref="2"),
                a_credit("108.90", str(one.number), extra=back, ref="3"),
                a_credit("108.90", str(one.number), further="<RvslInd>true</RvslInd>", ref="4"),
                a_credit("108.90", str(one.number), status="PDNG", ref="5"),
            )
        )
        assert states() == ["ignored", "waiting", "waiting", "waiting"] and one.state == "open"
        file = db.session.scalars(db.select(BankFile)).one()
        assert file.unbooked == 1
        assert db.session.scalars(db.select(BankEntry.kind).order_by(BankEntry.id)).all() == ["sent", *["returned"] * 3]


def test_what_changed_since_it_was_shown_is_not_booked(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        first = taken(a_statement(a_credit("108.90", ref="1")))
        seen = matching.seal(bank.preview(first))
        booked(a_statement(a_credit("108.90", str(one.number), ref="2"), number="2"))
        with pytest.raises(Refused, match="changed"):
            bank.confirm(first, seen, by=None, now=NOW)


def test_a_payment_of_the_wrong_customer_is_booked_back(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        (two,) = owing(world, 9000, organisation=world.elsewhere, legal_name="Elsewhere Ltd")
        ada = db.session.get_one(User, world.ids["admin"])
        booked(a_statement(a_credit("108.90", str(one.number))))
        entry = db.session.scalars(db.select(BankEntry)).one()
        bank.undo(entry, reason="It was Elsewhere's", by=ada, now=NOW)
        assert (one.state, one.due, entry.state) == ("open", 10890, "waiting")
        bank.assign(entry, two.account, [two], by=ada, now=NOW)
        assert two.state == "paid" and books.check() == []
        assert books.balance_of(one.account, "EUR") == (10890, 0)
        kinds = db.session.scalars(db.select(JournalEntry.kind).order_by(JournalEntry.id)).all()
        assert kinds[2:] == ["payment", "allocation", "reversal", "allocation", "payment", "allocation"]
        reversal = db.session.scalars(db.select(JournalEntry).where(JournalEntry.kind == "reversal")).one()
        assert (reversal.by_id, reversal.memo) == (ada.id, "It was Elsewhere's")
        bank.undo(entry, reason="No, Heron's", by=ada, now=NOW)
        bank.assign(entry, one.account, [], by=ada, now=NOW)
        assert (one.state, two.state) == ("paid", "open") and books.check() == []
        noted = db.session.scalars(db.select(AuditEntry).where(AuditEntry.kind.startswith("billing.payment"))).all()
        assert collections.Counter(entry.kind for entry in noted) == {
            "billing.payment_booked": 2,
            "billing.payment_taken_back": 2,
        }
        db.session.commit()
        run_due()
        subjects = db.session.scalars(db.select(Mail.subject).where(Mail.recipient == world.email("owner"))).all()
        assert "A payment of €108.90 was taken off your account" in subjects


def test_the_check_names_what_does_not_agree(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        booked(a_statement(a_credit("108.90", str(one.number))))
        assert bank.differences() == []
        entry = db.session.scalars(db.select(BankEntry)).one()
        entry.amount, payment = 1, entry.payment_id
        assert bank.differences() == [f"bank entry {entry.id}: booked, and no payment stands for it"]
        entry.payment_id, entry.state = None, "waiting"
        assert bank.differences() == [f"payment {payment}: no bank entry stands behind it"]


def test_undone_before_the_worker_came_nothing_is_booked(app: Flask, world: World) -> None:
    with app.app_context():
        (one,) = owing(world, 9000)
        ada = db.session.get_one(User, world.ids["admin"])
        file = taken(a_statement(a_credit("108.90", str(one.number))))
        bank.confirm(file, matching.seal(bank.preview(file)), by=None, now=NOW)
        bank.undo(file.entries[0], reason="Wrong", by=ada, now=NOW)
        db.session.commit()
        run_due()
        assert one.state == "open" and states() == ["waiting"] and books.check() == []
        with pytest.raises(Refused):
            bank.undo(file.entries[0], reason="Wrong", by=ada, now=NOW)


def test_money_that_was_given_back_is_not_taken_back(app: Flask, world: World) -> None:
    from portal.billing import payments

    with app.app_context():
        (one,) = owing(world, 9000)
        ada = db.session.get_one(User, world.ids["admin"])
        booked(a_statement(a_credit("108.90", str(one.number))))
        entry = db.session.scalars(db.select(BankEntry)).one()
        assert entry.payment is not None
        payments.refund(entry.payment, 100, reason="x", by=ada, key="r", now=NOW)
        with pytest.raises(Refused, match="given back"):
            bank.undo(entry, reason="Wrong", by=ada, now=NOW)


BOMB = '<!DOCTYPE a [<!ENTITY x "aaaaaaaaaa"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;">]>'
LEAK = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "can.t be read"),
        (b"%PDF-1.7", "can.t be read"),
        (b"<a/>", "no bank statement"),
        (a_statement(version="02").replace(b"camt.053", b"camt.054"), "no bank statement"),
        (a_statement(a_credit("1.00", "&y;").replace("&amp;y;", "&y;"), head=BOMB), "DTD"),
        (a_statement(a_credit("1.00", "&x;").replace("&amp;x;", "&x;"), head=LEAK), "DTD"),
        (a_statement(a_credit("1.00")).replace(b"</Document>", b""), "can.t be read"),
        (a_statement(a_credit("one")), "can.t be read"),
        (a_statement(a_credit("-1.00")), "can.t be read"),
        (a_statement(a_credit("1.005")), "can.t be read"),
        (a_statement(a_credit("999999999999999.00")), "can.t be read"),
        (a_statement(a_credit("1.00", currency="euro")), "can.t be read"),
        (a_statement(a_credit("1.00", day="2026-02-30")), "can.t be read"),
        (a_statement(a_credit("1.00"), account=""), "can.t be read"),
    ],
)
def test_files_that_are_none(app: Flask, world: World, raw: bytes, words: str) -> None:
    with app.app_context():
        with pytest.raises(Refused, match=words):
            taken(raw)
        assert db.session.scalar(db.select(BankEntry.id)) is None


def test_a_file_that_is_too_large(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        monkeypatch.setitem(settings(), "bank_file_max_bytes", 100)
        with pytest.raises(Refused, match="larger"):
            taken(a_statement(a_credit("1.00")))


def test_an_amount_over_nothing_is_left_out(app: Flask, world: World) -> None:
    with app.app_context():
        assert taken(a_statement(a_credit("0.00"))).many == 0
