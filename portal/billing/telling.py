"""What happened to a subscription, in words: for the timeline, and by mail for those who look after the money."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.licences import Subscription
from portal.accounts.people import User
from portal.accounts.texts import N_
from portal.billing.account import BillingAccount, BillingContact
from portal.billing.accounts import who_pays
from portal.billing.agreement import SubscriptionChange
from portal.billing.catalogue import YEAR, CatalogueItem
from portal.billing.invoice import CREDIT_NOTE, Invoice
from portal.billing.money import money
from portal.billing.payment import SUCCEEDED, Payment
from portal.billing.terms import Terms, named
from portal.db import db
from portal.formats import when_day
from portal.mail import compose
from portal.web import settings

INVOICES, REMINDERS, CHANGES = GETS = ("invoices", "reminders", "changes")
SUBJECT = N_("Your subscription: %(what)s")
DETAILS = N_("The billing details of %(organisation)s have changed")
INVOICE = N_("Invoice %(number)s: %(amount)s")
NOTE = N_("Credit note %(number)s: %(amount)s")
PAID = N_("We received %(amount)s")
FAILED = N_("A payment of %(amount)s failed")
TAKEN_BACK = N_("A payment of %(amount)s was taken off your account")
QUIET = ("renewed",)  # the invoice tells of it


def told(account: BillingAccount, what: str) -> Iterator[tuple[str, str, str]]:
    """(address, language, zone) of everybody who gets this kind of mail: members by their role, contacts by choice.

    Each address comes once; contacts read the account's language.
    """
    seen: set[str] = set()
    for person in who_pays(account):
        if person.email not in seen:
            seen.add(person.email)
            yield person.email, person.locale or account.lang, person.zone or settings().default_zone
    contacts = db.session.query(BillingContact).filter_by(account_id=account.id).order_by(BillingContact.id)
    for contact in contacts:
        if what in contact.gets and contact.email not in seen:
            seen.add(contact.email)
            yield contact.email, account.lang, settings().default_zone


def address_of(organisation_id: int | None, page: str = "") -> str:
    """A page of the customer's billing area: jobs have no request to build addresses from."""
    return f"{settings().base_url.rstrip('/')}/billing/{organisation_id}/{page}"


def tell_of_change(row: SubscriptionChange) -> None:
    """A mail to everybody who gets those, with the sentence in their language."""
    if row.kind in QUIET:
        return
    subscription = db.session.get_one(Subscription, row.subscription_id)
    account = db.session.query(BillingAccount).filter_by(organisation_id=subscription.organisation_id).one()
    for email, lang, zone in told(account, CHANGES):
        compose(
            email,
            "billing/mail/changed",
            SUBJECT,
            locale=lang,
            zone=zone,
            what=Said(lambda: name_of(subscription)),
            sentence=Said(lambda: sentence(row)),
            organisation=account.legal_name,
            address=address_of(subscription.organisation_id),
        )


def told_of_details(account: BillingAccount, *, by: User) -> None:
    """Who looks after the money hears that invoices are made out otherwise: a stranger's change would be noticed."""
    for email, lang, zone in told(account, CHANGES):
        compose(
            email,
            "billing/mail/details",
            DETAILS,
            locale=lang,
            zone=zone,
            who=by.display_name,
            organisation=account.legal_name,
            address=address_of(account.organisation_id, "details"),
        )


def tell_of_invoice(invoice: Invoice) -> None:
    """An invoice or a credit note is there. The mail carries no file: the portal lets in who may see it."""
    account = invoice.account
    is_note = invoice.kind == CREDIT_NOTE
    for email, lang, zone in told(account, INVOICES):
        compose(
            email,
            "billing/mail/invoice",
            NOTE if is_note else INVOICE,
            locale=lang,
            zone=zone,
            number=invoice.number,
            is_note=is_note,
            amount=Said(lambda: money(invoice.gross, invoice.currency)),
            due_on=invoice.due_on,
            reference=invoice.payment_reference if invoice.due > 0 and not is_note else "",
            organisation=account.legal_name,
            address=address_of(account.organisation_id, f"invoices/{invoice.public_id}"),
        )


def tell_of_payment(payment: Payment) -> None:
    """A receipt, or that it failed and what to do."""
    page = f"invoices/{payment.invoice.public_id}" if payment.invoice else "invoices"
    is_paid = payment.state == SUCCEEDED
    for email, lang, zone in told(payment.account, INVOICES if is_paid else REMINDERS):
        compose(
            email,
            "billing/mail/paid" if is_paid else "billing/mail/failed",
            PAID if is_paid else FAILED,
            locale=lang,
            zone=zone,
            amount=Said(lambda: money(payment.amount, payment.currency)),
            number=payment.invoice.number if payment.invoice else "",
            organisation=payment.account.legal_name,
            address=address_of(payment.account.organisation_id, page),
        )


def tell_of_reversal(payment: Payment) -> None:
    """Who got a receipt for money that was not theirs hears that it was a mistake."""
    for email, lang, zone in told(payment.account, INVOICES):
        compose(
            email,
            "billing/mail/taken_back",
            TAKEN_BACK,
            locale=lang,
            zone=zone,
            amount=Said(lambda: money(payment.amount, payment.currency)),
            organisation=payment.account.legal_name,
            address=address_of(payment.account.organisation_id, "invoices"),
        )


class Said:
    """Words that are found when they are written: by then the language is the reader's."""

    def __init__(self, say: Callable[[], str]) -> None:
        self.say = say

    def __str__(self) -> str:
        return self.say()

    def __html__(self) -> str:
        from markupsafe import escape

        return str(escape(self.say()))


def name_of(subscription: Subscription) -> str:
    """What it is called in the catalogue."""
    item = db.session.get(CatalogueItem, subscription.item_id) if subscription.item_id else None
    return named(item.names) if item else subscription.reference or subscription.plan


def sentence(row: SubscriptionChange) -> str:
    """One line of the timeline, for the reader."""
    said: dict[str, Callable[[dict[str, Any]], str]] = {
        "started": lambda t: _("Started: %(terms)s.", terms=words(t["after"])),
        "changed": lambda t: _("Changed from %(a)s to %(b)s.", a=words(t["before"]), b=words(t["after"])),
        "planned": lambda t: _("From the next period on: %(terms)s.", terms=words(t["after"])),
        "unplanned": lambda t: _("The planned change was taken back."),
        "cancelled": lambda t: _("Cancelled; it runs until %(day)s.", day=_day(t["ends"])),
        "resumed": lambda t: _("The cancellation was taken back."),
        "renewed": lambda t: _("Renewed until %(day)s: %(terms)s.", day=_day(t["ends"]), terms=words(t["after"])),
        "ended": lambda t: _("Ended."),
    }
    return said[row.kind](row.terms)


def words(terms: dict[str, Any]) -> str:
    """Terms in words: what, how many, for how much."""
    kept = Terms(**terms)
    item = db.session.get_one(CatalogueItem, kept.item)
    name = named(item.names)
    if item.has_seats:
        name = ngettext("%(name)s, %(num)s seat", "%(name)s, %(num)s seats", kept.seats, name=name)
    return _("%(what)s, %(price)s", what=name, price=price(kept.total, kept.currency, kept.interval))


def price(amount: int, currency: str, interval: str) -> str:
    """As it is said beside a subscription."""
    shown = money(amount, currency)
    return _("%(amount)s a year", amount=shown) if interval == YEAR else _("%(amount)s a month", amount=shown)


def _day(text: str) -> str:
    return when_day(date.fromisoformat(text))
