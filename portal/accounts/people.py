"""People and their organisations."""

import enum
import re
from datetime import datetime
from typing import Any

from flask_security.models import sqla
from sqlalchemy import ForeignKey, Index, Select, String, Text, and_, false, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from portal.db import Model, db, utcnow

sqla.FsModels.set_db_info(base_model=db.Model, user_table_name="users", role_table_name="roles")  # type: ignore[no-untyped-call]


def end_of_phone(number: str) -> str | None:
    """The last eight digits of a phone number without its extension: the same however it is written, with or without
    the country. None for what has fewer than five."""
    digits = "".join(re.findall("[0-9]", re.split("[xX]", number)[0]))
    return digits[-8:] if len(digits) >= 5 else None


class MemberRole(enum.StrEnum):
    """What a member may do in the organisation: owners everything, billing contacts the money, members their own."""

    OWNER = "owner"
    BILLING = "billing"
    MEMBER = "member"


class Role(Model, sqla.FsRoleMixin):
    """A role at the vendor: agent, editor, moderator, accountant, admin."""

    __tablename__ = "roles"

    update_datetime: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class User(Model, sqla.FsUserMixin):
    """A person with an account: a customer, a reseller's or the vendor's."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str | None] = mapped_column(String(10))
    zone: Mapped[str | None] = mapped_column(String(64))
    phone: Mapped[str | None] = mapped_column(String(40))
    phone_end: Mapped[str | None] = mapped_column(String(8), index=True)  # follows `phone`; callers are found by it
    company: Mapped[str | None] = mapped_column(String(200))
    create_datetime: Mapped[datetime] = mapped_column(default=utcnow)
    update_datetime: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    memberships: Mapped[list["Membership"]] = relationship(back_populates="user")

    @validates("phone")
    def _keep_phone_end(self, _key: str, phone: str | None) -> str | None:
        self.phone_end = end_of_phone(phone or "")
        return phone

    @property
    def display_name(self) -> str:
        return self.name or self.email.split("@")[0]

    @property
    def is_staff(self) -> bool:
        """True for those who answer: they see every ticket and the desk."""
        return bool(self.has_role("agent") or self.has_role("admin"))

    def organisations(self) -> Select["Organisation"]:
        """The organisations this person is a member of now."""
        current = and_(Membership.user_id == self.id, Membership.ended_at.is_(None))
        return select(Organisation).join(Membership).where(current).order_by(Organisation.name)

    def role_in(self, organisation: "Organisation | int | None") -> MemberRole | None:
        """The person's role in an organisation, or None for someone who is no member (any more)."""
        if organisation is None:
            return None
        key = organisation if isinstance(organisation, int) else organisation.id
        role = db.session.scalar(
            select(Membership.role).where(
                Membership.user_id == self.id,
                Membership.organisation_id == key,
                Membership.ended_at.is_(None),
            )
        )
        return MemberRole(role) if role else None


class Organisation(Model):
    """A customer's or a reseller's company. Tickets, licences and contracts belong to it."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    is_reseller: Mapped[bool] = mapped_column(default=False)
    region: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    memberships: Mapped[list["Membership"]] = relationship(back_populates="organisation")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Organisation"]:
        """Members see their organisations, staff see all."""
        if not person.is_authenticated:
            return select(cls).where(cls.id < 0)
        if person.is_staff:
            return select(cls)
        mine = select(Membership.organisation_id).where(Membership.user_id == person.id, Membership.ended_at.is_(None))
        return select(cls).where(cls.id.in_(mine))


class Membership(Model):
    """A person's part in an organisation, from its start to its end. Rights end with it, at the next request."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_current",
            "user_id",
            "organisation_id",
            unique=True,
            sqlite_where=db.text("ended_at IS NULL"),  # PostgreSQL's too: see `share_conditions`
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(10), default=MemberRole.MEMBER)
    sees_all: Mapped[bool] = mapped_column(default=False, server_default=false())  # tickets of others, as owners do
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship(back_populates="memberships")


class Invitation(Model):
    """An invitation to join an organisation: the token is stored hashed, works once and for a limited time."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(10), default=MemberRole.MEMBER)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @classmethod
    def waiting(cls, organisation: Organisation, now: datetime) -> Select["Invitation"]:
        """An organisation's invitations that can still be used, the newest first."""
        return (
            select(cls)
            .where(cls.organisation_id == organisation.id, cls.used_at.is_(None), cls.expires_at > now)
            .order_by(cls.expires_at.desc())
        )


def staff() -> Select[User]:
    """Everybody who answers tickets."""
    return select(User).where(User.active, User.roles.any(or_(Role.name == "agent", Role.name == "admin")))
