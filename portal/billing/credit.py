"""What the vendor owes its customers: for broken promises, by the policy, or out of goodwill."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.billing.account import BillingAccount
from portal.db import Model, utcnow

KINDS = UPTIME, RESPONSE, MANUAL = ("uptime", "response", "manual")
STATES = PROPOSED, ACCEPTED, DECLINED, BOOKED = ("proposed", "accepted", "declined", "booked")


class ServiceCredit(Model):
    """A credit from its proposal to the line of an invoice. `key` names what it is for: it is owed once."""

    __tablename__ = "service_credit"
    __table_args__ = (Index("ix_service_credit_account", "account_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)  # uptime:4, response:17, manual:<form key>
    kind: Mapped[str] = mapped_column(String(8))  # of KINDS
    account_id: Mapped[int] = mapped_column(ForeignKey("billing_account.id"))
    uptime_credit_id: Mapped[int | None] = mapped_column(ForeignKey("uptime_credit.id", ondelete="SET NULL"))
    response_credit_id: Mapped[int | None] = mapped_column(ForeignKey("response_credit.id", ondelete="SET NULL"))
    month: Mapped[date | None]  # the first day of the month of whose fee it is a part
    percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    currency: Mapped[str] = mapped_column(String(3))
    fee: Mapped[int | None] = mapped_column(BigInteger)  # that the percentage is of
    amount: Mapped[int] = mapped_column(BigInteger)  # without tax
    left: Mapped[int] = mapped_column(BigInteger)  # of it, not yet on an invoice
    state: Mapped[str] = mapped_column(String(8), default=PROPOSED)  # of STATES
    reason: Mapped[str] = mapped_column(String(2000), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    account: Mapped[BillingAccount] = relationship()
    decided_by: Mapped[User | None] = relationship()
