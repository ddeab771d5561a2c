"""Invoices of every sort, held against the official rules: `python -m tests.billing.einvoices DIR`.

Each is written to DIR as PDF and XML. Told is how many faults the rules of EN 16931 find in it, and whether the PDF
claims what a PDF/A-3 with an invoice inside must. Exit status 1 if anything is wrong.
"""

import argparse
import sys
import tempfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from facturx import get_xml_from_pdf
from pypdf import PdfReader

from portal import create_app
from portal.billing import einvoice, invoicing, paper, tax
from portal.billing.invoice import Invoice
from portal.db import db
from tests.billing.rows import NOW, a_line, an_account, an_invoice

CHINESE: dict[str, Any] = {
    "legal_name": "海港灯塔科技有限公司",
    "street": "中山路 8 号",
    "city": "上海",
    "country": "CN",
    "postcode": "200000",
}
LONG = "A very long line that goes on and on. " * 12


def domestic() -> Invoice:
    return an_invoice(an_account())


def reverse_charge() -> Invoice:
    return an_invoice(an_account(country="DE", city="Berlin", vat_number="DE136695976", vat_state="valid"))


def consumer_abroad() -> Invoice:
    return an_invoice(an_account(country="FI", city="Turku"), a_line(3333))


def pending_number() -> Invoice:
    return an_invoice(an_account(country="DE", city="Berlin", vat_number="DE136695976", vat_state="pending"))


def export() -> Invoice:
    return an_invoice(an_account(country="US", city="Boston", region="MA"), a_line(12345))


def chinese() -> Invoice:
    return an_invoice(an_account(**CHINESE), a_line(9900, "灯塔企业版"))


def long_text() -> Invoice:
    return an_invoice(an_account(purchase_order="PO-4711 / a long reference " * 3), a_line(1, LONG[:500]))


def proration() -> Invoice:
    lines = a_line(-1500, "Not used: Team", -1), a_line(4500, "From the change on: Business")
    return an_invoice(an_account(), *lines)


def with_credit() -> Invoice:
    return an_invoice(an_account(), a_line(9000), a_line(-450, "Credit for October", -1))


def yen() -> Invoice:
    return an_invoice(an_account(currency="JPY", country="JP", city="Osaka"), a_line(19999, "Business", 7))


def dinars() -> Invoice:
    return an_invoice(an_account(currency="KWD", country="KW", city="Kuwait"), a_line(1230))


def rare_signs() -> Invoice:
    name = "東京 臺灣 서울 กรุงเทพ 🚀 ﷺ \u200b Ægir Ω"
    return an_invoice(an_account(legal_name=name, country="JP", city="大阪"), a_line(9000, "Ж ß 中文 ✓"))


def corrected() -> Invoice:
    sent = invoicing.finalise(domestic(), now=NOW)
    return invoicing.credit_note(sent, reason="Ordered by mistake.", by=None, key="1", now=NOW)


def corrected_in_part() -> Invoice:
    sent = invoicing.finalise(reverse_charge(), now=NOW)
    return invoicing.credit_note(sent, reason="Two days down.", by=None, key="2", now=NOW, lines=[a_line(600)])


def nothing() -> Invoice:
    return an_invoice(an_account(), a_line(9000), a_line(-9000, "Credit for October", -1))


def two_rates() -> Invoice:
    """What the portal sells is taxed alike on one invoice; here a second rate is put on paper, and kept nowhere."""
    invoice = invoicing.finalise(an_invoice(an_account(), a_line(9000), a_line(999, "Handbook, printed")), now=NOW)
    db.session.flush()
    assert len(invoice.lines) == 2 and invoice.corrects is None
    db.session.expunge_all()
    invoice.lines[1].tax_rate = Decimal(9)
    invoice.taxes = tax.totals([(line.net, tax.Tax("S", line.tax_rate)) for line in invoice.lines], invoice.currency)
    invoice.tax = sum(row["tax"] for row in invoice.taxes)
    invoice.gross = invoice.net + invoice.tax
    return invoice


EACH = (
    *(domestic, reverse_charge, consumer_abroad, pending_number, export, chinese, long_text, proration, with_credit),
    *(yen, dinars, rare_signs, nothing, corrected, corrected_in_part),
)


def claims(pdf: bytes) -> list[str]:
    """What a PDF lacks of what makes it a PDF/A-3 with an invoice inside, as far as a package can tell."""
    with BytesIO(pdf) as file:
        read = PdfReader(file)
        root: Any = read.trailer["/Root"]
        about = root["/Metadata"].get_object().get_data().decode()
        held = {
            "says PDF/A-3": "<pdfaid:part>3</pdfaid:part>" in about,
            "says level B": "<pdfaid:conformance>B</pdfaid:conformance>" in about,
            "says EN 16931": "EN 16931" in about and "factur-x.xml" in about,
            "has its colours described": root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1",
            "names the file as its own": len(root["/AF"]) == 1,
            "brings all its fonts": all(_is_there(font) for page in read.pages for font in _fonts(page)),
            "is not encrypted": not read.is_encrypted,
            "runs nothing": "/OpenAction" not in root and "/AA" not in root,
        }
    return [claim for claim, holds in held.items() if not holds]


def _fonts(page: Any) -> list[Any]:
    return list(page["/Resources"]["/Font"].values())


def _is_there(font: Any) -> bool:
    return "/FontFile" in str(font["/DescendantFonts"][0]["/FontDescriptor"])


def written(folder: Path, name: str, invoice: Invoice) -> list[str]:
    """What is wrong with the invoice that was written there."""
    xml = einvoice.xml_of(invoice)
    pdf = paper.pdf_of(invoice, xml)
    (folder / f"{name}.pdf").write_bytes(pdf)
    (folder / f"{name}.xml").write_bytes(xml)
    inside = get_xml_from_pdf(pdf, check_xsd=True)[1]
    return [*einvoice.faults_of(inside), *(f"not so: {claim}" for claim in claims(pdf))]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.billing.einvoices", description=__doc__)
    parser.add_argument("dir", type=Path)
    folder: Path = parser.parse_args().dir
    folder.mkdir(parents=True, exist_ok=True)
    many = 0
    with tempfile.TemporaryDirectory() as place:
        app = create_app(
            testing=True,
            instance=Path(place),
            database_url=f"sqlite:///{place}/portal.db",
            secret_key="x" * 32,
            mode="demo",
        )
        with app.app_context():
            db.create_all()
            for make in (*EACH, two_rates):
                invoice = make()
                if invoice.state == "draft":
                    invoicing.finalise(invoice, now=NOW)
                wrong = written(folder, make.__name__, invoice)
                kind = "credit note" if invoice.kind == "credit_note" else "invoice"
                print(f"{make.__name__:18} {kind:11} {invoice.currency} {len(wrong)} wrong", *wrong, sep="\n  ")
                many += len(wrong)
                db.session.rollback()
            db.engine.dispose()
    print(f"{len(EACH) + 1} documents, {many} wrong")
    return min(many, 1)


if __name__ == "__main__":
    sys.exit(main())
