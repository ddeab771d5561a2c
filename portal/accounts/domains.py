"""Domains that an organisation has proved to be its own, and who asks to join because of their address."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import Organisation, User
from portal.db import Model, utcnow


class OrganisationDomain(Model):
    """A domain of an organisation. Before `verified_at` it opens nothing; two may claim one, but only one proves it."""

    __tablename__ = "organisation_domain"
    __table_args__ = (
        Index(
            "uq_organisation_domain_verified",
            "domain",
            unique=True,
            sqlite_where=text("verified_at IS NOT NULL"),  # PostgreSQL's too: see `share_conditions`
        ),
        Index("uq_organisation_domain_claim", "organisation_id", "domain", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    domain: Mapped[str] = mapped_column(String(255))  # lower case, IDNA
    proof: Mapped[str] = mapped_column(String(64))  # what a TXT record of the domain has to say
    claimed_at: Mapped[datetime] = mapped_column(default=utcnow)
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    verified_at: Mapped[datetime | None]
    verified_how: Mapped[str] = mapped_column(String(10), default="")  # dns, staff

    organisation: Mapped[Organisation] = relationship()


class JoinRequest(Model):
    """Somebody with a confirmed address at a verified domain who asks to be let in; an owner decides."""

    __tablename__ = "join_request"
    __table_args__ = (
        Index(
            "uq_join_request_open",
            "user_id",
            "organisation_id",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),  # PostgreSQL's too: see `share_conditions`
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    accepted: Mapped[bool | None]

    organisation: Mapped[Organisation] = relationship()
    user: Mapped[User] = relationship(foreign_keys=user_id)
