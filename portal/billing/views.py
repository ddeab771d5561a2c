"""The customer's billing area: what they have, what it costs, and every invoice."""

from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.accounts.licences import Subscription
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.billing import books, crediting, dunning, renewing, telling, wording
from portal.billing.account import BillingAccount, PaymentMethod, billed_by, is_bookkeeper
from portal.billing.accounts import today
from portal.billing.agreement import SubscriptionChange
from portal.billing.blueprint import bp
from portal.billing.catalogue import CatalogueItem
from portal.billing.credit import ACCEPTED, BOOKED, ServiceCredit
from portal.billing.gate import invoices_of, manages, seen
from portal.billing.invoice import DRAFT, OPEN, Invoice
from portal.billing.money import money, unit_price
from portal.billing.terms import named, planned_of, terms_of
from portal.db import db, utcnow
from portal.policies import name_in, the_policy

NEWEST = 5  # invoices and lines of the timeline on the overview


@bp.app_template_global()
def price_words(amount: int, currency: str, interval: str) -> str:
    return telling.price(amount, currency, interval)


@bp.app_template_global()
def item_name(item: CatalogueItem) -> str:
    return named(item.names)


bp.add_app_template_global(is_bookkeeper, "keeps_books")
bp.add_app_template_filter(money, "money_of")
bp.add_app_template_filter(unit_price, "unit_price")
bp.add_app_template_filter(format_decimal, "quantity")


@bp.get("/")
def index() -> ResponseReturnValue:
    mine = db.session.scalars(
        select(Organisation).where(Organisation.id.in_(billed_by(current_user))).order_by(Organisation.name)
    ).all()
    if len(mine) == 1:
        return redirect(url_for(".overview", organisation_id=mine[0].id))
    others = [] if mine else who_looks_after()
    return render_template("billing/index.html", organisations=mine, others=others)


def who_looks_after() -> list[tuple[Organisation, list[User]]]:
    """For a member without the right: in each of their organisations, whom to ask."""
    query = select(Membership).options(selectinload(Membership.user), selectinload(Membership.organisation))
    mine = select(Membership.organisation_id).where(
        Membership.user_id == current_user.id, Membership.ended_at.is_(None)
    )
    query = query.where(
        Membership.organisation_id.in_(mine),
        Membership.ended_at.is_(None),
        Membership.role.in_((MemberRole.OWNER, MemberRole.BILLING)),
    )
    asked: dict[Organisation, list[User]] = {}
    for membership in db.session.scalars(query.order_by(Membership.organisation_id, Membership.id)):
        asked.setdefault(membership.organisation, []).append(membership.user)
    return list(asked.items())


@bp.get("/<int:organisation_id>/")
def overview(organisation_id: int) -> ResponseReturnValue:
    organisation, account = seen(organisation_id)
    return render_template("billing/overview.html", **shown_of(organisation, account, utcnow()))


def shown_of(organisation: Organisation, account: BillingAccount, now: datetime) -> dict[str, Any]:
    """All that the overview says, in a constant number of queries."""
    held = db.session.scalars(running(organisation, now)).all()
    items = {item.id: item for item in db.session.scalars(select(CatalogueItem))}
    ahead = renewing.coming(account, now=now)
    lines = wording.lines_of(ahead[1], str(wording.reader_language())) if ahead else []
    open_ones = db.session.scalars(invoices_of(account).where(Invoice.state == OPEN)).all() if account.id else []
    return {
        "organisation": organisation,
        "account": account,
        "manages": manages(organisation),
        "held": [(one, items.get(one.item_id or 0), terms_of(one), planned_of(one)) for one in held],
        "items": items,
        "ahead": (ahead[0], lines, sum(line.net for line in lines)) if ahead else None,
        "overdue": dunning.shown(account, open_ones, now=now),
        "today": today(now),
        "newest": db.session.scalars(invoices_of(account).limit(NEWEST)).all() if account.id else [],
        "making": has_drafts(account),
        "methods": methods_of(account),
        "paid_ahead": books.balance_of(account, account.currency)[1] if account.id else 0,
        "credits": credits_of(account),
        "timeline": timeline_of(organisation, NEWEST),
        "plan_name": lambda name: name_in(the_policy().plans, name),
        "tier_name": lambda name: name_in(the_policy().tiers, name),
    }


def running(organisation: Organisation, now: datetime) -> Any:
    """Subscriptions that run now, those billed here first."""
    ended = Subscription.ends_at.is_(None) | (Subscription.ends_at > now)
    query = select(Subscription).where(Subscription.organisation_id == organisation.id, ended)
    order = (Subscription.currency.is_(None), Subscription.tier.is_not(None), Subscription.id)
    return query.options(selectinload(Subscription.product)).order_by(*order)


def has_drafts(account: BillingAccount) -> bool:
    """Whether an invoice is on its way: the worker checks and numbers it within seconds."""
    waits = select(Invoice.id).where(Invoice.account_id == account.id, Invoice.state == DRAFT, Invoice.trouble == "")
    return account.id is not None and db.session.scalar(waits.limit(1)) is not None


def methods_of(account: BillingAccount) -> list[PaymentMethod]:
    if not account.id:
        return []
    mine = select(PaymentMethod).where(PaymentMethod.account_id == account.id, PaymentMethod.removed_at.is_(None))
    return list(db.session.scalars(mine.order_by(PaymentMethod.is_default.desc(), PaymentMethod.id)))


def credits_of(account: BillingAccount) -> list[tuple[ServiceCredit, str]]:
    """The newest credits that were granted, and what each is for."""
    if not account.id:
        return []
    mine = select(ServiceCredit).where(
        ServiceCredit.account_id == account.id, ServiceCredit.state.in_((ACCEPTED, BOOKED))
    )
    found = db.session.scalars(mine.order_by(ServiceCredit.id.desc()).limit(NEWEST))
    return [(credit, crediting.words(credit)) for credit in found]


def timeline_of(organisation: Organisation, most: int) -> list[tuple[SubscriptionChange, str, str]]:
    """(change, what it is about, what happened), the newest first."""
    query = select(SubscriptionChange).join(Subscription).where(Subscription.organisation_id == organisation.id)
    query = query.options(selectinload(SubscriptionChange.subscription))
    rows = db.session.scalars(query.order_by(SubscriptionChange.at.desc(), SubscriptionChange.id.desc()).limit(most))
    return [(row, telling.name_of(row.subscription), telling.sentence(row)) for row in rows]
