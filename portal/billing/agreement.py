"""How subscriptions change and contracts come about, step by step."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.licences import Subscription
from portal.accounts.people import Organisation
from portal.accounts.products import Product
from portal.billing.account import billed_by, is_bookkeeper
from portal.db import Model, utcnow

STATES = REQUESTED, OFFERED, SIGNED, ACTIVE, DECLINED, WITHDRAWN = (
    *("requested", "offered", "signed", "active", "declined", "withdrawn"),
)


class SubscriptionChange(Model):
    """One line of a subscription's timeline."""

    __tablename__ = "subscription_change"
    __table_args__ = (Index("ix_subscription_change_at", "subscription_id", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))  # started, changed, planned, unplanned, cancelled, resumed, ...
    terms: Mapped[dict[str, Any]]  # before and after: item, seats, interval, amount
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id", ondelete="SET NULL"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    subscription: Mapped[Subscription] = relationship()


class ChangePreview(Model):
    """What a change would cost, as it was shown. Confirming it charges exactly this, once, while nothing else moved."""

    __tablename__ = "change_preview"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id", ondelete="CASCADE"))  # None: new
    revision: Mapped[int | None]  # of the subscription
    terms: Mapped[dict[str, Any]]  # item, seats, interval, currency, amount
    first_day: Mapped[date]  # from which the new terms count
    lines: Mapped[list[Any]]
    taxes: Mapped[list[Any]]
    net: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    gross: Mapped[int] = mapped_column(BigInteger)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ContractRequest(Model):
    """A support contract on its way: asked for, offered, signed, in force."""

    __tablename__ = "contract_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_item.id"))
    plan: Mapped[str] = mapped_column(String(40), default="")
    tier: Mapped[str] = mapped_column(String(40), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default=REQUESTED)  # of STATES
    currency: Mapped[str | None] = mapped_column(String(3))
    interval: Mapped[str | None] = mapped_column(String(5))
    amount: Mapped[int | None] = mapped_column(BigInteger)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    wording: Mapped[str] = mapped_column(Text, default="")  # of the offer
    valid_until: Mapped[date | None]
    document: Mapped[str | None] = mapped_column(String(64))  # the signed one's token
    document_name: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(2000), default="")
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), unique=True)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    requested_at: Mapped[datetime] = mapped_column(default=utcnow)
    offered_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship()
    product: Mapped[Product | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["ContractRequest"]:
        """Owners and billing contacts see their organisation's, bookkeepers all."""
        if is_bookkeeper(person):
            return select(cls)
        if not person.is_authenticated:
            return select(cls).where(cls.id < 0)
        return select(cls).where(cls.organisation_id.in_(billed_by(person)))
