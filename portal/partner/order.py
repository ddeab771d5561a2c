"""What a reseller orders at partner prices for its customers."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.licences import Licence
from portal.accounts.partnership import PartnerCustomer
from portal.accounts.people import Organisation, User
from portal.accounts.products import Product
from portal.billing.account import is_bookkeeper
from portal.billing.catalogue import CatalogueItem
from portal.billing.invoice import Invoice
from portal.db import Model, utcnow

STATES = PLACED, DELIVERED, CANCELLED = ("placed", "delivered", "cancelled")


class PartnerOrder(Model):
    """One order of licences or of their renewal. Customer of record, bill-to and licensee are three things: the
    customer's organisation, whose account the invoice is made out to, and the name that stands on the licence."""

    __tablename__ = "partner_order"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)
    form_key: Mapped[str] = mapped_column(String(64), unique=True)  # one form makes one order, however often sent
    reseller_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    relation_id: Mapped[int] = mapped_column(ForeignKey("partner_customer.id"), index=True)  # the customer of record
    bill_to_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    licensee: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(255))  # whoever registers with it is recognised (R13)
    item_id: Mapped[int] = mapped_column(ForeignKey("catalogue_item.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    plan: Mapped[str] = mapped_column(String(40))
    seats: Mapped[int] = mapped_column(default=1)
    currency: Mapped[str] = mapped_column(String(3))
    list_amount: Mapped[int] = mapped_column(BigInteger)  # of one seat for the term, in minor units, without tax
    amount: Mapped[int] = mapped_column(BigInteger)  # the same at the partner's price
    level: Mapped[str] = mapped_column(String(40))  # of the reseller, when it was ordered
    begins: Mapped[date]
    ends: Mapped[date]  # exclusive
    state: Mapped[str] = mapped_column(String(10), default=PLACED)  # of STATES
    renews_id: Mapped[int | None] = mapped_column(ForeignKey("partner_order.id"), unique=True)
    licence_id: Mapped[int | None] = mapped_column(ForeignKey("licence.id"), unique=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(2000), default="")  # of a cancellation
    placed_at: Mapped[datetime] = mapped_column(default=utcnow)
    placed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    delivered_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    relation: Mapped[PartnerCustomer] = relationship()
    reseller: Mapped[Organisation] = relationship(foreign_keys=reseller_id)
    bill_to: Mapped[Organisation] = relationship(foreign_keys=bill_to_id)
    item: Mapped[CatalogueItem] = relationship()
    placed_by: Mapped[User | None] = relationship()
    licence: Mapped[Licence | None] = relationship()
    invoice: Mapped[Invoice | None] = relationship()
    renews: Mapped["PartnerOrder | None"] = relationship(remote_side=[id])
    product: Mapped[Product] = relationship()

    @property
    def number(self) -> str:
        """As people say it."""
        return f"O-{self.id:05d}"

    @property
    def last_day(self) -> date:
        return self.ends - timedelta(days=1)

    @property
    def charged(self) -> int:
        """What the invoice comes to, without tax."""
        return self.listed if self.is_billed_to_customer else self.discounted

    @property
    def orderer(self) -> str:
        return self.placed_by.display_name if self.placed_by else ""

    @property
    def discounted(self) -> int:
        """Of all seats, at the partner's price."""
        return self.amount * self.seats

    @property
    def listed(self) -> int:
        """Of all seats, at the list price."""
        return self.list_amount * self.seats

    @property
    def is_billed_to_customer(self) -> bool:
        """The customer pays the list price: partner prices are between vendor and reseller."""
        return self.bill_to_id != self.reseller_id

    @classmethod
    def visible_to(cls, person: Any) -> Select["PartnerOrder"]:
        """The vendor's bookkeepers see all, the reseller's people their own; customers never see partner prices."""
        if is_bookkeeper(person):
            return select(cls)
        relations = PartnerCustomer.visible_to(person).with_only_columns(PartnerCustomer.id)
        return select(cls).where(cls.relation_id.in_(relations))
