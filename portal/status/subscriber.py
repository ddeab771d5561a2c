"""Who is told of incidents and maintenance, and what was sent to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, utcnow

KINDS = ("maintenance", "outage")
WAYS = EMAIL, WEBHOOK, SLACK = ("email", "webhook", "slack")


class Subscriber(Model):
    """An address that asked to be told. Nothing is sent before `confirmed_at` or after `stopped_at`."""

    __tablename__ = "subscriber"
    __table_args__ = (UniqueConstraint("way", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    way: Mapped[str] = mapped_column(String(8), default="email")
    address: Mapped[str] = mapped_column(String(500))  # an e-mail address as the portal spells them, or a URL
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    lang: Mapped[str] = mapped_column(String(20), default="en")
    zone: Mapped[str] = mapped_column(String(60), default="UTC")
    kinds: Mapped[list[str]]  # of KINDS
    is_choosy: Mapped[bool] = mapped_column(default=False)  # only of the components in `subscriber_component`
    is_shared: Mapped[bool] = mapped_column(default=False)  # several people read it: none ends it unnoticed
    nonce: Mapped[str] = mapped_column(String(32), unique=True)  # of its links: another one, and they are void
    sealed: Mapped[str] = mapped_column(Text, default="")  # the secret that signs webhooks, encrypted
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    bounces: Mapped[int] = mapped_column(default=0)  # in a row
    stopped_at: Mapped[datetime | None]
    stopped_why: Mapped[str] = mapped_column(String(20), default="")  # asked, bounced, staff, gone


class SubscriberComponent(Model):
    """One component that a choosy subscriber hears of."""

    __tablename__ = "subscriber_component"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    component_id: Mapped[int] = mapped_column(
        ForeignKey("component.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class SubscriberIncident(Model):
    """One incident that a subscriber follows, whatever else they chose."""

    __tablename__ = "subscriber_incident"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    incident_id: Mapped[int] = mapped_column(
        ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]  # kept, so that a mail's link that is pressed twice ends nothing else


class Sending(Model):
    """One update for one subscriber: the row is written once, and what it says is sent once."""

    __tablename__ = "sending"
    __table_args__ = (
        UniqueConstraint("update_id", "subscriber_id", "kind"),
        Index("ix_sending_waiting", "state", "due_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(ForeignKey("incident_update.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12), default="update")  # update, reminder
    state: Mapped[str] = mapped_column(String(8), default="waiting")  # waiting, sent, skipped, failed
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None]
