"""Who looks after the money hears of every change of how it is paid: a stranger's change would be noticed."""

from flask_babel import gettext as _

from portal.accounts.texts import N_
from portal.billing.account import PROVIDER, BillingAccount, PaymentMethod
from portal.billing.telling import CHANGES, Said, address_of, told
from portal.mail import compose

SUBJECT = N_("How %(organisation)s pays has changed")
ADDED, REMOVED, CHOSEN = ("added", "removed", "chosen")


def tell_of_method(account: BillingAccount, what: str, method: PaymentMethod | None = None) -> None:
    """A mail in each one's language: what happened, and what is charged now."""
    is_charged = account.pays_by == PROVIDER
    for email, lang, zone in told(account, CHANGES):
        compose(
            email,
            "billing/mail/method",
            SUBJECT,
            locale=lang,
            zone=zone,
            organisation=account.legal_name,
            sentence=Said(lambda: sentence(what, method)),
            outcome=Said(lambda: outcome(is_charged)),
            address=address_of(account.organisation_id, "methods"),
        )


def sentence(what: str, method: PaymentMethod | None) -> str:
    if method is None:
        return _("Payment by transfer was chosen.")
    name = name_of(method)
    if what == ADDED:
        return _("%(name)s was added.", name=name)
    if what == REMOVED:
        return _("%(name)s was removed.", name=name)
    return _("%(name)s was chosen for invoices.", name=name)


def outcome(is_charged: bool) -> str:
    if is_charged:
        return _("Invoices are charged by themselves on the day they come.")
    return _("Invoices are paid by transfer; nothing is charged by itself.")


def name_of(method: PaymentMethod) -> str:
    """As it is called on the page: Visa •••• 4242."""
    return f"{method.brand.capitalize() or _('Account')} •••• {method.last4}"
