"""Resellers: who has been approved, whom they sold to, and what their customers let them do."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, Text, UniqueConstraint, bindparam, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import MemberRole, Membership, Organisation
from portal.db import Model, Moment, db, utcnow

STATES = APPLIED, APPROVED, DECLINED, SUSPENDED, ENDED = ("applied", "approved", "declined", "suspended", "ended")


class Partner(Model):
    """An organisation that sells for the vendor, or asked to. In force: approved, begun, and not over."""

    __tablename__ = "partner"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=APPLIED)  # of STATES
    level: Mapped[str] = mapped_column(String(40), default="")  # an id of the policy's levels
    application: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what they wrote when they applied
    reference: Mapped[str] = mapped_column(String(40), default="")  # of the partner contract
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]  # exclusive
    applied_at: Mapped[datetime] = mapped_column(default=utcnow)
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reason: Mapped[str] = mapped_column(String(2000), default="")  # told to the applicant

    organisation: Mapped[Organisation] = relationship()


class PartnerCustomer(Model):
    """Somebody a reseller sells to. `customer_id` is the customer of record, once their organisation is known here."""

    __tablename__ = "partner_customer"
    __table_args__ = (
        UniqueConstraint("reseller_id", "email"),
        Index("ix_partner_customer_pair", "customer_id", "reseller_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))  # as the reseller knows them
    email: Mapped[str] = mapped_column(String(255))  # where orders and questions go, lower case
    note: Mapped[str] = mapped_column(String(2000), default="")  # the reseller's own
    starts_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime | None]  # exclusive
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    reseller: Mapped[Organisation] = relationship(foreign_keys=reseller_id)
    customer: Mapped[Organisation | None] = relationship(foreign_keys=customer_id)
    consents: Mapped[list["Consent"]] = relationship(back_populates="relation", order_by="Consent.id")

    @classmethod
    def visible_to(cls, person: Any) -> Select["PartnerCustomer"]:
        """Staff see all; the people of a reseller who work for its customers see theirs while it is a partner."""
        if not person.is_authenticated:
            return select(cls).where(cls.id < 0)
        if person.is_staff:
            return select(cls)
        return select(cls).where(cls.reseller_id.in_(workplaces_of(person.id)))


class Consent(Model):
    """A customer's word that a reseller may act for them: asked, given or refused, and withdrawn. Kept for ever.

    In force: given, not withdrawn, not over, while relation and partnership are in force too.
    """

    __tablename__ = "partner_consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    relation_id: Mapped[int] = mapped_column(ForeignKey("partner_customer.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the question by mail
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    asked_until: Mapped[datetime]
    wording: Mapped[str] = mapped_column(Text, default="")  # what was agreed to, as it was shown
    given_at: Mapped[datetime | None]
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    refused_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]  # exclusive; None: until it is withdrawn
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    relation: Mapped[PartnerCustomer] = relationship(back_populates="consents")


def in_partnership(organisation_id: Any, now: Any) -> ColumnElement[bool]:
    """Whether the organisation sells for the vendor at that moment: it is marked so, and nothing on record ended it."""
    over = or_(Partner.state != APPROVED, Partner.starts_at > now, Partner.ends_at <= now)
    ended = select(Partner.id).where(Partner.organisation_id == organisation_id, over).exists()
    return Organisation.is_reseller & ~ended


@cache
def acted_for() -> Select[Any]:
    """The customers' organisations for which `reader` may act at this moment, as one of a reseller's people."""
    return _acting(bindparam("reader"))


def acts_for(person_id: int, organisation_id: int) -> bool:
    """Whether that person may act for that organisation at this moment, as one of a reseller's people."""
    return bool(db.session.scalar(select(acting_for(person_id, organisation_id).exists())))


def acting_for(person_id: Any, organisation_id: Any) -> Select[Any]:
    """The same for a person whose id is a column of a wider query; empty where they may not."""
    return _acting(person_id).where(PartnerCustomer.customer_id == organisation_id)


def _acting(person_id: Any) -> Select[Any]:
    now = _now()
    return (
        select(PartnerCustomer.customer_id)
        .join(Consent, Consent.relation_id == PartnerCustomer.id)
        .where(
            PartnerCustomer.reseller_id.in_(workplaces_of(person_id)),
            PartnerCustomer.customer_id.is_not(None),
            PartnerCustomer.starts_at <= now,
            or_(PartnerCustomer.ends_at.is_(None), PartnerCustomer.ends_at > now),
            Consent.given_at <= now,
            Consent.withdrawn_at.is_(None),
            or_(Consent.ends_at.is_(None), Consent.ends_at > now),
        )
    )


def workplaces_of(person_id: Any) -> Select[int]:
    """The resellers at which somebody works for customers: as an owner, or as one who sees all tickets.

    `person_id` may be a column of a wider query.
    """
    return (
        select(Membership.organisation_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.user_id == person_id,
            Membership.ended_at.is_(None),
            or_(Membership.role == MemberRole.OWNER, Membership.sees_all),
            in_partnership(Organisation.id, _now()),
        )
    )


def resellers_of(person: Any) -> Select[Organisation]:
    """The resellers for which this person works in the partner area, by name."""
    return _resellers().params(reader=person.id)


@cache
def _resellers() -> Select[Organisation]:
    theirs = Organisation.id.in_(workplaces_of(bindparam("reader")))
    return select(Organisation).where(theirs).order_by(Organisation.name, Organisation.id)


def _now() -> Any:
    return bindparam("partner_now", callable_=utcnow, type_=Moment())
