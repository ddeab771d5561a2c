"""Reminders of overdue invoices: which were sent, and whom they wait for."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.db import Model, db, utcnow


class InvoiceReminder(Model):
    """One reminder of one invoice. Each level is sent once."""

    __tablename__ = "invoice_reminder"
    __table_args__ = (UniqueConstraint("invoice_id", "level"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"))
    level: Mapped[int]  # from 1 on
    sent_at: Mapped[datetime] = mapped_column(default=utcnow)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))  # None: it went by itself


class DunningHold(Model):
    """Staff let an account wait: nobody is reminded up to that day. One holds at a time."""

    __tablename__ = "dunning_hold"
    __table_args__ = (
        Index(
            "uq_dunning_hold_now",
            "account_id",
            unique=True,
            sqlite_where=db.text("ended_at IS NULL"),  # PostgreSQL's too: see `share_conditions`
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id", ondelete="CASCADE"))
    held_until: Mapped[date]  # its last day
    reason: Mapped[str] = mapped_column(String(500))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    placed_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]  # taken away or replaced before

    by: Mapped[User | None] = relationship(foreign_keys=by_id)
