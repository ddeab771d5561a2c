"""Who is billed: an organisation's billing details, its contacts and its ways to pay."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import MemberRole, Membership, Organisation
from portal.db import Model, utcnow

WAYS = TRANSFER, PROVIDER = ("transfer", "provider")
VAT_STATES = ("none", "pending", "valid", "invalid")
BOOKKEEPERS = ("accountant", "admin")  # roles at the vendor that see everybody's books


class BillingAccount(Model):
    """One organisation's account: invoices are made out to it. Changes count from the next invoice on."""

    __tablename__ = "billing_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="SET NULL"), unique=True)
    legal_name: Mapped[str] = mapped_column(String(200), default="")
    street: Mapped[str] = mapped_column(String(200), default="")
    street_more: Mapped[str] = mapped_column(String(200), default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(100), default="")
    country: Mapped[str] = mapped_column(String(2), default="")  # ISO 3166-1 alpha-2
    vat_number: Mapped[str] = mapped_column(String(20), default="")  # compact, with its country
    vat_state: Mapped[str] = mapped_column(String(8), default="none")  # of VAT_STATES
    purchase_order: Mapped[str] = mapped_column(String(100), default="")  # the customer's own reference, on invoices
    currency: Mapped[str] = mapped_column(String(3), default="EUR")  # fixed with the first invoice
    lang: Mapped[str] = mapped_column(String(20), default="en")  # of invoices and of mails about them
    pays_by: Mapped[str] = mapped_column(String(8), default=TRANSFER)  # of WAYS
    days_to_pay: Mapped[int] = mapped_column(default=14)
    provider_customer: Mapped[str | None] = mapped_column(String(100), unique=True)
    dunning_level: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
    revision: Mapped[int] = mapped_column(default=0)

    organisation: Mapped[Organisation | None] = relationship()
    contacts: Mapped[list["BillingContact"]] = relationship(back_populates="account", order_by="BillingContact.id")
    methods: Mapped[list["PaymentMethod"]] = relationship(back_populates="account", order_by="PaymentMethod.id")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012

    @classmethod
    def visible_to(cls, person: Any) -> Select["BillingAccount"]:
        """Owners and billing contacts see their organisations', bookkeepers all."""
        if not person.is_authenticated:
            return select(cls).where(cls.id < 0)
        if is_bookkeeper(person):
            return select(cls)
        return select(cls).where(cls.organisation_id.in_(billed_by(person)))


def is_bookkeeper(person: Any) -> bool:
    """Whether this person keeps the vendor's books."""
    return bool(person.is_authenticated and any(person.has_role(role) for role in BOOKKEEPERS))


def billed_by(person: Any) -> Select[int]:
    """The organisations whose money this person looks after."""
    return select(Membership.organisation_id).where(
        Membership.user_id == person.id,
        Membership.ended_at.is_(None),
        Membership.role.in_((MemberRole.OWNER, MemberRole.BILLING)),
    )


class BillingContact(Model):
    """An address that gets invoices or reminders, beside the members who look after the money."""

    __tablename__ = "billing_contact"
    __table_args__ = (UniqueConstraint("account_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(255))
    gets: Mapped[list[str]]  # invoices, reminders, changes
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    account: Mapped[BillingAccount] = relationship(back_populates="contacts")


class PaymentMethod(Model):
    """A card or a debit mandate that the provider keeps: here stands only what shows which one it is."""

    __tablename__ = "payment_method"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(12))  # card, sepa_debit
    brand: Mapped[str] = mapped_column(String(40), default="")
    last4: Mapped[str] = mapped_column(String(4), default="")
    expires_on: Mapped[date | None]  # the last day of the month that stands on the card
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    removed_at: Mapped[datetime | None]

    account: Mapped[BillingAccount] = relationship(back_populates="methods")


class VatCheck(Model):
    """What the register (VIES) said of a VAT number, and when: the evidence for a reverse charge."""

    __tablename__ = "vat_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id", ondelete="CASCADE"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(8), default="pending")
    consultation: Mapped[str] = mapped_column(String(60), default="")  # the register's number for this question
    name: Mapped[str] = mapped_column(String(300), default="")
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    answered_at: Mapped[datetime | None]
