"""What was searched, and what became of it: for the editors, without secrets and without names."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, utcnow


class SearchQuery(Model):
    """One search as a visitor meant it: what was typed on the way to it is collapsed into this row.

    `text` has its secrets taken out before it comes here. `asker` is a hash that says who asked the same day, and no
    more. `ticket_number` is of the ticket that was filed all the same.
    """

    __tablename__ = "search_query"
    __table_args__ = (Index("ix_search_query_asker", "asker", "updated_at"), Index("ix_search_query_text", "folded"))

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
    folded: Mapped[str] = mapped_column(String(200))  # small letters, single spaces: what counts as the same search
    mode: Mapped[str] = mapped_column(String(10), default="words")  # words, error
    lang: Mapped[str] = mapped_column(String(20))
    product: Mapped[str | None] = mapped_column(String(40))
    asker: Mapped[str] = mapped_column(String(32))
    results: Mapped[int]
    instead: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    ticket_number: Mapped[int | None]


class SearchClick(Model):
    """A result that was opened from a search, and at which place it stood (1 for the first)."""

    __tablename__ = "search_click"

    id: Mapped[int] = mapped_column(primary_key=True)
    query_id: Mapped[int] = mapped_column(ForeignKey("search_query.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    item_id: Mapped[int]
    place: Mapped[int]
    clicked_at: Mapped[datetime] = mapped_column(default=utcnow)
