"""Reminders of overdue invoices: one level after the other, each once, and none while something stands between us.

By itself nothing but a mail is sent. After the last level staff decide whether to suspend.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import gettext as _
from huey import crontab
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from portal import audit
from portal.accounts.people import Role, User
from portal.accounts.texts import N_
from portal.billing.account import BOOKKEEPERS, BillingAccount
from portal.billing.accounts import today
from portal.billing.invoice import INVOICE, OPEN, Invoice
from portal.billing.money import money
from portal.billing.payment import PENDING, Payment
from portal.billing.reminder import DunningHold, InvoiceReminder
from portal.billing.telling import REMINDERS, Said, address_of, told
from portal.db import db, utcnow, writing
from portal.errors import Refused
from portal.formats import when_day
from portal.jobs import enqueue, job
from portal.mail import compose
from portal.policies import name_in, the_policy
from portal.tickets.ticket import OPEN_STATUSES, Ticket
from portal.web import settings

PAUSES = DISPUTE, TICKET, HOLD = ("dispute", "ticket", "hold")
HOURS = range(8, 18)  # of the vendor's day: nobody is reminded at night
REMINDER = N_("Reminder: %(amount)s overdue")
LAST = N_("Last reminder: %(amount)s overdue")
TO_STAFF = N_("All reminders were sent to %(customer)s")


class Pause(NamedTuple):
    """Why an account is not reminded. `until` is the last day of a hold; `reason` is for staff."""

    kind: str  # of PAUSES
    until: date | None = None
    reason: str = ""


class Overdue(NamedTuple):
    """An account with what is overdue, as the desk lists it."""

    account: BillingAccount
    amount: int
    since: date | None
    level: int
    reminded_at: datetime | None
    stamp: int  # rises with each reminder: whoever presses twice sends once


def init_dunning(app: Flask) -> None:
    """A look each hour of the vendor's day."""

    @app.extensions["queue"].periodic_task(crontab(minute="37"), name="remind_of_invoices")
    def each_hour() -> None:
        with app.app_context(), writing():
            ask_for_reminders(now=utcnow())
            db.session.commit()


def levels() -> list[int]:
    """Days past due of each reminder."""
    return [int(day) for day in settings().dunning_days]


def ask_for_reminders(*, now: datetime) -> int:
    """A job for each account that may have something to be reminded of. How many there are."""
    days = levels()
    if not days or now.astimezone(ZoneInfo(the_policy().zone)).hour not in HOURS:
        return 0
    may_be = select(Invoice.account_id).where(*_overdue(today(now)), Invoice.reminded < len(days)).distinct()
    ids = db.session.scalars(may_be.order_by(Invoice.account_id)).all()
    for account_id in ids:
        enqueue("remind_account", account_id=account_id)
    return len(ids)


@job("remind_account")
def remind_account(account_id: int) -> None:
    """Send what is due of reminders by now; a second run finds nothing."""
    account = db.session.get(BillingAccount, account_id, with_for_update={"of": BillingAccount})
    if account is not None:
        remind(account, now=utcnow())


def remind(account: BillingAccount, *, now: datetime) -> int:
    """One mail for all invoices that reached their next level; none while something pauses it. The level, or 0."""
    if pause_of(account, now=now) is not None:
        return 0
    ripe = [invoice for invoice in _of(account, now) if is_ripe(invoice, now=now)]
    return _send(account, ripe, by=None, now=now)


def is_ripe(invoice: Invoice, *, now: datetime) -> bool:
    """Whether its next reminder is due: so many days past due, and as far from the one before as the levels are."""
    days, sent, on = levels(), invoice.reminded, today(now)
    if invoice.due_on is None or sent >= len(days) or (on - invoice.due_on).days < days[sent]:
        return False
    if sent == 0 or invoice.reminded_at is None:
        return True
    return (on - today(invoice.reminded_at)).days >= days[sent] - days[sent - 1]


def send_now(account: BillingAccount, stamp: int, *, by: User, now: datetime) -> int:
    """The next reminder of all that is overdue, before its day. `stamp` is what was shown. The level.

    Raises Refused while something pauses reminders, where one was sent since, and where none is left.
    """
    _hold(account)
    if pause_of(account, now=now) is not None:
        raise Refused(_("Reminders wait at the moment."))
    sent = select(func.sum(Invoice.reminded)).where(Invoice.account_id == account.id, *_overdue(today(now)))
    if stamp != db.session.scalar(sent):
        raise Refused(_("A reminder was sent meanwhile."))
    ripe = [invoice for invoice in _of(account, now) if invoice.reminded < len(levels())]
    level = _send(account, ripe, by=by, now=now)
    if not level:
        raise Refused(_("There is nothing to remind of, or all reminders were sent."))
    audit.note("billing.reminded", by=by, now=now, organisation_id=account.organisation_id)
    return level


def _send(account: BillingAccount, ripe: Sequence[Invoice], *, by: User | None, now: datetime) -> int:
    for invoice in ripe:
        invoice.reminded, invoice.reminded_at = invoice.reminded + 1, now
        row = InvoiceReminder(invoice_id=invoice.id, level=invoice.reminded, sent_at=now, by_id=by.id if by else None)
        db.session.add(row)
    db.session.flush()
    level = max((invoice.reminded for invoice in ripe), default=0)
    if level:
        _tell(account, _of(account, now), is_last=level == len(levels()))
    if level == len(levels()) and level:
        _tell_staff(account)
    return level


def hold(account: BillingAccount, until: date, *, reason: str, by: User, now: datetime) -> None:
    """Let the account wait up to that day; it takes the place of an earlier hold."""
    _hold(account)
    if until < today(now):
        raise Refused(_("That day is past."))
    _end_hold(account, now=now)
    db.session.add(
        DunningHold(account_id=account.id, held_until=until, reason=reason[:500], by_id=by.id, placed_at=now)
    )
    db.session.flush()
    whose = account.organisation_id  # its owners read the log: our reason is not for them
    audit.note("billing.reminders_held", by=by, now=now, organisation_id=whose, until=until.isoformat())


def release(account: BillingAccount, *, by: User, now: datetime) -> None:
    """Reminders go on. Nothing happens where none was held."""
    _hold(account)
    if _end_hold(account, now=now):
        audit.note("billing.reminders_go_on", by=by, now=now, organisation_id=account.organisation_id)


def _end_hold(account: BillingAccount, *, now: datetime) -> bool:
    """Whether there was one."""
    held = select(DunningHold).where(DunningHold.account_id == account.id, DunningHold.ended_at.is_(None))
    row = db.session.scalar(held)
    if row is not None:
        row.ended_at = now
        db.session.flush()
    return row is not None


def pause_of(account: BillingAccount, *, now: datetime) -> Pause | None:
    return pauses_of([account], now=now).get(account.id)


def pauses_of(accounts: Iterable[BillingAccount], *, now: datetime) -> dict[int, Pause]:
    """By account why it isn't reminded: a dispute, an open ticket of the most severe kind, or a hold of ours."""
    by_id = {account.id: account for account in accounts}
    held = select(DunningHold).where(
        DunningHold.account_id.in_(by_id), DunningHold.ended_at.is_(None), DunningHold.held_until >= today(now)
    )
    found = {
        row.account_id: Pause(HOLD, row.held_until, row.reason)
        for row in db.session.scalars(held.order_by(DunningHold.id))
    }
    theirs = {account.organisation_id: key for key, account in by_id.items() if account.organisation_id}
    severe = select(Ticket.organisation_id).where(
        Ticket.organisation_id.in_(theirs),
        Ticket.status.in_(OPEN_STATUSES),
        Ticket.severity == most_severe(),
    )
    found |= {theirs[key]: Pause(TICKET) for key in db.session.scalars(severe.distinct()) if key is not None}
    disputed = select(Payment.account_id).where(
        Payment.account_id.in_(by_id), Payment.disputed_at.is_not(None), Payment.dispute_lost_at.is_(None)
    )
    return found | {key: Pause(DISPUTE) for key in db.session.scalars(disputed.distinct())}


def most_severe() -> str:
    """The policy lists severities from the worst on."""
    return next(iter(the_policy().severities))


def words(pause: Pause) -> str:
    """Why nobody is reminded, for the customer: of a hold not the reason."""
    if pause.kind == DISPUTE:
        return _("Reminders wait while a payment is disputed.")
    if pause.kind == TICKET:
        severity = name_in(the_policy().severities, most_severe())
        return _("Reminders wait while a ticket of severity “%(severity)s” is open.", severity=severity)
    return _("Reminders wait until %(day)s.", day=when_day(pause.until))


def overdue_accounts(on: date, *, most: int, skip: int = 0) -> list[Overdue]:
    """Accounts with something overdue, the longest first."""
    sums = (
        func.sum(Invoice.gross - Invoice.settled),
        func.min(Invoice.due_on),
        func.max(Invoice.reminded),
        func.max(Invoice.reminded_at),
        func.sum(Invoice.reminded),
    )
    query = select(BillingAccount, *sums).join(Invoice, Invoice.account_id == BillingAccount.id).where(*_overdue(on))
    query = query.group_by(BillingAccount.id).order_by(func.min(Invoice.due_on), BillingAccount.id)
    found = db.session.execute(query.limit(most).offset(skip))
    return [Overdue(*row) for row in found]


def _overdue(on: date) -> tuple[ColumnElement[bool], ...]:
    return Invoice.state == OPEN, Invoice.kind == INVOICE, Invoice.due_on < on


def _under_way() -> ColumnElement[bool]:
    """A debit takes days, and a refused card is tried again: the provider has it in hand."""
    return exists().where(Payment.invoice_id == Invoice.id, Payment.state == PENDING)


def _of(account: BillingAccount, now: datetime) -> list[Invoice]:
    """What of the account is overdue and not being paid, the oldest first."""
    query = select(Invoice).where(Invoice.account_id == account.id, *_overdue(today(now)), ~_under_way())
    return list(db.session.scalars(query.order_by(Invoice.due_on, Invoice.id).with_for_update(of=Invoice)))


def _hold(account: BillingAccount) -> None:
    """Whoever reminds or holds waits for who does so already."""
    db.session.execute(select(BillingAccount.id).where(BillingAccount.id == account.id).with_for_update())


def _tell(account: BillingAccount, invoices: Sequence[Invoice], *, is_last: bool) -> None:
    currency = account.currency
    rows = [
        {
            "number": invoice.number,
            "due_on": invoice.due_on,
            "amount": _said(invoice.due, invoice.currency),
            "reference": invoice.payment_reference,
            "address": address_of(account.organisation_id, f"invoices/{invoice.public_id}"),
        }
        for invoice in invoices
    ]
    for email, lang, zone in told(account, REMINDERS):
        compose(
            email,
            "billing/mail/overdue",
            LAST if is_last else REMINDER,
            locale=lang,
            zone=zone,
            amount=_said(sum(invoice.due for invoice in invoices), currency),
            organisation=account.legal_name,
            rows=rows,
            is_last=is_last,
            seller=invoices[0].seller,
            address=address_of(account.organisation_id),
        )


def _said(amount: int, currency: str) -> Said:
    return Said(lambda: money(amount, currency))


def _tell_staff(account: BillingAccount) -> None:
    """The bookkeepers hear that it is their turn."""
    keeps = User.roles.any(or_(*(Role.name == role for role in BOOKKEEPERS)))
    for person in db.session.scalars(select(User).where(and_(User.active, keeps)).order_by(User.id)):
        compose(
            person.email,
            "billing/mail/all_reminded",
            TO_STAFF,
            locale=person.locale or settings().default_locale,
            zone=person.zone or settings().default_zone,
            customer=account.legal_name,
            address=f"{settings().base_url.rstrip('/')}/desk/billing/accounts/{account.id}",
        )


def shown(account: BillingAccount, invoices: Sequence[Invoice], *, now: datetime) -> dict[str, Any] | None:
    """What the customer's page says of what is overdue; None where nothing is."""
    on = today(now)
    late = sorted(
        (one for one in invoices if one.kind == INVOICE and one.due_on and one.due_on < on),
        key=lambda one: (one.due_on, one.id),
    )
    if not late:
        return None
    pause = pause_of(account, now=now)
    return {
        "invoices": [(one, (on - one.due_on).days) for one in late if one.due_on],
        "amount": sum(one.due for one in late),
        "wait": words(pause) if pause else "",
    }
