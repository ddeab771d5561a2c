"""What comes by itself: intervals are billed when they begin, and what was cancelled ends."""

import logging
from collections.abc import Iterable
from datetime import date, datetime

from flask import Flask
from huey import crontab
from sqlalchemy import ColumnElement, or_, select

from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation
from portal.billing import crediting, invoicing
from portal.billing.account import BillingAccount
from portal.billing.accounts import account_of, midnight, today
from portal.billing.catalogue import CatalogueItem
from portal.billing.invoice import Invoice
from portal.billing.selling import note, put
from portal.billing.terms import Part, planned_of, price_of, renewed, terms_of, with_price
from portal.billing.wording import lines_of
from portal.db import db, utcnow, writing
from portal.jobs import enqueue, job

log = logging.getLogger(__name__)

AT_ONCE = 50  # accounts asked for by one look
MOST_BEHIND = 24  # intervals that one look catches up with: after that the next one goes on


def init_renewing(app: Flask) -> None:
    """A look each hour, at a minute of its own."""

    @app.extensions["queue"].periodic_task(crontab(minute="7"), name="renew_subscriptions")
    def look_each_hour() -> None:
        with app.app_context(), writing():
            ask_for_renewals(now=utcnow())
            db.session.commit()


def ask_for_renewals(*, now: datetime) -> int:
    """A job for each organisation that has something to bill. How many there are."""
    due = db.session.scalars(
        select(Subscription.organisation_id).where(*_due(today(now))).distinct().order_by(Subscription.organisation_id)
    ).all()
    for organisation_id in due:
        enqueue("renew", organisation_id=organisation_id)
    return len(due)


@job("renew")
def renew_organisation(organisation_id: int) -> None:
    """Bill what the organisation's subscriptions cost from today on: one invoice for all that begins by now."""
    organisation = db.session.get(Organisation, organisation_id)
    if organisation is not None:
        renew(account_of(organisation, now=utcnow()), now=utcnow())


def renew(account: BillingAccount, *, now: datetime) -> Invoice | None:
    """The invoice of all intervals of the account that have begun and aren't billed; None where there are none.

    A second run finds nothing left: what is billed has moved on in the same transaction.
    """
    on = today(now)
    mine = (*_due(on), Subscription.organisation_id == account.organisation_id)
    held = db.session.scalars(select(Subscription).where(*mine).order_by(Subscription.id).with_for_update()).all()
    lines, begun = [], []
    for subscription in held:
        parts = list(_advance(subscription, on))
        if parts:
            begun.append((subscription, parts))
            lines += lines_of(parts, account.lang, subscription_id=subscription.id)
    if not lines:
        return None
    first = min(part.begins for _subscription, parts in begun for part in parts)
    key = f"renewal:{account.id}:{first.isoformat()}:{begun[0][0].id}:{begun[0][0].revision}"
    invoice = invoicing.draft(account, reason_key=key, lines=lines, now=now)
    crediting.book_onto(invoice, now=now)
    for subscription, parts in begun:
        after = terms_of(subscription).record()
        note(subscription, "renewed", by=None, now=now, invoice=invoice, after=after, ends=parts[-1].ends.isoformat())
    enqueue("finalise_invoice", invoice_id=invoice.id)
    return invoice


def coming(account: BillingAccount, *, now: datetime) -> tuple[date, list[Part]] | None:
    """The next invoice as far as it is known today: its day and its parts."""
    mine = select(Subscription).where(
        Subscription.organisation_id == account.organisation_id,
        Subscription.currency == account.currency,
        or_(Subscription.ends_at.is_(None), Subscription.ends_at > midnight(today(now))),
    )
    ahead = [one for one in db.session.scalars(mine.order_by(Subscription.id)) if _goes_on(one)]
    days = sorted({one.billed_until for one in ahead if one.billed_until})
    if not days:
        return None
    return days[0], [_next_part(one) for one in ahead if one.billed_until == days[0]]


def _goes_on(subscription: Subscription) -> bool:
    until = subscription.billed_until
    return until is not None and (subscription.ends_at is None or subscription.ends_at > midnight(until))


def _due(on: date) -> tuple[ColumnElement[bool], ...]:
    """Subscriptions with an interval that has begun and isn't billed."""
    goes_on = or_(Subscription.ends_at.is_(None), Subscription.ends_at > midnight(on))
    return Subscription.currency.is_not(None), Subscription.billed_until <= on, goes_on


def _advance(subscription: Subscription, on: date) -> Iterable[Part]:
    """Take it into each interval that has begun, by what was planned and by the price of that day."""
    for _turn in range(MOST_BEHIND):
        if subscription.billed_until is None or subscription.billed_until > on or not _goes_on(subscription):
            return
        part = _next_part(subscription)
        planned = planned_of(subscription)
        put(subscription, with_price(planned or terms_of(subscription), part.amount))
        if planned and planned.interval != terms_of(subscription).interval:
            subscription.anchor_day = part.begins.day
        subscription.period_from, subscription.billed_until = part.begins, part.ends
        subscription.trial_until = None
        yield part


def _next_part(subscription: Subscription) -> Part:
    """The interval that begins where the billed one ends. A contract's price stays; the catalogue's is that day's."""
    starts = subscription.billed_until
    assert starts is not None
    terms = planned_of(subscription) or terms_of(subscription)
    if not subscription.contract_id:
        item = db.session.get_one(CatalogueItem, terms.item)
        terms = with_price(terms, price_of(item, terms.currency, terms.interval, starts))
    return renewed(terms, starts, subscription.anchor_day or starts.day)
