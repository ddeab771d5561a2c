"""Invoices: right by the official rules, numbered without gaps, in the books."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from facturx import get_xml_from_pdf
from flask import Flask
from pypdf import PdfReader

from portal.billing import books, einvoice, invoicing, paper
from portal.billing.account import BillingAccount, BillingContact
from portal.billing.invoice import CREDIT_NOTE, Invoice
from portal.db import db
from portal.mail import Mail
from tests.billing.einvoices import EACH, claims, domestic, export, two_rates
from tests.billing.rows import NOW, a_line, an_account, an_invoice


@pytest.mark.parametrize("make", EACH, ids=lambda make: make.__name__)
def test_the_official_rules_find_nothing(app: Flask, make: Callable[[], Invoice]) -> None:
    with app.app_context():
        invoice = invoicing.finalise(make(), now=NOW)
        assert einvoice.faults_of(einvoice.xml_of(invoice)) == []
        assert invoice.number and invoice.state == ("open" if invoice.kind == "invoice" and invoice.gross else "paid")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("<ram:CountryID>NL</ram:CountryID>", "BR-"),
        ("<ram:GrandTotalAmount>108.90</ram:GrandTotalAmount>", "GrandTotalAmount"),
        ("<ram:CategoryCode>S</ram:CategoryCode>", ""),
    ],
)
def test_the_rules_do_find_what_is_wrong(app: Flask, wrong: str, rule: str) -> None:
    with app.app_context():
        made = einvoice.xml_of(invoicing.finalise(domestic(), now=NOW)).decode()
        assert wrong in made
        assert einvoice.faults_of(made.replace(wrong, "", 1).encode())


def test_numbers_have_no_gaps(app: Flask) -> None:
    """What the rules refuse takes no number; the next one that is right takes it."""
    with app.app_context():
        account = an_account()
        first = invoicing.finalise(an_invoice(account, key="1"), now=NOW)
        bad = an_invoice(account, a_line(100, ""), key="2")
        with pytest.raises(invoicing.NotValid):
            invoicing.finalise(bad, now=NOW)
        assert bad.number is None and bad.state == "draft"
        second = invoicing.finalise(an_invoice(account, key="3"), now=NOW)
        note = invoicing.finalise(invoicing.credit_note(first, reason="Wrong.", by=None, key="x", now=NOW), now=NOW)
        assert [first.number, second.number, note.number] == ["R2026-00001", "R2026-00002", "C2026-00001"]


def test_the_same_reason_makes_one_invoice(app: Flask) -> None:
    with app.app_context():
        account = an_account()
        assert an_invoice(account, key="same") is an_invoice(account, key="same")


def test_the_books_balance(app: Flask) -> None:
    with app.app_context():
        invoice = invoicing.finalise(domestic(), now=NOW)
        account: BillingAccount = invoice.account
        assert (invoice.net, invoice.tax, invoice.gross) == (9000, 1890, 10890)
        assert books.balance_of(account, "EUR") == (10890, 0)
        assert books.book_invoice(invoice, at=NOW) is None  # once
        note = invoicing.credit_note(invoice, reason="Wrong.", by=None, key="x", now=NOW)
        assert note.kind == CREDIT_NOTE
        invoicing.finalise(note, now=NOW)
        assert books.balance_of(account, "EUR") == (0, 0)


def test_what_comes_to_less_than_nothing_is_a_credit_note(app: Flask) -> None:
    with app.app_context():
        made = an_invoice(an_account(), a_line(-4500, "Not used", -1), a_line(1500, "From now on"))
        assert (made.kind, made.net) == (CREDIT_NOTE, 3000)
        assert [Decimal(line.net) for line in made.lines] == [4500, -1500]


def test_nobody_gets_back_more_than_they_paid(app: Flask) -> None:
    from portal.errors import Refused

    with app.app_context():
        sent = invoicing.finalise(domestic(), now=NOW)
        invoicing.credit_note(sent, reason="Half.", by=None, key="1", now=NOW, lines=[a_line(6000)])
        with pytest.raises(Refused):
            invoicing.credit_note(sent, reason="More.", by=None, key="2", now=NOW, lines=[a_line(6000)])
        db.session.rollback()


@pytest.mark.parametrize("make", EACH, ids=lambda make: make.__name__)
def test_the_paper_holds_the_xml(app: Flask, make: Callable[[], Invoice]) -> None:
    """The PDF claims PDF/A-3, embeds its fonts, and gives back the XML that the rules find nothing in."""
    with app.app_context():
        invoice = invoicing.finalise(make(), now=NOW)
        made = paper.make_files(invoice, now=NOW)
        name, xml = get_xml_from_pdf(made.pdf, check_xsd=True)
        assert name == "factur-x.xml" and einvoice.faults_of(xml) == []
        assert claims(made.pdf) == []
        read = PdfReader(BytesIO(made.pdf))
        text = " ".join(page.extract_text() for page in read.pages)
        assert str(invoice.number) in text


def test_the_files_are_made_once_and_told_of(app: Flask) -> None:
    with app.app_context():
        invoice = invoicing.finalise(domestic(), now=NOW)
        invoice.account.contacts.append(BillingContact(email="books@heron.example", gets=["invoices"]))
        db.session.commit()
        for _ in range(2):
            invoicing.make_invoice_files(invoice.id)
        mails = db.session.scalars(db.select(Mail)).all()
        assert [(mail.recipient, mail.subject) for mail in mails] == [
            ("books@heron.example", f"Invoice {invoice.number}: €108.90")
        ]


def test_services_abroad_are_outside_the_scope(app: Flask) -> None:
    """Category O (Article 44): no rate and no VAT number as such, but who sells is told all the same. An export of
    goods (G) it is not."""
    with app.app_context():
        made = einvoice.xml_of(invoicing.finalise(export(), now=NOW)).decode()
        assert "<ram:CategoryCode>O</ram:CategoryCode>" in made and "VATEX-EU-O" in made
        assert 'schemeID="VA"' not in made and "RateApplicablePercent" not in made
        assert "<ram:ID>NL000099998B57</ram:ID>" in made
        inside = einvoice.xml_of(invoicing.finalise(an_invoice(an_account(), key="2"), now=NOW)).decode()
        assert '<ram:ID schemeID="VA">NL000099998B57</ram:ID>' in inside


def test_two_rates_have_a_line_each_in_the_sums(app: Flask) -> None:
    with app.app_context():
        invoice = two_rates()
        assert einvoice.faults(invoice) == []
        assert [(row["rate"], row["net"], row["tax"]) for row in invoice.taxes] == [("21", 9000, 1890), ("9", 999, 90)]
        assert [row[:2] for row in paper.told(invoice)["sums"]] == [
            ["Total without tax", "€99.99"],
            *(["VAT 21%", "€18.90"], ["VAT 9%", "€0.90"], ["Total", "€119.79"]),
        ]


def test_the_price_of_one_keeps_its_fractions(app: Flask) -> None:
    """Three for 100.00: a line is right to the cent, the price of one says all that it has."""
    with app.app_context():
        account = an_account()
        thirds = a_line(10000, "Business", 3)
        half = replace(a_line(25, "Messages", 10), unit_amount=Decimal("2.5"))
        whole = a_line(9000, "Team", 1)
        invoice = invoicing.finalise(an_invoice(account, thirds, half, whole), now=NOW)
        db.session.expire_all()
        shown = [row[2:] for row in paper.told(invoice)["lines"]]
        assert shown == [["€33.333333", "€100.00"], ["€0.025", "€0.25"], ["€90.00", "€90.00"]]
        assert einvoice.faults(invoice) == []
