"""Cards and mandates that the provider keeps: which are there, which one is charged, and away with one."""

import calendar
from datetime import date, datetime

from sqlalchemy import select

from portal.billing.account import PROVIDER, TRANSFER, BillingAccount, PaymentMethod
from portal.billing.provider import letters
from portal.billing.provider.gateway import Found, NotTaken, provider
from portal.db import db
from portal.jobs import enqueue, job

KINDS = ("card", "sepa_debit")


def methods_of(account: BillingAccount) -> list[PaymentMethod]:
    """Those in use, the one that is charged first."""
    mine = select(PaymentMethod).where(PaymentMethod.account_id == account.id, PaymentMethod.removed_at.is_(None))
    return list(db.session.scalars(mine.order_by(PaymentMethod.is_default.desc(), PaymentMethod.id)))


def take_method(found: Found, *, now: datetime) -> str:
    """A payment method as it stands at the provider: new, with another expiry, or detached from its customer."""
    kept = db.session.scalar(select(PaymentMethod).where(PaymentMethod.provider_id == found["id"]))
    customer = found.get("customer")
    if customer is None:
        if kept is not None and kept.removed_at is None:
            _retire(kept, now=now)
        return "" if kept is not None else "not ours"
    account = db.session.scalar(
        select(BillingAccount).where(BillingAccount.provider_customer == customer).with_for_update(of=BillingAccount)
    )
    if account is None or found["type"] not in KINDS:
        return "not ours"
    shown = found[found["type"]]
    is_new = kept is None
    if kept is None:
        is_first = not methods_of(account)
        kept = PaymentMethod(account_id=account.id, provider_id=found["id"], created_at=now, is_default=is_first)
        db.session.add(kept)
        if is_first:
            account.pays_by = PROVIDER
    kept.kind, kept.brand = found["type"], str(shown.get("brand") or "")[:40]
    kept.last4, kept.expires_on = str(shown.get("last4") or "")[:4], _last_day(shown)
    db.session.flush()
    if is_new:
        letters.tell_of_method(account, letters.ADDED, kept)
    return ""


def _last_day(shown: Found) -> date | None:
    year, month = shown.get("exp_year"), shown.get("exp_month")
    return date(year, month, calendar.monthrange(year, month)[1]) if year and month else None


def make_default(method: PaymentMethod) -> None:
    """It is charged from now on."""
    for one in methods_of(method.account):
        one.is_default = one.id == method.id
    method.account.pays_by = PROVIDER
    letters.tell_of_method(method.account, letters.CHOSEN, method)


def pay_by_transfer(account: BillingAccount) -> None:
    """Nothing is charged by itself any more; what is saved stays."""
    account.pays_by = TRANSFER
    letters.tell_of_method(account, letters.CHOSEN)


def remove(method: PaymentMethod, *, now: datetime) -> None:
    """Gone at once; the provider is told by a job. Without any left, invoices are paid by transfer."""
    if method.removed_at is None:
        _retire(method, now=now)
        enqueue("detach_method", provider_id=method.provider_id)


def _retire(method: PaymentMethod, *, now: datetime) -> None:
    method.removed_at, was_default, method.is_default = now, method.is_default, False
    db.session.flush()
    left = methods_of(method.account)
    if not left:
        method.account.pays_by = TRANSFER
    elif was_default:
        left[-1].is_default = True
    letters.tell_of_method(method.account, letters.REMOVED, method)


@job("detach_method")
def detach(provider_id: str) -> None:
    """Until the provider has heard it."""
    db.session.rollback()
    try:
        with provider() as ask:
            ask(lambda v1: v1.payment_methods.detach(provider_id))
    except NotTaken:  # gone already
        return
