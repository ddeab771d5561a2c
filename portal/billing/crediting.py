"""Credits for broken promises and out of goodwill: proposed, decided, and taken off the next invoice."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from huey import crontab
from sqlalchemy import Select, case, select

from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation, User
from portal.billing import invoicing
from portal.billing.account import BillingAccount
from portal.billing.accounts import account_of, today
from portal.billing.catalogue import MONTH
from portal.billing.credit import ACCEPTED, BOOKED, DECLINED, MANUAL, PROPOSED, RESPONSE, UPTIME, ServiceCredit
from portal.billing.invoice import DRAFT, INVOICE, Invoice, InvoiceLine
from portal.billing.money import rounded, share_of
from portal.billing.periods import after
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.formats import month as month_words
from portal.formats import share
from portal.status.uptime import UptimeCredit, UptimeReport
from portal.tickets.credits import Credit
from portal.tickets.ticket import Ticket


def init_crediting(app: Flask) -> None:
    """Look for what is owed, once an hour, after the uptime reports are closed."""

    @app.extensions["queue"].periodic_task(crontab(minute="17"), name="propose_credits")
    def each_hour() -> None:
        with app.app_context(), writing():
            propose(now=utcnow())
            db.session.commit()


def propose(*, now: datetime) -> int:
    """A credit for each accepted uptime credit and each late response that has none yet. How many are new.

    Those of uptime were decided with their report; those of responses wait for a bookkeeper.
    """
    many = 0
    for owed, report in db.session.execute(_uptime_owed()):
        about = (report.organisation_id, report.begins, owed.percent, report.tier)
        found = _credit(f"uptime:{owed.id}", UPTIME, *about, now)
        if found is None:
            continue
        found.uptime_credit_id, found.state, found.decided_by_id = owed.id, ACCEPTED, owed.decided_by_id
        found.decided_at = owed.decided_at
        many += 1
    for late, ticket in db.session.execute(_response_owed()):
        of = (late.organisation_id or 0, late.month, late.percent, ticket.tier)
        found = _credit(f"response:{late.id}", RESPONSE, *of, now)
        if found is None:
            continue
        found.response_credit_id = late.id
        many += 1
    db.session.flush()
    return many


def _uptime_owed() -> Select[UptimeCredit, UptimeReport]:
    there = select(ServiceCredit.uptime_credit_id).where(ServiceCredit.uptime_credit_id.is_not(None))
    query = select(UptimeCredit, UptimeReport).join(UptimeReport)
    return query.where(UptimeCredit.state == "accepted", UptimeCredit.id.not_in(there)).order_by(UptimeCredit.id)


def _response_owed() -> Select[Credit, Ticket]:
    there = select(ServiceCredit.response_credit_id).where(ServiceCredit.response_credit_id.is_not(None))
    query = select(Credit, Ticket).join(Ticket, Ticket.id == Credit.ticket_id)
    return query.where(Credit.organisation_id.is_not(None), Credit.id.not_in(there)).order_by(Credit.id)


def _credit(
    key: str, kind: str, organisation_id: int, month: date, percent: Decimal, tier: str, now: datetime
) -> ServiceCredit | None:
    """The credit; None while nothing was billed that it is a part of, for another look may find it."""
    account = account_of(db.session.get_one(Organisation, organisation_id), now=now)
    fee = fee_of(account, tier, month.replace(day=1))
    if fee <= 0:
        return None
    amount = share_of(fee, percent, account.currency)
    made = ServiceCredit(
        key=key,
        kind=kind,
        account_id=account.id,
        month=month.replace(day=1),
        percent=percent,
        currency=account.currency,
        fee=fee,
        amount=amount,
        left=amount,
        created_at=now,
    )
    db.session.add(made)
    return made


def fee_of(account: BillingAccount, tier: str, month: date) -> int:
    """What the account was billed for this tier in that month: of each line as many days as fall into it."""
    ends = after(month, MONTH, 1)
    held = select(Subscription.id).where(
        Subscription.organisation_id == account.organisation_id, Subscription.tier == tier
    )
    sign = case((Invoice.kind == INVOICE, 1), else_=-1)  # a credit note counts the other way
    query = select(InvoiceLine.net * sign, InvoiceLine.begins, InvoiceLine.ends).join(Invoice)
    rows = db.session.execute(
        query.where(
            Invoice.account_id == account.id,
            InvoiceLine.kind != "credit",
            InvoiceLine.subscription_id.in_(held),
            InvoiceLine.begins < ends,
            InvoiceLine.ends > month,
        )
    )
    total = Fraction(0)
    for net, begins, until in rows:
        if begins is None or until is None:
            continue
        total += Fraction(net) * (min(until, ends) - max(begins, month)).days / (until - begins).days
    return rounded(total, account.currency)


def goodwill(
    account: BillingAccount, amount: int, *, reason: str, by: User, form_key: str, now: datetime
) -> ServiceCredit:
    """A credit that no policy asks for, with its reason; the same form gives one."""
    reason = " ".join(reason.split())
    if not reason:
        raise Refused(_("Say what the credit is for."))
    if amount <= 0:
        raise Refused(_("A credit is more than nothing."))
    key = f"manual:{form_key}"
    found = db.session.scalar(select(ServiceCredit).where(ServiceCredit.key == key))
    if found is not None:
        return found
    made = ServiceCredit(
        key=key,
        kind=MANUAL,
        account_id=account.id,
        currency=account.currency,
        amount=amount,
        left=amount,
        state=ACCEPTED,
        reason=reason[:2000],
        decided_by_id=by.id,
        decided_at=now,
        created_at=now,
    )
    db.session.add(made)
    db.session.flush()
    return made


def decide(credit: ServiceCredit, state: str, *, reason: str, by: User, now: datetime) -> None:
    """Accept what is proposed, or decline it with a reason. Once decided it stays so."""
    db.session.flush()
    db.session.refresh(credit, with_for_update=True)
    if credit.state != PROPOSED:
        raise Refused(_("It has been decided already."))
    if state == DECLINED and not reason.strip():
        raise Refused(_("Say why it is declined."))
    credit.state, credit.reason = state, reason.strip()[:2000]
    credit.decided_by_id, credit.decided_at = by.id, now


def tickets_of(invoice: Invoice, person: User) -> dict[int, int]:
    """The evidence of its credits for late responses: credit to number of ticket, of the tickets the person sees."""
    credits = [line.credit_id for line in invoice.lines if line.credit_id is not None]
    if not credits:
        return {}
    query = Ticket.visible_to(person).join(Credit, Credit.ticket_id == Ticket.id)
    query = query.join(ServiceCredit, ServiceCredit.response_credit_id == Credit.id).where(
        ServiceCredit.id.in_(credits)
    )
    found = db.session.execute(query.with_only_columns(ServiceCredit.id, Ticket.number))
    return {row.id: row.number for row in found}


def book_onto(invoice: Invoice, *, now: datetime) -> int:
    """Take accepted credits off a draft, the oldest first, never below nothing; the rest waits for the next one.
    How much was taken off."""
    if invoice.state != DRAFT or invoice.kind != INVOICE:
        return 0
    waiting = select(ServiceCredit).where(
        ServiceCredit.account_id == invoice.account_id,
        ServiceCredit.currency == invoice.currency,
        ServiceCredit.state == ACCEPTED,
        ServiceCredit.left > 0,
    )
    taken = 0
    for credit in db.session.scalars(waiting.order_by(ServiceCredit.id).with_for_update()).all():
        used = min(credit.left, sum(line.net for line in invoice.lines))
        if used <= 0:
            break
        with force_locale(invoice.lang):
            text = words(credit)
        invoicing.add_line(
            invoice,
            invoicing.LineSpec("credit", text[:500], Decimal(-1), Decimal(used), -used, credit_id=credit.id),
        )
        credit.left -= used
        credit.state = BOOKED if credit.left == 0 else ACCEPTED
        taken += used
    if taken:
        db.session.flush()
        invoicing.settle_totals(invoice, on=today(now))
    return taken


def words(credit: ServiceCredit) -> str:
    """What it is for, for whoever reads: on invoices and pages."""
    if credit.kind == MANUAL or credit.month is None or credit.percent is None:
        return credit.reason
    told = {"percent": share(credit.percent), "month": month_words(credit.month)}
    if credit.kind == UPTIME:
        return _("Credit of %(percent)s: availability in %(month)s", **told)
    return _("Credit of %(percent)s: a late response in %(month)s", **told)
