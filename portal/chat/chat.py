"""Chats: the tables, who may see which, and the short facts about one."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, false, func, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import Membership, Organisation, User
from portal.accounts.products import Product
from portal.db import Model, db, utcnow
from portal.tickets.ticket import LARGEST, Attachment, Ticket

TYPES_FOR = timedelta(seconds=6)  # since the last keystroke that reached us; an open page tells of them every 3 s


class Chat(Model):
    """A conversation between a customer and whoever of the staff takes it."""

    __tablename__ = "chat"
    __table_args__ = (
        Index("ix_chat_queue", "state", "rank", "id"),
        # Somebody has one chat at a time: two begun at once are decided here.
        Index("uq_chat_live_requester", "requester_id", unique=True, sqlite_where=text("state != 'ended'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, open, ended
    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), index=True)
    rank: Mapped[int]
    language: Mapped[str] = mapped_column(String(10))
    zone: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=0)  # goes up with every change that both sides see
    awaits_agent: Mapped[bool] = mapped_column(default=True)  # the customer spoke last
    began_at: Mapped[datetime] = mapped_column(default=utcnow)
    said_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)  # the customer's page was open
    customer_typed_at: Mapped[datetime | None]
    agent_typed_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    requester: Mapped[User] = relationship(foreign_keys=requester_id)
    agent: Mapped[User | None] = relationship(foreign_keys=agent_id)
    organisation: Mapped[Organisation | None] = relationship()
    product: Mapped[Product | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
    messages: Mapped[list["ChatMessage"]] = relationship(back_populates="chat", order_by="ChatMessage.id")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Chat"]:
        """Staff see all; customers their own, whatever their role in an organisation, for as long as they are in it."""
        if not person.is_authenticated:
            return select(cls).where(false())
        now_in = (Membership.user_id == person.id, Membership.ended_at.is_(None))
        joined = select(Membership.organisation_id).where(*now_in)
        own = select(cls).where(
            cls.requester_id == person.id, or_(cls.organisation_id.is_(None), cls.organisation_id.in_(joined))
        )
        return select(cls) if person.is_staff else own

    @classmethod
    def kept_as(cls, chat_id: int, person: Any) -> Select["Chat"]:
        return cls.visible_to(person).where(cls.id == min(chat_id, LARGEST))

    @classmethod
    def live_of(cls, person: Any) -> "Chat | None":
        """The chat that the person has going."""
        live = cls.visible_to(person).where(cls.requester_id == person.id, cls.state != "ended")
        return db.session.scalar(live)

    @property
    def is_live(self) -> bool:
        return self.state != "ended"

    @property
    def is_reached(self) -> bool:
        """True while its customer may still read it."""
        left = self.organisation_id is not None and self.requester.role_in(self.organisation_id) is None
        return bool(self.requester.active) and not left

    @property
    def place(self) -> int:
        """Where it stands among those that wait, from 1: by the policy's rank, then by when it began."""
        first = (Chat.rank < self.rank) | ((Chat.rank == self.rank) & (Chat.id < self.id))
        return 1 + (db.session.scalar(select(func.count()).where(Chat.state == "waiting", first)) or 0)

    def is_answered_by(self, person: Any) -> bool:
        """Whether the person is on the vendor's side of it."""
        return bool(person.is_staff and person.id != self.requester_id)

    def other_types(self, *, for_agent: bool, now: datetime) -> bool:
        at = self.customer_typed_at if for_agent else self.agent_typed_at
        return self.is_live and at is not None and now - at < TYPES_FOR

    def mark(self, *, for_agent: bool, now: datetime) -> str:
        """One short text that differs as soon as this side's page has to show something else."""
        place = self.place if self.state == "waiting" else 0
        return f"{self.version}.{place}.{int(self.other_types(for_agent=for_agent, now=now))}"


class ChatMessage(Model):
    """What one side said."""

    __tablename__ = "chat_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    is_agents: Mapped[bool] = mapped_column(default=False)
    body: Mapped[str] = mapped_column(Text)
    form_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    chat: Mapped[Chat] = relationship(back_populates="messages")
    # Messages are read together: those of all of them come with one query each.
    author: Mapped[User] = relationship(lazy="selectin")
    files: Mapped[list[Attachment]] = relationship(secondary="chat_file", order_by="Attachment.id", lazy="selectin")


class ChatFile(Model):
    """A file that was sent with a message. When the chat becomes a ticket, it is a file of the ticket's message too."""

    __tablename__ = "chat_file"

    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("chat_message.id", ondelete="CASCADE"), index=True)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Attachment"]:
        """Files of the chats that the person sees."""
        chats = Chat.visible_to(person).with_only_columns(Chat.id)
        sent = select(cls.attachment_id).join(ChatMessage, ChatMessage.id == cls.message_id)
        return select(Attachment).where(Attachment.id.in_(sent.where(ChatMessage.chat_id.in_(chats))))
