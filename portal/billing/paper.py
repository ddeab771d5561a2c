"""The invoice on paper: a PDF/A-3 by typst with the XML inside (Factur-X). Only the worker loads this."""

import hashlib
import json
import unicodedata
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask_babel import force_locale, format_decimal
from flask_babel import gettext as _

from portal.billing import einvoice
from portal.billing.invoice import CREDIT_NOTE, Invoice, InvoiceFile
from portal.billing.money import money, unit_price
from portal.db import db
from portal.formats import country, share, when_day
from portal.web import settings

HERE = Path(__file__).parent
# What scripts/fonts.sh leaves in Noto Sans; Chinese is that of GB 2312.
SIGNS = (
    *(
        (0x20, 0x7E),
        (0xA0, 0x24F),
        (0x37A, 0x37F),
        (0x384, 0x38A),
        (0x38C, 0x38C),
        (0x38E, 0x3A1),
        (0x3A3, 0x3E1),
        (0x3F0, 0x3FF),
    ),
    *((0x400, 0x482), (0x48A, 0x52F), (0x1E00, 0x1EFF), (0x2010, 0x2027), (0x202F, 0x205E), (0x20A0, 0x20BF)),
)


def make_files(invoice: Invoice, *, now: datetime) -> InvoiceFile:
    """The PDF and the XML of a finalised invoice, as they are sent; those that are there already."""
    kept = db.session.get(InvoiceFile, invoice.id)
    if kept is not None:
        return kept
    xml = einvoice.xml_of(invoice)
    pdf = pdf_of(invoice, xml)
    made = InvoiceFile(invoice_id=invoice.id, pdf=pdf, xml=xml, sha256=hashlib.sha256(pdf).hexdigest(), made_at=now)
    db.session.add(made)
    db.session.flush()
    return made


def pdf_of(invoice: Invoice, xml: bytes) -> bytes:
    """A PDF/A-3 with this XML inside."""
    import typst
    from facturx import generate_from_binary

    plain = typst.compile(
        str(HERE / "invoice.typ"),
        sys_inputs={"invoice": json.dumps(_printed(told(invoice)), ensure_ascii=False)},
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        pdf_standards=["a-3b"],
    )
    about = {
        "author": invoice.seller["name"],
        "title": str(invoice.number),
        "subject": str(invoice.number),
        "keywords": "Factur-X, EN 16931",
    }
    given: dict[str, Any] = {"flavor": "factur-x", "level": einvoice.LEVEL, "check_xsd": False, "pdf_metadata": about}
    made: bytes = generate_from_binary(plain, xml, lang=invoice.lang, check_schematron=False, **given)
    return made


def printable(text: str) -> str:
    """The text with a question mark for each sign that the fonts lack: PDF/A allows no missing ones. The XML keeps
    them all."""
    return "".join(sign if _has(sign) else "?" for sign in unicodedata.normalize("NFC", text))


def _has(sign: str) -> bool:
    if any(first <= ord(sign) <= last for first, last in SIGNS):
        return True
    try:
        return ord(sign) > 0x7F and bool(sign.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def _printed(told: Any) -> Any:
    """All texts of it, printable."""
    if isinstance(told, dict):
        return {name: _printed(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_printed(value) for value in told]
    return printable(told) if isinstance(told, str) else told


def told(invoice: Invoice) -> dict[str, Any]:
    """All that stands on it, in its language."""
    with force_locale(invoice.lang):
        return _told(invoice)


def _told(invoice: Invoice) -> dict[str, Any]:
    seller, cur, is_note = invoice.seller, invoice.currency, invoice.kind == CREDIT_NOTE
    day = invoice.issued_on
    assert day is not None and invoice.number is not None
    title = (
        _("Credit note %(number)s", number=invoice.number)
        if is_note
        else _("Invoice %(number)s", number=invoice.number)
    )
    return {
        "lang": invoice.lang.split("-")[0].split("_")[0],
        "title": title,
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "brand": settings().brand_name,
        "accent": settings().brand_accent,
        "seller": [
            seller["name"],
            seller["street"],
            f"{seller['postcode']} {seller['city']}",
            country(seller["country"]),
        ],
        "buyer": _buyer(invoice.buyer),
        "facts": _facts(invoice),
        "intro": _("Corrects invoice %(number)s.", number=invoice.corrects.number) if invoice.corrects else "",
        "heads": [_("What"), _("Quantity"), _("Each"), _("Amount")],
        "lines": [
            [line.text, format_decimal(line.quantity), unit_price(line.unit_amount, cur), money(line.net, cur)]
            for line in invoice.lines
        ],
        "sums": _sums(invoice),
        "notes": [text for text in (invoice.reason, *(_(note) for note in _notes(invoice))) if text],
        "pay": _pay(invoice),
        "foot": [text for text in (seller["register"], seller["email"], seller["phone"], _vat(seller)) if text],
    }


def _notes(invoice: Invoice) -> list[str]:
    return [row["note"] for row in invoice.taxes if row["note"]]


def _vat(party: dict[str, Any]) -> str:
    return _("VAT number %(number)s", number=party["vat_number"]) if party["vat_number"] else ""


def _buyer(buyer: dict[str, Any]) -> list[str]:
    place = " ".join(text for text in (buyer["postcode"], buyer["city"], buyer["region"]) if text)
    rows = (buyer["legal_name"], buyer["street"], buyer["street_more"], place, country(buyer["country"]), _vat(buyer))
    return [row for row in rows if row]


def _facts(invoice: Invoice) -> list[list[str]]:
    rows = [[_("Date"), when_day(invoice.issued_on)]]
    if invoice.due_on:
        rows.append([_("Due"), when_day(invoice.due_on)])
    if invoice.buyer["purchase_order"]:
        rows.append([_("Your reference"), invoice.buyer["purchase_order"]])
    return rows


def _sums(invoice: Invoice) -> list[list[Any]]:
    cur = invoice.currency
    rows: list[list[Any]] = [[_("Total without tax"), money(invoice.net, cur), False]]
    for row in invoice.taxes:
        name = _("VAT %(rate)s", rate=share(Decimal(row["rate"]))) if row["category"] == "S" else _("No VAT")
        rows.append([name, money(row["tax"], cur), False])
    return [*rows, [_("Total"), money(invoice.gross, cur), True]]


def _pay(invoice: Invoice) -> list[list[str]]:
    """How to transfer it; nothing where nothing is to be paid."""
    if invoice.kind == CREDIT_NOTE or invoice.gross <= 0 or not invoice.seller["iban"]:
        return []
    return [
        [_("Amount"), money(invoice.gross, invoice.currency)],
        [_("To"), invoice.seller["name"]],
        [_("IBAN"), invoice.seller["iban"]],
        [_("BIC"), invoice.seller["bic"]],
        [_("Reference"), invoice.payment_reference],
    ]
