"""What is sold, and for how much: plans, support tiers, add-ons and services."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.products import Product
from portal.db import Model, utcnow

KINDS = PLAN, TIER, SERVICE = ("plan", "tier", "service")
INTERVALS = MONTH, YEAR = ("month", "year")


class CatalogueItem(Model):
    """Something that can be bought. What support it brings stands in the policy, under `plan` and `tier`."""

    __tablename__ = "catalogue_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(8))  # of KINDS; a service is asked for, and billed once it is done
    plan: Mapped[str | None] = mapped_column(String(40))
    tier: Mapped[str | None] = mapped_column(String(40))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    names: Mapped[dict[str, Any]]  # language -> name
    summaries: Mapped[dict[str, Any]] = mapped_column(default=dict)
    level: Mapped[int] = mapped_column(default=0)  # of two plans for one product the higher is the upgrade
    has_seats: Mapped[bool] = mapped_column(default=False)
    trial_days: Mapped[int] = mapped_column(default=0)
    needs_contract: Mapped[bool] = mapped_column(default=False)  # sold under a signed contract alone (T2, T20)
    position: Mapped[int] = mapped_column(default=0)
    is_retired: Mapped[bool] = mapped_column(default=False)  # runs on for who has it, and is not sold any more
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    product: Mapped[Product | None] = relationship()
    prices: Mapped[list["Price"]] = relationship(back_populates="item", order_by="Price.starts_on, Price.id")

    @classmethod
    def on_sale(cls) -> Select["CatalogueItem"]:
        """The catalogue is public; what is retired stands in it no more."""
        return select(cls).where(cls.is_retired.is_(False)).order_by(cls.position, cls.id)


class Price(Model):
    """What one seat (or the whole, where there are none) costs for an interval, without tax, from a day on."""

    __tablename__ = "price"
    __table_args__ = (UniqueConstraint("item_id", "currency", "interval", "starts_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("catalogue_item.id", ondelete="CASCADE"))
    currency: Mapped[str] = mapped_column(String(3))
    interval: Mapped[str] = mapped_column(String(5))  # of INTERVALS
    amount: Mapped[int] = mapped_column(BigInteger)  # in minor units
    starts_on: Mapped[date]

    item: Mapped[CatalogueItem] = relationship(back_populates="prices")
