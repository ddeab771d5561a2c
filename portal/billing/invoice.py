"""Invoices and credit notes. Once it has its number nothing in one changes any more: it is paid, or corrected by
another."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Select,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from portal.billing.account import BillingAccount, is_bookkeeper
from portal.db import Model, db, utcnow

KINDS = INVOICE, CREDIT_NOTE = ("invoice", "credit_note")
STATES = DRAFT, OPEN, PAID, CREDITED = ("draft", "open", "paid", "credited")


class NumberSeries(Model):
    """The next number of a series. Taking one locks the row: numbers have no gaps."""

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(String(20), primary_key=True)  # as R2026 and C2026
    next_number: Mapped[int] = mapped_column(default=1)


class Invoice(Model):
    """Amounts are in minor units of `currency`; those of a credit note are positive and count the other way."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("series", "sequence"),
        Index("ix_invoice_account", "account_id", "issued_on", "id"),
        Index("ix_invoice_open", "due_on", "id", sqlite_where=db.text("state = 'open'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id"))
    kind: Mapped[str] = mapped_column(String(12), default=INVOICE)  # of KINDS
    state: Mapped[str] = mapped_column(String(8), default=DRAFT)  # of STATES
    reason_key: Mapped[str] = mapped_column(String(120), unique=True)  # what it is for, once: renewal:12:2026-11-01
    series: Mapped[str | None] = mapped_column(String(20))
    sequence: Mapped[int | None]
    number: Mapped[str | None] = mapped_column(String(30), unique=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500), default="")  # of a credit note
    currency: Mapped[str] = mapped_column(String(3))
    lang: Mapped[str] = mapped_column(String(20), default="en")
    issued_on: Mapped[date | None]
    due_on: Mapped[date | None]
    seller: Mapped[dict[str, Any]] = mapped_column(default=dict)  # as they were on the day of issue
    buyer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    taxes: Mapped[list[Any]] = mapped_column(default=list)  # of each category and rate: category, rate, net, tax, note
    net: Mapped[int] = mapped_column(BigInteger, default=0)
    tax: Mapped[int] = mapped_column(BigInteger, default=0)
    gross: Mapped[int] = mapped_column(BigInteger, default=0)
    settled: Mapped[int] = mapped_column(BigInteger, default=0)  # paid or credited so far; a cache of the ledger
    payment_reference: Mapped[str] = mapped_column(String(35), default="")  # ISO 11649
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    finalised_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(Text, default="")  # why it could not be finalised yet
    reminded: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None]

    account: Mapped[BillingAccount] = relationship()
    corrects: Mapped["Invoice | None"] = relationship(remote_side=[id])
    lines: Mapped[list["InvoiceLine"]] = relationship(back_populates="invoice", order_by="InvoiceLine.position")

    @property
    def due(self) -> int:
        """What is still to be paid."""
        return self.gross - self.settled

    @classmethod
    def visible_to(cls, person: Any) -> Select["Invoice"]:
        """Of the accounts that the person sees; bookkeepers see drafts too."""
        seen = BillingAccount.visible_to(person).with_only_columns(BillingAccount.id)
        mine = select(cls).where(cls.account_id.in_(seen))
        return mine if is_bookkeeper(person) else mine.where(cls.state != DRAFT)


class InvoiceLine(Model):
    """One line; `net` is rounded, negative for what is taken off."""

    __tablename__ = "invoice_line"
    __table_args__ = (UniqueConstraint("invoice_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))  # subscription, proration, credit, service
    text: Mapped[str] = mapped_column(String(500))  # in the language of the invoice
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 4), default=1)
    unit: Mapped[str] = mapped_column(String(3), default="C62")  # UN/ECE recommendation 20
    unit_amount: Mapped[Decimal] = mapped_column(Numeric(20, 4))  # in minor units
    net: Mapped[int] = mapped_column(BigInteger)
    tax_category: Mapped[str] = mapped_column(String(3), default="S")  # UNCL 5305
    tax_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=0)
    begins: Mapped[date | None]  # the service's first day
    ends: Mapped[date | None]  # the first day after
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id", ondelete="SET NULL"), index=True)
    credit_id: Mapped[int | None] = mapped_column(ForeignKey("service_credit.id"), index=True)

    invoice: Mapped[Invoice] = relationship(back_populates="lines")


class InvoiceFile(Model):
    """The documents as they were sent: a PDF/A-3 with the XML inside, and the XML."""

    __tablename__ = "invoice_file"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"), primary_key=True)
    pdf: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    xml: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    sha256: Mapped[str] = mapped_column(String(64))  # of the PDF
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
