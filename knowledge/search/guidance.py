"""What editors tell the search: words that mean the same, results that come first; and who waits for an answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.articles.revision import is_editor
from portal.db import Model, db, utcnow


class Synonym(Model):
    """Words that mean the same in a language ("" for every one). `words` are searched for each other; with
    `is_one_way` only the first one's searches take in the others."""

    __tablename__ = "search_synonym"

    id: Mapped[int] = mapped_column(primary_key=True)
    lang: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[list[str]]
    is_one_way: Mapped[bool] = mapped_column(default=False)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Synonym"]:
        return select(cls) if is_editor(person) else select(cls).where(db.false())


class Pin(Model):
    """A result that stands first for a search. `folded` is the search as `SearchQuery.folded` has it."""

    __tablename__ = "search_pin"
    __table_args__ = (UniqueConstraint("folded", "lang", "kind", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(String(200), index=True)
    lang: Mapped[str] = mapped_column(String(20), default="")
    kind: Mapped[str] = mapped_column(String(10), default="article")
    item_id: Mapped[int]
    place: Mapped[int] = mapped_column(default=1)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Pin"]:
        return select(cls) if is_editor(person) else select(cls).where(db.false())


class Wish(Model):
    """'Tell me when this is answered': an address (double opt-in) and a search that found nothing.

    `token_hash` is of the key in the links that confirm and end it. `answered_at` is when the mail was written.
    """

    __tablename__ = "search_wish"
    __table_args__ = (UniqueConstraint("email", "folded"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(200))
    folded: Mapped[str] = mapped_column(String(200), index=True)
    lang: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(10))
    zone: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="SET NULL"))
