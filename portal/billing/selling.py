"""Buying and changing subscriptions: what it would cost is kept as it was shown, and charged as it was kept."""

import secrets
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select, update

from portal import audit
from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation, User
from portal.billing import invoicing, telling
from portal.billing.account import BillingAccount
from portal.billing.accounts import account_of, is_complete, midnight, today
from portal.billing.agreement import ChangePreview, SubscriptionChange
from portal.billing.catalogue import MONTH, PLAN, TIER, YEAR, CatalogueItem
from portal.billing.invoice import OPEN, Invoice
from portal.billing.seller import missing
from portal.billing.tax import NoRate
from portal.billing.terms import MOST_SEATS, Change, Part, Terms, begin, change, price_of, terms_of
from portal.billing.wording import lines_of
from portal.db import db
from portal.errors import Refused
from portal.jobs import enqueue

SHOWN_FOR = timedelta(minutes=30)


def preview(
    organisation: Organisation,
    item: CatalogueItem,
    *,
    seats: int,
    interval: str,
    by: User,
    now: datetime,
    subscription: Subscription | None = None,
) -> ChangePreview:
    """Work out what a new subscription, or the change of one, costs; raises `Refused` where it can't be had."""
    if missing():
        raise Refused(_("Nothing can be ordered here yet: the vendor's details are missing."))
    account = account_of(organisation, now=now)
    on = today(now)
    wanted = _wanted(account, item, seats, interval, on)
    if subscription is None:
        if db.session.scalar(select(Subscription.id).where(_alike(organisation, item, now)).limit(1)):
            raise Refused(_("Your organisation has a subscription for this product. Change that one instead."))
        found = begin(wanted, on, trial_days=_trial_days(organisation, item))
    else:
        found = _changed(subscription, item, wanted, on, now)
    try:
        taxes = invoicing.taxes_of(account, lines_of(found.parts, account.lang), on=on)
    except NoRate as unknown:
        raise Refused(_("The tax for your country isn't known here yet. Please ask us.")) from unknown
    owed = sum(row["tax"] for row in taxes)
    shown = ChangePreview(
        token=secrets.token_urlsafe(18),
        organisation_id=organisation.id,
        subscription_id=subscription.id if subscription else None,
        revision=subscription.revision if subscription else None,
        terms=_record(found),
        first_day=found.on,
        lines=[_plain(asdict(part)) for part in found.parts],
        taxes=[_plain(row) for row in taxes],
        net=found.net,
        tax=owed,
        gross=found.net + owed,
        by_id=by.id,
        expires_at=now + SHOWN_FOR,
    )
    db.session.add(shown)
    db.session.flush()
    return shown


def confirm(shown: ChangePreview, *, by: User, now: datetime) -> Subscription:
    """Do what was shown, and charge it as it was shown; once. Raises `Refused` where anything has moved since."""
    organisation = db.session.get_one(Organisation, shown.organisation_id)
    account = account_of(organisation, now=now)
    taken = update(ChangePreview).where(ChangePreview.id == shown.id, ChangePreview.used_at.is_(None))
    if db.session.execute(taken.values(used_at=now).returning(ChangePreview.id)).first() is None:
        raise Refused(_("This change is done already."))
    if now >= shown.expires_at or (shown.first_day < today(now) and shown.terms["way"] != "later"):
        raise Refused(_("These figures are of another day. Please look at the change again."))
    if shown.lines and not is_complete(account):
        raise Refused(_("Fill in the billing details first: an invoice needs a name and an address."))
    subscription = _fresh(shown)
    found = _found(shown)
    before = terms_of(subscription).record() if subscription.currency else None
    _apply(subscription, found, now=now)
    db.session.flush()
    subscription.reference = subscription.reference or f"S-{subscription.id:05d}"
    invoice = None
    if found.parts:
        lines = lines_of(found.parts, account.lang, subscription_id=subscription.id)
        invoice = invoicing.draft(account, reason_key=f"change:{shown.id}", lines=lines, now=now)
        if invoice.gross != shown.gross:
            raise Refused(_("The tax has changed meanwhile. Please look at the change again."))
        enqueue("finalise_invoice", invoice_id=invoice.id)
    kind = "started" if before is None else ("planned" if found.way == "later" else "changed")
    note(subscription, kind, by=by, now=now, before=before, after=found.terms.record(), invoice=invoice)
    return subscription


def cancel(subscription: Subscription, *, by: User, now: datetime) -> None:
    """It ends with what is paid; until then nothing changes, and it can be resumed."""
    _hold(subscription)
    if subscription.currency is None or subscription.billed_until is None:
        raise Refused(_("This subscription is not managed here. Please ask us."))
    if subscription.contract_id:
        raise Refused(_("This belongs to a contract and ends with it. Please ask us."))
    if subscription.ends_at is not None:
        raise Refused(_("This subscription is cancelled already."))
    subscription.ends_at = midnight(subscription.billed_until)
    subscription.next_terms = None
    note(subscription, "cancelled", by=by, now=now, ends=subscription.billed_until.isoformat())


def resume(subscription: Subscription, *, by: User, now: datetime) -> None:
    """Take a cancellation back while it still runs."""
    _hold(subscription)
    if subscription.currency is None or subscription.ends_at is None:
        raise Refused(_("This subscription is not cancelled."))
    if subscription.ends_at <= now:
        raise Refused(_("This subscription has ended. Please start a new one."))
    subscription.ends_at = None
    note(subscription, "resumed", by=by, now=now)


def stay(subscription: Subscription, *, by: User, now: datetime) -> None:
    """Take back what was planned for the next interval."""
    _hold(subscription)
    if subscription.next_terms is None:
        raise Refused(_("Nothing is planned for this subscription."))
    subscription.next_terms = None
    note(subscription, "unplanned", by=by, now=now)


def note(
    subscription: Subscription,
    kind: str,
    *,
    by: User | None,
    now: datetime,
    invoice: Invoice | None = None,
    **terms: Any,
) -> SubscriptionChange:
    """Write a line of the timeline, and tell those who look after the money."""
    row = SubscriptionChange(
        subscription_id=subscription.id,
        kind=kind,
        terms=terms,
        invoice_id=invoice.id if invoice else None,
        by_id=by.id if by else None,
        at=now,
    )
    db.session.add(row)
    db.session.flush()
    telling.tell_of_change(row)
    if by is not None:
        whose, plan = subscription.organisation_id, subscription.tier or subscription.plan
        subject = f"subscription:{subscription.id}"
        audit.note(f"billing.{kind}", by=by, now=now, organisation_id=whose, subject=subject, plan=plan)
    return row


def overdue(account: BillingAccount, on: date) -> bool:
    """Whether an invoice of the account waits longer than was agreed."""
    waits = (Invoice.account_id == account.id, Invoice.state == OPEN, Invoice.due_on < on)
    return db.session.scalar(select(Invoice.id).where(*waits).limit(1)) is not None


def _wanted(account: BillingAccount, item: CatalogueItem, seats: int, interval: str, on: date) -> Terms:
    if item.is_retired or item.kind not in (PLAN, TIER) or item.needs_contract:
        raise Refused(_("This can’t be ordered here."))
    if interval not in (MONTH, YEAR):
        raise Refused(_("Choose monthly or yearly."))
    if not 1 <= seats <= MOST_SEATS:
        raise Refused(_("Choose between 1 and %(most)s seats.", most=MOST_SEATS))
    if overdue(account, on):
        raise Refused(_("An invoice is overdue. Pay it first, then change what you have."))
    amount = price_of(item, account.currency, interval, on)
    if amount is None:
        raise Refused(_("This isn’t sold in your currency yet. Please ask us."))
    return Terms(item.id, seats if item.has_seats else 1, interval, account.currency, amount)


def _changed(subscription: Subscription, item: CatalogueItem, wanted: Terms, on: date, now: datetime) -> Change:
    if subscription.currency is None or subscription.contract_id:
        raise Refused(_("This subscription is not managed here. Please ask us."))
    if subscription.ends_at is not None:
        raise Refused(_("This subscription is cancelled. Resume it before you change it."))
    if subscription.billed_until is not None and subscription.billed_until <= on:
        raise Refused(_("This subscription is just being renewed. Please try again in a few minutes."))
    held = db.session.get_one(CatalogueItem, subscription.item_id)
    if held.kind != item.kind or held.product_id != item.product_id:
        raise Refused(_("That is another product. Order it as a new subscription."))
    if terms_of(subscription) == wanted:
        raise Refused(_("Nothing would change."))
    return change(subscription, wanted, is_higher=item.level > held.level, on=on)


def _alike(organisation: Organisation, item: CatalogueItem, now: datetime) -> ColumnElement[bool]:
    """Running subscriptions of the organisation for the same product and of the same kind."""
    running = or_(Subscription.ends_at.is_(None), Subscription.ends_at > now)
    same = Subscription.product_id == item.product_id if item.product_id else Subscription.product_id.is_(None)
    kind = Subscription.tier.is_(None) if item.kind == PLAN else Subscription.tier.is_not(None)
    return (
        (Subscription.organisation_id == organisation.id) & Subscription.currency.is_not(None) & running & same & kind
    )


def _trial_days(organisation: Organisation, item: CatalogueItem) -> int:
    """A trial is had once: not again by whoever ever had the product."""
    had = Subscription.organisation_id == organisation.id
    same = Subscription.product_id == item.product_id if item.product_id else Subscription.product_id.is_(None)
    return 0 if db.session.scalar(select(Subscription.id).where(had, same).limit(1)) else item.trial_days


def _fresh(shown: ChangePreview) -> Subscription:
    """The subscription as it was when the figures were shown, locked; a new one where there was none."""
    if shown.subscription_id is None:
        begun = Subscription(organisation_id=shown.organisation_id, plan="", starts_at=midnight(shown.first_day))
        db.session.add(begun)
        return begun
    subscription = db.session.get_one(Subscription, shown.subscription_id)
    _hold(subscription)
    if subscription.revision != shown.revision:
        raise Refused(_("The subscription has changed meanwhile. Please look at the change again."))
    return subscription


def _apply(subscription: Subscription, found: Change, *, now: datetime) -> None:
    if found.way == "later":
        subscription.next_terms = found.terms.record()
        return
    if subscription.currency is None:
        subscription.starts_at = now
    put(subscription, found.terms)
    subscription.anchor_day, subscription.period_from = found.anchor_day, found.period_from
    subscription.billed_until, subscription.trial_until = found.billed_until, found.trial_until


def put(subscription: Subscription, terms: Terms) -> None:
    """Give the subscription these terms: its support counts from this moment on (R7)."""
    item = db.session.get_one(CatalogueItem, terms.item)
    subscription.item_id, subscription.product_id = item.id, item.product_id
    subscription.plan, subscription.tier = item.plan or "", item.tier
    subscription.seats, subscription.interval = terms.seats, terms.interval
    subscription.currency, subscription.amount = terms.currency, terms.amount
    subscription.next_terms = None


def _hold(subscription: Subscription) -> None:
    db.session.flush()
    db.session.refresh(subscription, with_for_update=True)


def _record(found: Change) -> dict[str, Any]:
    days = {name: getattr(found, name) for name in ("period_from", "billed_until", "trial_until")}
    return _plain({"way": found.way, "anchor_day": found.anchor_day} | days) | {"terms": found.terms.record()}


def _found(shown: ChangePreview) -> Change:
    kept = shown.terms
    return Change(
        way=kept["way"],
        on=shown.first_day,
        terms=Terms(**kept["terms"]),
        parts=parts_of(shown),
        period_from=date.fromisoformat(kept["period_from"]),
        billed_until=date.fromisoformat(kept["billed_until"]),
        anchor_day=kept["anchor_day"],
        trial_until=date.fromisoformat(kept["trial_until"]) if kept["trial_until"] else None,
    )


def parts_of(shown: ChangePreview) -> tuple[Part, ...]:
    """The parts as they were shown."""
    days = ("begins", "ends")
    return tuple(Part(**{**row, **{name: date.fromisoformat(row[name]) for name in days}}) for row in shown.lines)


def _plain(row: Any) -> dict[str, Any]:
    """What JSON can hold of it."""
    return {
        name: value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
    }
