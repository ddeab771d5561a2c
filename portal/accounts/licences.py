"""What an organisation holds: licences, subscriptions and contracts, the sources of its entitlement."""

import hashlib
import re
from datetime import datetime

from sqlalchemy import ForeignKey, String
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
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[datetime | None]
    starts_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship()
    organisation: Mapped[Organisation | None] = relationship()


class Subscription(Model):
    """A running subscription to a plan; with `tier` it is a support tier bought in addition (T2)."""

    __tablename__ = "subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    plan: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str | None] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(40), default="")
    starts_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime | None]

    product: Mapped[Product | None] = relationship()


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
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]

    product: Mapped[Product | None] = relationship()
