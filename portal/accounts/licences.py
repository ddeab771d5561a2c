"""What an organisation holds: licences, subscriptions and contracts, the sources of its entitlement."""

import hashlib
import re
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import Organisation
from portal.accounts.products import Product
from portal.db import Model, utcnow


def hash_key(key: str) -> str:
    """What is kept of a licence key. Keys are long and random, so a plain hash can't be guessed back."""
    return hashlib.sha256(re.sub(r"[^0-9A-Z]", "", key.upper()).encode()).hexdigest()


class Licence(Model):
    """A licence that was sold. It is recognised by the order's e-mail, or claimed once by its key (R13).

    The key itself is not kept: `key_hash` finds it, `key_hint` (its last characters) shows which one it is.
    """

    __tablename__ = "licence"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    key_hint: Mapped[str] = mapped_column(String(8))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    plan: Mapped[str] = mapped_column(String(40))
    licensed_to: Mapped[str] = mapped_column(String(200), default="")
    order_email: Mapped[str | None] = mapped_column(String(255), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    sold_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)  # a reseller
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[datetime | None]
    starts_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    seats: Mapped[int] = mapped_column(default=1, server_default="1")
    reason: Mapped[str] = mapped_column(String(2000), default="")  # why it was revoked or reissued
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("licence.id"), index=True)  # an old key's new one

    product: Mapped[Product] = relationship()
    organisation: Mapped[Organisation | None] = relationship(foreign_keys=organisation_id)
    sold_by: Mapped[Organisation | None] = relationship(foreign_keys=sold_by_id)


class Subscription(Model):
    """A running subscription to a plan; with `tier` it is a support tier bought in addition (T2).

    One with `currency` is billed here: `amount` for a seat and an interval, always ahead, up to `billed_until`.
    """

    __tablename__ = "subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    plan: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str | None] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(40), default="")
    starts_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime | None]  # once it is cancelled: the end of what is paid
    item_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_item.id"), index=True)
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)  # that it bills
    currency: Mapped[str | None] = mapped_column(String(3))
    interval: Mapped[str | None] = mapped_column(String(5))  # month, year
    amount: Mapped[int | None] = mapped_column(BigInteger)  # of one seat for one interval, in minor units, without tax
    seats: Mapped[int] = mapped_column(default=1, server_default="1")
    anchor_day: Mapped[int | None]  # the day of the month on which an interval begins, in the vendor's zone
    period_from: Mapped[date | None]  # the running interval's first day
    billed_until: Mapped[date | None] = mapped_column(index=True)  # the first day that isn't billed yet
    trial_until: Mapped[date | None]  # the first day that costs something
    next_terms: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # item, seats, interval from `billed_until` on
    revision: Mapped[int] = mapped_column(default=0, server_default="0")

    product: Mapped[Product | None] = relationship()

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012


class Contract(Model):
    """A signed support contract. What it says beats the catalogue (T24)."""

    __tablename__ = "contract"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    plan: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(40))
    region: Mapped[str | None] = mapped_column(String(20))
    contact_name: Mapped[str | None] = mapped_column(String(200))
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # its own, beside the catalogue's
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]

    product: Mapped[Product | None] = relationship()
