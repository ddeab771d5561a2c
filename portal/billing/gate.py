"""Who gets into the billing area: those who look after an organisation's money, and the vendor's bookkeepers."""

from typing import Any

from flask import abort
from flask_login import current_user
from sqlalchemy import select

from portal.accounts.people import MemberRole, Organisation
from portal.billing.account import BillingAccount, billed_by, is_bookkeeper
from portal.billing.accounts import look
from portal.billing.invoice import Invoice
from portal.db import get_or_404


def seen(organisation_id: int) -> tuple[Organisation, BillingAccount]:
    """The organisation and its account, for who looks after its money and for bookkeepers; else 404."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    if not is_bookkeeper(current_user):
        query = query.where(Organisation.id.in_(billed_by(current_user)))
    organisation: Organisation = get_or_404(query)
    return organisation, look(organisation)


def managed(organisation_id: int) -> tuple[Organisation, BillingAccount]:
    """The same for those who may change something: bookkeepers look on, and use their desk."""
    organisation, account = seen(organisation_id)
    if not manages(organisation):
        abort(403)
    return organisation, account


def manages(organisation: Organisation) -> bool:
    return current_user.role_in(organisation) in (MemberRole.OWNER, MemberRole.BILLING)


def invoices_of(account: BillingAccount) -> Any:
    """What the reader sees of them, the newest first; drafts on their way come before."""
    order = (Invoice.issued_on.is_(None).desc(), Invoice.issued_on.desc(), Invoice.id.desc())
    return Invoice.visible_to(current_user).where(Invoice.account_id == account.id).order_by(*order)


def shown(organisation_id: int, public_id: str) -> Invoice:
    """One invoice of the organisation, for who may see it; else 404."""
    query = Invoice.visible_to(current_user).join(BillingAccount, BillingAccount.id == Invoice.account_id)
    found: Invoice = get_or_404(
        query.where(BillingAccount.organisation_id == organisation_id, Invoice.public_id == public_id)
    )
    return found
