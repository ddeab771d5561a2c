"""Tickets: the table, who may see which, and the short facts about one."""

import secrets
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.partnership import acted_for
from portal.accounts.people import MemberRole, Membership, Organisation, User
from portal.accounts.products import Product
from portal.db import Model, db, utcnow

LOWEST_NUMBER, NUMBERS = 10_000_000, 90_000_000
LARGEST = 2**31 - 1  # of what a database takes as a key; a longer number in an address names nothing
OPEN_STATUSES = ("open", "waiting")
# Events that a customer learns nothing of, not even that the ticket changed.
INSIDE = ("noted", "warned", "moved", "tagged")


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
        Index("ix_ticket_created_at", "created_at"),
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
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)  # who filed it for them
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    product_version: Mapped[str | None] = mapped_column(String(40))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)  # the one it goes on from
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)  # the problem it is a part of
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)  # where its messages went

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
    counted_by: Mapped[str | None] = mapped_column(String(40))  # a later version of the policy, if its clocks go by it
    # What reports count: the due time that was promised (no average), also once its clock has stopped, and whether it
    # stopped too late, in an earlier round too. Of clocks that run in rounds: what is owed now, and how many were kept.
    first_promised_at: Mapped[datetime | None]
    first_was_late: Mapped[bool] = mapped_column(default=False, server_default=false())
    resolution_promised_at: Mapped[datetime | None]
    resolution_was_late: Mapped[bool] = mapped_column(default=False, server_default=false())
    next_promised_at: Mapped[datetime | None]
    next_kept: Mapped[int] = mapped_column(default=0, server_default="0")
    next_late: Mapped[int] = mapped_column(default=0, server_default="0")
    update_promised_at: Mapped[datetime | None]
    update_kept: Mapped[int] = mapped_column(default=0, server_default="0")
    update_late: Mapped[int] = mapped_column(default=0, server_default="0")

    # Of a resolved ticket: when its customer is asked how it went, and when it is closed.
    ask_at: Mapped[datetime | None] = mapped_column(index=True)
    closes_at: Mapped[datetime | None] = mapped_column(index=True)

    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    requester: Mapped[User] = relationship(foreign_keys=requester_id)
    assignee: Mapped[User | None] = relationship(foreign_keys=assignee_id)
    organisation: Mapped[Organisation | None] = relationship(foreign_keys=organisation_id)
    reseller: Mapped[Organisation | None] = relationship(foreign_keys=reseller_id)
    product: Mapped[Product | None] = relationship()
    messages: Mapped[list["Message"]] = relationship(back_populates="ticket", order_by="Message.id")
    events: Mapped[list["TicketEvent"]] = relationship(back_populates="ticket", order_by="TicketEvent.id")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Ticket"]:
        """Staff see all; people their own, and their organisation's by role (owners all, billing the billing ones).

        What somebody filed for an organisation, or was shared with them in it, is theirs for as long as they are in it.
        A reseller's people see those of the customers who let them act for them, but not what is about money.
        """
        if not person.is_authenticated:
            return select(cls).where(false())
        return cls.readable(is_staff=person.is_staff).params(reader=person.id)

    @classmethod
    @cache
    def readable(cls, *, is_staff: bool, followed: bool = True) -> Select["Ticket"]:
        """`visible_to` for whoever's id is given as `reader` when the query runs. Making it is what costs: once.

        Lists of own tickets and of an organisation's leave out what is only `followed`: they read indexes alone.
        """
        if is_staff:
            return select(cls)
        reader: Any = bindparam("reader")
        now_in = and_(Membership.user_id == reader, Membership.ended_at.is_(None))
        joined = select(Membership.organisation_id).where(now_in)
        leads = or_(Membership.role == MemberRole.OWNER, Membership.sees_all)
        owned = select(Membership.organisation_id).where(now_in, leads)
        billed = select(Membership.organisation_id).where(now_in, Membership.role == MemberRole.BILLING)
        shared = select(Follower.ticket_id).where(Follower.user_id == reader)
        return select(cls).where(
            or_(
                and_(
                    cls.requester_id == reader,
                    or_(cls.organisation_id.is_(None), cls.organisation_id.in_(joined)),
                ),
                cls.organisation_id.in_(owned),
                and_(cls.topic == "billing", cls.organisation_id.in_(billed)),
                and_(cls.organisation_id.in_(joined), cls.id.in_(shared)) if followed else false(),
                and_(cls.organisation_id.in_(acted_for()), cls.topic != "billing") if followed else false(),
            )
        )

    @classmethod
    def numbered(cls, number: int, person: Any) -> Select["Ticket"]:
        """That ticket, or the one that it was merged into, if the person sees it. Who changes it asks `held`."""
        return cls.visible_to(person).where(cls.id == cls.leading(min(number, LARGEST)))

    @classmethod
    def leading(cls, number: Any) -> Any:
        """The id of the ticket that goes by that number, a subquery: merged tickets go on in another one."""
        other: Any = cls.__table__.alias()
        goes_on = func.coalesce(other.c.merged_into_id, other.c.id)
        return select(goes_on).where(other.c.number == number).scalar_subquery()

    @classmethod
    def held(cls, number: int, person: Any) -> "Ticket | None":
        """`numbered`, held against others. Who waited while the ticket was merged holds the one that it went into."""
        query = cls.numbered(number, person).with_for_update(of=cls).execution_options(populate_existing=True)
        found: Ticket | None = db.session.scalar(query)
        return db.session.scalar(query) if found and found.merged_into_id else found

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


class Follower(Model):
    """Who is told of a ticket beside its customer: staff, and colleagues in its organisation, who may read it then."""

    __tablename__ = "ticket_follower"
    __table_args__ = (UniqueConstraint("ticket_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    since: Mapped[datetime] = mapped_column(default=utcnow)

    user: Mapped[User] = relationship()


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
