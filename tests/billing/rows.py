"""Accounts, things to buy and invoices for the tests of billing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from portal.accounts.issuing import issue
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.billing import invoicing, payments, selling
from portal.billing.account import BillingAccount, BillingContact, PaymentMethod
from portal.billing.accounts import account_of
from portal.billing.catalogue import CatalogueItem, Price
from portal.billing.credit import ServiceCredit
from portal.billing.invoice import Invoice, InvoiceFile
from portal.billing.invoicing import LineSpec
from portal.billing.payment import WAITING, BankEntry, BankFile
from portal.db import db, utcnow

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
HOME = {"street": "Kade 5", "postcode": "1011 AB", "city": "Amsterdam", "country": "NL"}


def an_account(organisation: int | None = None, **details: Any) -> BillingAccount:
    """The account of an organisation, of a new one where none is named; Dutch where nothing else is said."""
    buyer = db.session.get(Organisation, organisation) if organisation else None
    if buyer is None:
        buyer = Organisation(name="Buyer", created_at=NOW)
        db.session.add(buyer)
        db.session.flush()
    account = account_of(buyer, now=NOW)
    for name, value in (HOME | {"legal_name": "Heron Marine Ltd"} | details).items():
        setattr(account, name, value)
    db.session.flush()
    return account


def an_item(slug: str, plan: str, amount: int, **more: Any) -> CatalogueItem:
    """A plan for sale by the month in euros, by the year at ten months' price."""
    item = CatalogueItem(slug=slug, kind="plan", plan=plan, names={"en": plan.capitalize()}, **more)
    for interval, price in (("month", amount), ("year", amount * 10)):
        item.prices.append(Price(currency="EUR", interval=interval, amount=price, starts_on=date(2026, 1, 1)))
    db.session.add(item)
    db.session.flush()
    return item


def a_line(net: int = 9000, text: str = "Beacon Business", quantity: int = 1, **more: Any) -> LineSpec:
    unit = Decimal(abs(net)) / abs(quantity)
    return LineSpec("subscription", text, Decimal(quantity), unit, net, date(2026, 11, 1), date(2026, 12, 1), **more)


def an_invoice(account: BillingAccount, *lines: LineSpec, key: str = "test:1", **more: Any) -> Invoice:
    return invoicing.draft(account, reason_key=key, lines=lines or (a_line(),), now=NOW, **more)


def billing_things(organisation: int, person: int) -> dict[str, object]:
    """One of everything that addresses of the billing area name, of that organisation."""
    account = an_account(organisation)
    contact = BillingContact(account_id=account.id, email="books@heron.example", gets=["invoices"], created_at=NOW)
    plan, other = an_item("relay-team", "team", 1000, level=1, has_seats=True), an_item("atlas", "business", 3000)
    buyer, by = db.session.get_one(Organisation, organisation), db.session.get_one(User, person)
    asked = selling.preview(buyer, plan, seats=3, interval="month", by=by, now=utcnow())
    subscription = selling.confirm(asked, by=by, now=utcnow())
    db.session.flush()
    invoice = invoicing.finalise(an_invoice(account, key="furniture"), now=NOW)
    db.session.add_all([contact, InvoiceFile(invoice_id=invoice.id, pdf=b"%PDF-1.7", xml=b"<x/>", sha256="0" * 64)])
    again = selling.preview(buyer, plan, seats=9, interval="month", by=by, now=utcnow(), subscription=subscription)
    db.session.flush()
    paid = payments.receive(account, 500, way="transfer", key="furniture:paid", now=NOW)
    payments.settle(paid, now=NOW)
    back = payments.refund(paid, 100, reason="Too much", by=by, key="furniture:back", now=NOW)
    owed = ServiceCredit(
        key="furniture", kind="response", account_id=account.id, currency="EUR", amount=100, left=100, created_at=NOW
    )
    db.session.add(owed)
    db.session.flush()
    base = "/billing/<int:organisation_id>"
    method = PaymentMethod(account_id=account.id, provider_id="pm_1", kind="card", created_at=NOW)
    payment = payments.begin(invoice, way="card", key="furniture", now=NOW)
    db.session.add(method)
    db.session.flush()
    return {
        **bank_things(),
        "method_id": method.id,
        f"{base}/payments/<public_id>/back public_id": payment.public_id,
        f"{base}/invoices/<public_id>/pay public_id": invoice.public_id,
        f"{base}/contacts/<int:contact_id>/remove contact_id": contact.id,
        f"{base}/order/<slug> slug": other.slug,
        "subscription_id": subscription.id,
        "account_id": account.id,
        "credit_id": owed.id,
        "payment_id": paid.id,
        "refund_id": back.id,
        "invoice_id": invoice.id,
        "licence_id": issue(
            by=None,
            now=utcnow(),
            organisation_id=organisation,
            product_id=db.session.scalars(db.select(Product.id)).first(),
            plan="team",
        )[0].id,
        f"{base}/preview/<token> token": again.token,
        f"{base}/invoices/<public_id> public_id": invoice.public_id,
        f"{base}/invoices/<public_id>.<kind> public_id": invoice.public_id,
        f"{base}/invoices/<public_id>.<kind> kind": "pdf",
    }


def bank_things() -> dict[str, object]:
    """A statement to be confirmed, and an entry to be decided."""
    file, old = BankFile(sha256="0" * 64, name="today.xml", many=1), BankFile(sha256="1" * 64, many=1, confirmed_at=NOW)
    db.session.add_all([file, old])
    db.session.flush()
    told = {"bank_account": "NL91ABNA0417164300", "booked_on": NOW.date(), "currency": "EUR", "amount": 4200}
    entry = BankEntry(reference="2~", file_id=old.id, state=WAITING, payer="Heron Marine", remittance="Thanks", **told)
    db.session.add_all([BankEntry(reference="1~", file_id=file.id, **told), entry])
    db.session.flush()
    return {"file_id": file.id, "entry_id": entry.id}
