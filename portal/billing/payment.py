"""Money that moved: payments, what they pay for, refunds, the provider's events and the bank's entries."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Select, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.billing.account import BillingAccount
from portal.billing.invoice import Invoice
from portal.db import Model, db, utcnow

WAYS = ("transfer", "card", "sepa_debit", "other")
ENTRY_KINDS = RECEIVED, SENT, RETURNED = ("received", "sent", "returned")
ENTRY_STATES = NEW, WAITING, MATCHED, IGNORED = ("new", "waiting", "matched", "ignored")  # new: not confirmed yet
STATES = PENDING, SUCCEEDED, FAILED, CANCELLED = ("pending", "succeeded", "failed", "cancelled")


class Payment(Model):
    """One payment. `key` comes from what is paid, so that asking twice for the same is one payment."""

    __tablename__ = "payment"
    __table_args__ = (Index("ix_payment_account", "account_id", "created_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id"))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)  # what it was begun for
    way: Mapped[str] = mapped_column(String(12))  # of WAYS
    state: Mapped[str] = mapped_column(String(10), default=PENDING)  # of STATES
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    disputed_at: Mapped[datetime | None]
    dispute_lost_at: Mapped[datetime | None]
    reversed_at: Mapped[datetime | None]  # booked to the wrong customer, and booked back
    key: Mapped[str] = mapped_column(String(120), unique=True)
    provider_id: Mapped[str | None] = mapped_column(String(100), unique=True)  # the payment intent
    checkout_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    trouble: Mapped[str] = mapped_column(String(300), default="")  # the provider's code for why it failed
    tries: Mapped[int] = mapped_column(default=0)
    turn: Mapped[int] = mapped_column(default=0)  # raised when the provider broke down over it: it repeats that by key
    again_at: Mapped[datetime | None]
    received_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    settled_at: Mapped[datetime | None]

    account: Mapped[BillingAccount] = relationship()
    invoice: Mapped[Invoice | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Payment"]:
        """Of the accounts that the person sees."""
        seen = BillingAccount.visible_to(person).with_only_columns(BillingAccount.id)
        return select(cls).where(cls.account_id.in_(seen))


class Refund(Model):
    """Money given back of a payment."""

    __tablename__ = "refund"

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)  # the credit note
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10), default=PENDING)  # of STATES
    key: Mapped[str] = mapped_column(String(120), unique=True)
    provider_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    reason: Mapped[str] = mapped_column(String(500), default="")
    trouble: Mapped[str] = mapped_column(String(300), default="")
    turn: Mapped[int] = mapped_column(default=0)  # as that of a payment
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    settled_at: Mapped[datetime | None]

    payment: Mapped[Payment] = relationship()


class ProviderEvent(Model):
    """What the provider told us, stored before it is looked at, once."""

    __tablename__ = "provider_event"
    __table_args__ = (Index("ix_provider_event_waiting", "applied_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
    applied_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(Text, default="")


class BankFile(Model):
    """A bank statement file that was taken in. Its entries are booked when somebody confirmed them."""

    __tablename__ = "bank_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    many: Mapped[int] = mapped_column(default=0)  # booked entries that it holds, those of earlier files too
    unbooked: Mapped[int] = mapped_column(default=0)  # that the bank itself has not booked yet: left out
    taken_at: Mapped[datetime] = mapped_column(default=utcnow)
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    confirmed_at: Mapped[datetime | None]

    entries: Mapped[list["BankEntry"]] = relationship(back_populates="file", order_by="BankEntry.id")


class BankEntry(Model):
    """One entry of a bank statement (ISO 20022 camt.053): money that came in or went out."""

    __tablename__ = "bank_entry"
    __table_args__ = (UniqueConstraint("bank_account", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account: Mapped[str] = mapped_column(String(34))  # IBAN
    reference: Mapped[str] = mapped_column(String(80))  # the bank's own, else a hash of all that stands in the entry
    booked_on: Mapped[date]
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)  # negative: it went out
    payer: Mapped[str] = mapped_column(String(200), default="")
    payer_account: Mapped[str] = mapped_column(String(34), default="")
    remittance: Mapped[str] = mapped_column(Text, default="")
    named: Mapped[str] = mapped_column(String(200), default="", server_default=db.text("''"))  # references
    kind: Mapped[str] = mapped_column(String(8), default=RECEIVED, server_default=RECEIVED)  # of ENTRY_KINDS
    file_id: Mapped[int | None] = mapped_column(ForeignKey("bank_file.id"), index=True)
    state: Mapped[str] = mapped_column(String(8), default=NEW)  # of ENTRY_STATES
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(
        String(500), default="", server_default=db.text("''")
    )  # it is left out, or was taken back
    turns: Mapped[int] = mapped_column(default=0, server_default="0")  # times that it was booked
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    file: Mapped[BankFile | None] = relationship(back_populates="entries")
    payment: Mapped[Payment | None] = relationship()
