"""What editors note beside what readers left: lines put aside, broken links, tickets that became articles."""

from datetime import datetime

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.articles.article import Article
from knowledge.articles.revision import is_editor
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.tickets.ticket import Ticket


class Dismissal(Model):
    """A line of a list that no editor wants to see again, until one brings it back. `key` names it in its list."""

    __tablename__ = "insight_dismissal"
    __table_args__ = (UniqueConstraint("view", "key", "lang"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    view: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(200))
    lang: Mapped[str] = mapped_column(String(20), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    dismissed_at: Mapped[datetime] = mapped_column(default=utcnow)


class BrokenLink(Model):
    """A link in a published article that leads nowhere, as the last check found. `reason`: see `links.REASONS`."""

    __tablename__ = "broken_link"
    __table_args__ = (UniqueConstraint("article_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(500))
    words: Mapped[str] = mapped_column(String(200), default="")  # of the link, to find it in the text
    reason: Mapped[str] = mapped_column(String(20))
    found_at: Mapped[datetime] = mapped_column(default=utcnow)


class ArticleTicket(Model):
    """The resolved ticket that an article was drafted from: for staff alone."""

    __tablename__ = "article_ticket"
    __table_args__ = (UniqueConstraint("article_id", "ticket_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    article: Mapped[Article] = relationship()
    ticket: Mapped[Ticket] = relationship()
    by: Mapped[User | None] = relationship()

    @classmethod
    def visible_to(cls, person: User) -> Select["ArticleTicket"]:
        return select(cls) if is_editor(person) else select(cls).where(db.false())
