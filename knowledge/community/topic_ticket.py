"""Which topic and which ticket belong together."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, false, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.community.topic import Topic
from portal.db import Model, utcnow
from portal.tickets.ticket import Ticket

MOVED, TOLD = "moved", "told"


class TopicTicket(Model):
    """A topic that went on as a private ticket (`moved`), or that tells what a ticket found out (`told`)."""

    __tablename__ = "topic_ticket"
    __table_args__ = (UniqueConstraint("topic_id", "ticket_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    topic: Mapped[Topic] = relationship()
    ticket: Mapped[Ticket] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["TopicTicket"]:
        """Who sees the ticket; whose ticket an answer was drawn from is for staff alone."""
        if not person.is_authenticated:
            return select(cls).where(false())
        seen = cls.ticket_id.in_(Ticket.visible_to(person).with_only_columns(Ticket.id))
        return select(cls).where(seen, or_(cls.kind == MOVED, person.is_staff))
