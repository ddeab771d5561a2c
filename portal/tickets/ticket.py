"""Tickets: the table, who may see which, and the short facts about one."""

import secrets
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, and_, bindparam, false, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.accounts.products import Product
from portal.db import Model, utcnow

LOWEST_NUMBER, NUMBERS = 10_000_000, 90_000_000
LARGEST = 2**31 - 1  # of what a database takes as a key; a longer number in an address names nothing
OPEN_STATUSES = ("open", "waiting")
INSIDE = ("noted", "warned")  # events that a customer learns nothing of, not even that the ticket changed


def new_number() -> int:
    """A random eight-digit number: easy to read out on the phone (T12), and says nothing of how many there are."""
    return LOWEST_NUMBER + secrets.randbelow(NUMBERS)


class Ticket(Model):
    """A customer's request, the promise made for it, and the clocks that run."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_open", "status", "next_due_at", "rank"),
        Index("ix_ticket_desk", "status", "assignee_id"),
        Index("ix_ticket_of_requester", "requester_id", "updated_at"),
        Index("ix_ticket_of_organisation", "organisation_id", "updated_at"),
        # These two count without reading a ticket: they hold all that decides who sees it, and its status.
        Index("ix_ticket_count_of_requester", "requester_id", "status", "organisation_id", "topic"),
        Index("ix_ticket_count_of_organisation", "organisation_id", "status", "requester_id", "topic"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True, default=new_number)
    form_key: Mapped[str] = mapped_column(String(64), unique=True)  # one form makes one ticket, however often sent
    topic: Mapped[str] = mapped_column(String(10), default="product")  # product, billing
    channel: Mapped[str] = mapped_column(String(20), default="ticket")
    status: Mapped[str] = mapped_column(String(10), default="open")  # open, waiting, resolved, closed
    subject: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(10))

    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    product_version: Mapped[str | None] = mapped_column(String(40))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)  # the one it goes on from

    plan: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(40))
    severity_claimed: Mapped[str | None] = mapped_column(String(40))
    severity: Mapped[str | None] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(40), index=True)
    rank: Mapped[int]

    policy_id: Mapped[str] = mapped_column(String(80))
    policy_version: Mapped[str] = mapped_column(String(40))
    promise: Mapped[dict[str, Any]]  # the quote as it was shown, never changed afterwards
    promise_zone: Mapped[str] = mapped_column(String(64))
    remote_access_consent: Mapped[bool] = mapped_column(default=False)

    # Caches of the pure function of (policy version, events, now); `clocks.refresh` is the one writer.
    first_response_due_at: Mapped[datetime | None]
    first_responded_at: Mapped[datetime | None]
    next_response_due_at: Mapped[datetime | None]
    update_due_at: Mapped[datetime | None]
    resolution_due_at: Mapped[datetime | None]
    next_due_at: Mapped[datetime | None]
    watch_at: Mapped[datetime | None] = mapped_column(index=True)  # when the next of its clocks is to be told of

    # Of a resolved ticket: when its customer is asked how it went, and when it is closed.
    ask_at: Mapped[datetime | None] = mapped_column(index=True)
    closes_at: Mapped[datetime | None] = mapped_column(index=True)

    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    requester: Mapped[User] = relationship(foreign_keys=requester_id)
    assignee: Mapped[User | None] = relationship(foreign_keys=assignee_id)
    organisation: Mapped[Organisation | None] = relationship()
    product: Mapped[Product | None] = relationship()
    messages: Mapped[list["Message"]] = relationship(back_populates="ticket", order_by="Message.id")
    events: Mapped[list["TicketEvent"]] = relationship(back_populates="ticket", order_by="TicketEvent.id")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Ticket"]:
        """Staff see all; people their own, and their organisation's by role (owners all, billing the billing ones).

        What somebody filed for an organisation is theirs for as long as they are in it.
        """
        if not person.is_authenticated:
            return select(cls).where(false())
        return cls.readable(is_staff=person.is_staff).params(reader=person.id)

    @classmethod
    @cache
    def readable(cls, *, is_staff: bool) -> Select["Ticket"]:
        """`visible_to` for whoever's id is given as `reader` when the query runs. Making it is what costs: once."""
        if is_staff:
            return select(cls)
        reader: Any = bindparam("reader")
        now_in = and_(Membership.user_id == reader, Membership.ended_at.is_(None))
        joined = select(Membership.organisation_id).where(now_in)
        owned = select(Membership.organisation_id).where(now_in, Membership.role == MemberRole.OWNER)
        billed = select(Membership.organisation_id).where(now_in, Membership.role == MemberRole.BILLING)
        return select(cls).where(
            or_(
                and_(
                    cls.requester_id == reader,
                    or_(cls.organisation_id.is_(None), cls.organisation_id.in_(joined)),
                ),
                cls.organisation_id.in_(owned),
                and_(cls.topic == "billing", cls.organisation_id.in_(billed)),
            )
        )

    @classmethod
    def numbered(cls, number: int, person: Any) -> Select["Ticket"]:
        """That ticket, if the person sees it. Who changes it adds `.with_for_update(of=Ticket)`."""
        return cls.visible_to(person).where(cls.number == min(number, LARGEST))

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    def record(self, kind: str, *, by: User | None, at: datetime, **detail: Any) -> "TicketEvent":
        """Add to the log that every clock is computed from."""
        event = TicketEvent(kind=kind, at=at, by_id=by.id if by else None, detail=detail)
        self.events.append(event)
        if kind not in INSIDE:
            self.updated_at = at
        return event


class Message(Model):
    """One entry of the conversation. Internal notes are messages that customers never see."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(10))  # customer, agent, note
    body: Mapped[str] = mapped_column(Text)
    form_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    ticket: Mapped[Ticket] = relationship(back_populates="messages")
    author: Mapped[User | None] = relationship()
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.id")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Message"]:
        """Messages of the tickets the person sees; internal notes for staff alone."""
        query = select(cls).where(cls.ticket_id.in_(Ticket.visible_to(person).with_only_columns(Ticket.id)))
        return query if person.is_authenticated and person.is_staff else query.where(cls.kind != "note")


class TicketEvent(Model):
    """What happened to a ticket and when: the log that every clock is computed from. Only ever added to."""

    __tablename__ = "ticket_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    ticket: Mapped[Ticket] = relationship(back_populates="events")
    by: Mapped[User | None] = relationship()


class Attachment(Model):
    """A file of a draft or a message, stored under a random name and handed out only through one view."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: secrets.token_urlsafe(24))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.id", ondelete="SET NULL"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    draft: Mapped["Draft | None"] = relationship(back_populates="attachments")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Attachment"]:
        """Files of messages the person sees, and files of the person's own drafts."""
        seen = Message.visible_to(person).with_only_columns(Message.id)
        own = and_(cls.message_id.is_(None), cls.owner_id == (person.id if person.is_authenticated else -1))
        return select(cls).where(or_(cls.message_id.in_(seen), own))


class Draft(Model):
    """What somebody typed and has not sent: kept from the first keystroke that reached us until it is filed.

    With `ticket_id` it is a reply. Without an owner it was sent by a visitor whose session had ended: whoever signs
    in with the browser that holds the claim token is offered it, and if the form said who wrote it, only that person.
    """

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    claim_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    meant_for_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sealed: Mapped[str | None] = mapped_column(Text)  # remote-access credentials, encrypted; never in `fields`
    answers: Mapped[list[Any]] = mapped_column(default=list)  # search results shown and opened while typing
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    attachments: Mapped[list[Attachment]] = relationship(back_populates="draft", order_by="Attachment.id")
    ticket: Mapped[Ticket | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Draft"]:
        """A person's own; nobody else's, whatever their role."""
        return cls.own().params(reader=person.id if person.is_authenticated else -1)

    @classmethod
    @cache
    def own(cls) -> Select["Draft"]:
        """`visible_to` for whoever's id is given as `reader` when the query runs."""
        return select(cls).where(cls.owner_id == bindparam("reader"))

    @classmethod
    def kept_as(cls, draft_id: int, person: Any) -> Select["Draft"]:
        return cls.visible_to(person).where(cls.id == min(draft_id, LARGEST))


class ReadAnswer(Model):
    """A search result that was shown before filing, and whether it was opened: the agent sees what was tried."""

    __tablename__ = "read_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(String(500))
    was_opened: Mapped[bool] = mapped_column(default=False)


class Credential(Model):
    """Remote-access credentials (R19), encrypted with a key outside the database; purged when the ticket closes."""

    __tablename__ = "credential"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    purged_at: Mapped[datetime | None]


class Reveal(Model):
    """Who looked at credentials, and when. Never deleted."""

    __tablename__ = "reveal"

    id: Mapped[int] = mapped_column(primary_key=True)
    credential_id: Mapped[int] = mapped_column(ForeignKey("credential.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
