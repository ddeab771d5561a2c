"""The invoice as EN 16931 wants it: CII XML, checked by the official rules. Only the worker loads this."""

from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from lxml import etree, objectify

from portal.billing.invoice import CREDIT_NOTE, Invoice, InvoiceLine
from portal.billing.money import in_major, places

LEVEL = "en16931"
PLACEHOLDER = "R0000-00000"  # while the rules look at it: the number is taken when they are content
CODES = {CREDIT_NOTE: "381"}  # UNTDID 1001; all others are commercial invoices
INVOICE_CODE = "380"
TRANSFER = "58"  # UNTDID 4461: SEPA credit transfer
# Why no tax is charged, in the list that CEF keeps. Services outside the Union were G once; they are outside the scope.
EXEMPT = {"AE": "VATEX-EU-AE", "O": "VATEX-EU-O", "G": "VATEX-EU-G"}
OUTSIDE = "O"  # with it the rules allow no rate and nobody's VAT number (BR-O-02, BR-O-05)
SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}


def xml_of(invoice: Invoice) -> bytes:
    """The XML of a frozen invoice. Raises ValueError where something is missing that it can't be without."""
    from facturx import generate_cii_xml

    made = etree.fromstring(generate_cii_xml(facts(invoice), level=LEVEL, check_xsd=False, check_schematron=False))
    objectify.deannotate(made, xsi_nil=True, cleanup_namespaces=True)  # the schema allows no such marks
    return etree.tostring(made, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def faults(invoice: Invoice) -> list[str]:
    """What the schema and the rules of EN 16931 say against it; none is good. The number may be missing still."""
    try:
        made = xml_of(invoice)
    except ValueError as error:
        return [str(error)]
    return faults_of(made)


def faults_of(made: bytes) -> list[str]:
    """The same for XML that is there already: the schema's first error, or the failed rules."""
    from facturx import xml_check_xsd

    try:
        xml_check_xsd(made, flavor="factur-x", level=LEVEL)
    except Exception as error:  # the library raises this one class for everything
        return [str(error)]
    report = etree.fromstring(_rules().transform_to_string(xdm_node=_parse(made)).encode())
    failed = report.iterfind(".//svrl:failed-assert", SVRL)
    return [" ".join("".join(rule.itertext()).split()) for rule in failed if rule.get("flag", "fatal") != "warning"]


@cache
def _processor() -> Any:
    from saxonche import PySaxonProcessor

    return PySaxonProcessor(license=False)


@cache
def _rules() -> Any:
    """The rules that come with factur-x, compiled once: half a second."""
    import facturx

    folder = Path(facturx.__file__).parent / "xsd_and_schematron" / "facturx-en16931"
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(folder / "FACTUR-X_EN16931.xslt"))


def _parse(made: bytes) -> Any:
    return _processor().parse_xml(xml_text=made.decode())


def facts(invoice: Invoice) -> dict[str, Any]:
    """The business terms of EN 16931, by their numbers."""
    seller, buyer, cur = invoice.seller, invoice.buyer, invoice.currency
    begins = [line.begins for line in invoice.lines if line.begins]
    ends = [line.ends for line in invoice.lines if line.ends]
    outside = any(line.tax_category == OUTSIDE for line in invoice.lines)
    told = {
        "BT-1": invoice.number or PLACEHOLDER,
        "BT-2": invoice.issued_on,
        "BT-3": CODES.get(invoice.kind, INVOICE_CODE),
        "BT-5": cur,
        "BT-9": invoice.due_on,
        "BT-13": buyer["purchase_order"] or None,
        "BT-73": min(begins, default=None),
        "BT-74": max(ends) - timedelta(days=1) if ends else None,
        "BT-81": TRANSFER if seller["iban"] else None,
        "BT-83": invoice.payment_reference or None,
        "BT-84": seller["iban"] or None,
        "BT-85": seller["name"] if seller["iban"] else None,
        "BT-86": seller["bic"] or None,
        "BT-106": amount(invoice.net, cur),
        "BT-109": amount(invoice.net, cur),
        "BT-110": amount(invoice.tax, cur),
        "BT-112": amount(invoice.gross, cur),
        "BT-115": amount(invoice.gross, cur),
        "BG-1": [{"BT-22": invoice.reason}] if invoice.reason else None,
        "BG-3": [{"BT-25": invoice.corrects.number, "BT-26": invoice.corrects.issued_on}] if invoice.corrects else None,
        "BG-4": _party(seller, seller["name"]) | {"legal_info": seller["register"] or None} | _numbers(seller, outside),
        "BG-7": _party(buyer, buyer["legal_name"]) | _numbers(buyer, outside),
        "BG-23": [_tax(row, invoice) for row in invoice.taxes],
        "BG-25": [_line(line, cur) for line in invoice.lines],
    }
    return {term: value for term, value in told.items() if value is not None}


def amount(minor: int, currency: str) -> str:
    """As XML has it: a point, and two decimals for every currency that has some."""
    return f"{in_major(minor, currency):.{min(places(currency), 2)}f}"


def _party(row: dict[str, Any], name: str) -> dict[str, Any]:
    told = {
        "name": name,
        "addr_l1": row["street"] or None,
        "addr_l2": row.get("street_more") or None,
        "postcode": row["postcode"] or None,
        "city": row["city"] or None,
        "country_subdivision": row.get("region") or None,
        "country_code": row["country"],
    }
    return {key: value for key, value in told.items() if value is not None}


def _numbers(row: dict[str, Any], outside: bool) -> dict[str, Any]:
    """The VAT number as such; outside the scope of the tax, where the rules refuse it, as who they are."""
    number = row["vat_number"] or row.get("register")
    if not outside:
        return {"vat_identifier": row["vat_number"]} if row["vat_number"] else {}
    return {"identifiers": {"": number}} if number else {}


def _tax(row: dict[str, Any], invoice: Invoice) -> dict[str, Any]:
    told = {
        "BT-116": amount(row["net"], invoice.currency),
        "BT-117": amount(row["tax"], invoice.currency),
        "BT-118": row["category"],
        "BT-119": None if row["category"] == OUTSIDE else f"{Decimal(row['rate']):f}",
    }
    if note := row["note"]:
        with force_locale(invoice.lang):
            told |= {"BT-120": _(note), "BT-121": EXEMPT[row["category"]]}
    return {term: value for term, value in told.items() if value is not None}


def _line(line: InvoiceLine, currency: str) -> dict[str, Any]:
    price = Decimal(line.unit_amount).scaleb(-places(currency)).normalize()
    told = {
        "BT-126": str(line.position),
        "BT-129": f"{Decimal(line.quantity).normalize():f}",
        "BT-130": line.unit,
        "BT-131": amount(line.net, currency),
        "BT-134": line.begins,
        "BT-135": line.ends - timedelta(days=1) if line.ends else None,
        "BT-146": f"{max(price, Decimal(0)):f}",
        "BT-151": line.tax_category,
        "BT-152": None if line.tax_category == OUTSIDE else f"{Decimal(line.tax_rate):f}",
        "BT-153": line.text,
    }
    return {term: value for term, value in told.items() if value is not None}
