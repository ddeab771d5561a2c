"""What was kept of the availability that contracts commit to, and what is owed where it was not."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DDL, ForeignKey, Numeric, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import Organisation, User
from portal.db import Model, utcnow
from portal.status.component import Component


class UptimeReport(Model):
    """One organisation's availability of one component in one period, as it stood when the period was closed."""

    __tablename__ = "uptime_report"
    __table_args__ = (UniqueConstraint("organisation_id", "contract", "component_id", "begins"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    contract: Mapped[str] = mapped_column(String(40), default="")  # its reference; empty: of a subscription
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), index=True)
    begins: Mapped[date]  # the first day, in the policy's zone
    ends: Mapped[date]  # the first day after
    plan: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(40))
    policy_id: Mapped[str] = mapped_column(String(80))
    policy_version: Mapped[str] = mapped_column(String(40))
    seconds_in_period: Mapped[int]
    down_seconds: Mapped[int]
    excluded_seconds: Mapped[int]
    uptime_percent: Mapped[Decimal] = mapped_column(Numeric(7, 4))
    is_met: Mapped[bool]
    credit_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    evidence: Mapped[dict[str, Any]]  # the intervals that it was worked out from
    frozen_at: Mapped[datetime] = mapped_column(default=utcnow)

    organisation: Mapped[Organisation] = relationship()
    component: Mapped[Component] = relationship()


# What was closed stays as it was closed: the database itself refuses a change, whoever asks.
REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER uptime_report_no_update BEFORE UPDATE ON uptime_report "
        "BEGIN SELECT RAISE(ABORT, 'a closed report is never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION keep_the_reports() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a closed report is never changed'; END $$",
        "CREATE TRIGGER uptime_report_no_update BEFORE UPDATE ON uptime_report "
        "FOR EACH ROW EXECUTE FUNCTION keep_the_reports()",
    ),
}
for _dialect, _statements in REFUSALS.items():
    for _statement in _statements:
        event.listen(UptimeReport.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]


class UptimeCredit(Model):
    """What a report says is owed: proposed by the policy, decided by staff, booked with the next invoice."""

    __tablename__ = "uptime_credit"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("uptime_report.id", ondelete="CASCADE"), unique=True)
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    state: Mapped[str] = mapped_column(String(10), default="proposed")  # proposed, accepted, declined
    reason: Mapped[str] = mapped_column(String(2000), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    report: Mapped[UptimeReport] = relationship()
    decided_by: Mapped[User | None] = relationship()
