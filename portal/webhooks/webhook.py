"""Where events go, and what was sent there."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, and_, false, or_, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from portal.accounts.people import MemberRole, Membership, Organisation, Role, User
from portal.db import Model, db, utcnow

PREFIX = "whsec_"  # as Standard Webhooks writes secrets
SECRET_BYTES = 32
LONGEST_URL = 500


_owner = (Membership.ended_at.is_(None), Membership.role == MemberRole.OWNER)


class Webhook(Model):
    """An address that is told what happens to an organisation's tickets; without one, to every ticket, for the desk."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"), index=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))  # or who switched it on last
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    sealed: Mapped[str] = mapped_column(Text)  # the secret, encrypted: signing needs it back
    is_on: Mapped[bool] = mapped_column(default=True)
    rest_until: Mapped[datetime | None]  # after a failure the others wait too: who is away is not called by all at once
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    # Who is no owner any more, or no admin, is told nothing either: the address may be theirs.
    is_kept: Mapped[bool] = column_property(
        and_(
            select(User.id).where(User.id == made_by_id, User.active).exists(),
            or_(
                and_(
                    organisation_id.is_(None),
                    select(User.id).where(User.id == made_by_id, User.roles.any(Role.name == "admin")).exists(),
                ),
                select(Membership.id)
                .where(Membership.user_id == made_by_id, Membership.organisation_id == organisation_id, *_owner)
                .exists(),
            ),
        )
    )

    organisation: Mapped[Organisation | None] = relationship()
    made_by: Mapped[User] = relationship()

    @property
    def is_told(self) -> bool:
        """Whether it is called: switched on, by somebody who may still read what it is told."""
        return self.is_on and self.is_kept

    @classmethod
    def visible_to(cls, person: Any) -> Select["Webhook"]:
        """An organisation's for its owners, the desk's for admins; nobody else's."""
        if not person.is_authenticated:
            return select(cls).where(false())
        desks = cls.organisation_id.is_(None) if person.has_role("admin") else false()
        owned = owned_by(person).with_only_columns(Organisation.id)
        return select(cls).where(or_(desks, cls.organisation_id.in_(owned))).order_by(cls.id)

    @classmethod
    def told_of(cls, organisations: Sequence[int | None]) -> Select["Webhook"]:
        """Those to be told of tickets of these organisations."""
        named = [key for key in organisations if key is not None]
        return select(cls).where(
            cls.is_on, cls.is_kept, or_(cls.organisation_id.is_(None), cls.organisation_id.in_(named))
        )


class Delivery(Model):
    """One event on its way to one webhook, with its answer. Whoever runs twice writes it once."""

    __tablename__ = "delivery"
    __table_args__ = (Index("uq_delivery_event", "webhook_id", "event_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_event.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="pending")  # pending, sent, dead
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    status: Mapped[int | None]  # of HTTP, if there was an answer
    failure: Mapped[str | None] = mapped_column(String(20))  # else why not: one of `calling.FAILURES`
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    tried_at: Mapped[datetime | None]

    webhook: Mapped[Webhook] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Delivery"]:
        seen = Webhook.visible_to(person).order_by(None).with_only_columns(Webhook.id)
        return select(cls).where(cls.webhook_id.in_(seen)).order_by(cls.id.desc())


def owned_by(person: User) -> Select[Organisation]:
    """The organisations whose owner the person is now."""
    owned = select(Organisation).join(Membership).where(Membership.user_id == person.id, *_owner)
    return owned.order_by(Organisation.name)


def may_have_any(person: User) -> bool:
    """Whether there is anything the person may have told elsewhere."""
    return bool(person.has_role("admin")) or db.session.scalar(owned_by(person).limit(1)) is not None


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(16)}"
