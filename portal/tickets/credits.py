"""Credits for late responses (T20), as the policy has them: noted with the breach, booked with the next invoice."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Numeric, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.people import Organisation, User
from portal.db import Model, db, utcnow
from portal.sla import Policy
from portal.sla.timers import Breach
from portal.tickets.ticket import Ticket


class Credit(Model):
    """What the vendor owes for one breach, in percent of that month's fee. Staff alone read the table: tickets and
    mails tell the customer."""

    __tablename__ = "response_credit"
    __table_args__ = (UniqueConstraint("ticket_id", "clock", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    clock: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime]
    month: Mapped[date]  # the first day of the month, in the policy's zone, of whose fee it is a part
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


def note_credit(ticket: Ticket, breach: Breach, policy: Policy, *, now: datetime) -> Decimal | None:
    """Write the credit that the policy gives for this breach; None where it gives none, or no more this month.

    `policy` is the version that the promise was made under; another one owes nothing for it.
    """
    rule = next((rule for rule in policy.response_credits if _holds(rule, ticket, breach)), None)
    is_its_own = (policy.id, policy.version) == (ticket.policy_id, ticket.policy_version)
    if rule is None or breach.basis != "guarantee" or not is_its_own:
        return None
    month = breach.due_at.astimezone(ZoneInfo(policy.zone)).date().replace(day=1)
    percent = rule.credit
    if rule.most_per_month is not None:
        _hold(ticket)
        percent = min(percent, rule.most_per_month - _noted(ticket, month))
    if percent <= 0:
        return None
    db.session.add(
        Credit(
            ticket_id=ticket.id,
            organisation_id=ticket.organisation_id,
            requester_id=ticket.requester_id,
            clock=breach.clock,
            due_at=breach.due_at,
            month=month,
            percent=percent,
            created_at=now,
        )
    )
    db.session.flush()
    return percent


def _holds(rule: object, ticket: Ticket, breach: Breach) -> bool:
    missed, tiers, severities = (getattr(rule, name) for name in ("missed", "tiers", "severities"))
    return missed == breach.clock and ticket.tier in tiers and (not severities or ticket.severity in severities)


def _hold(ticket: Ticket) -> None:
    """Until this transaction ends nobody else adds to the same month: two tickets may break a promise at once."""
    whose = select(Organisation.id).where(Organisation.id == ticket.organisation_id)
    alone = select(User.id).where(User.id == ticket.requester_id)
    db.session.execute((whose if ticket.organisation_id else alone).with_for_update())


def _noted(ticket: Ticket, month: date) -> Decimal:
    """The percents of that month so far: of the organisation, or of the person where there is none."""
    of = (
        Credit.organisation_id == ticket.organisation_id
        if ticket.organisation_id
        else (Credit.organisation_id.is_(None) & (Credit.requester_id == ticket.requester_id))
    )
    return db.session.scalar(select(func.sum(Credit.percent)).where(of, Credit.month == month)) or Decimal(0)
