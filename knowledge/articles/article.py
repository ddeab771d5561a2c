"""Articles and what hangs on them: categories, sections, votes, and the edition that caches go by."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.audience import PUBLIC, sees
from portal.db import Model, utcnow


class Category(Model):
    """A shelf of the knowledge base, or (with a parent) a section of one; name and description by language."""

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id", ondelete="SET NULL"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    icon: Mapped[str] = mapped_column(String(40), default="book-open")
    titles: Mapped[dict[str, Any]]
    descriptions: Mapped[dict[str, Any]]


class Article(Model):
    """One article in one language. Its translations share the slug, and name the original they were made from."""

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("slug", "lang"),
        Index("ix_article_address", "slug", "status"),  # else SQLite takes the index that begins with the status
        Index("ix_article_category", "category_id", "status", "updated_at"),
        Index("ix_article_updated", "status", "updated_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), unique=True)
    slug: Mapped[str] = mapped_column(String(120))
    lang: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(String(600), default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id", ondelete="SET NULL"))
    product: Mapped[str | None] = mapped_column(String(40))
    versions: Mapped[str | None] = mapped_column(String(80))
    tags: Mapped[list[str]]
    visibility: Mapped[str] = mapped_column(String(200), default=PUBLIC)  # an audience
    machine_translated: Mapped[bool] = mapped_column(default=False)
    translation_of_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="SET NULL"), index=True)
    translated_revision: Mapped[int | None]  # of the original, when this translation was made or last found right
    revision: Mapped[int] = mapped_column(default=0)  # the number of the published one; 0 before there is a history
    check_by: Mapped[date | None]  # when an editor should read it again
    position: Mapped[int] = mapped_column(default=0)  # in its category; those alike go by title
    status: Mapped[str] = mapped_column(String(10), default="published")  # draft, published, archived
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    checksum: Mapped[str] = mapped_column(String(64))
    # The long ones stand last: to read a column behind them, SQLite walks through all their pages.
    toc: Mapped[list[Any]]
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)

    category: Mapped[Category | None] = relationship()
    sections: Mapped[list["Section"]] = relationship(cascade="all, delete-orphan", order_by="Section.position")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Article"]:
        """What is published and meant for this person."""
        return select(cls).where(cls.status == "published", cls.visibility.in_(sees(person)))


class Section(Model):
    """A piece of an article's plain text under one heading: the unit of search. The first has no heading."""

    __tablename__ = "article_section"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    anchor: Mapped[str] = mapped_column(String(120), default="")
    heading: Mapped[str] = mapped_column(String(300), default="")
    text: Mapped[str] = mapped_column(Text)


class Vote(Model):
    """One reader's answer to 'Was this helpful?' (Z16): an account's, or a browser session's."""

    __tablename__ = "article_vote"
    __table_args__ = (UniqueConstraint("article_id", "voter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    voter: Mapped[str] = mapped_column(String(64))
    is_helpful: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(20), default="")  # why not: see votes.REASONS
    comment: Mapped[str] = mapped_column(String(1000), default="")
    dealt_with_at: Mapped[datetime | None]  # an editor has read the comment
    voted_at: Mapped[datetime] = mapped_column(default=utcnow)


def best_language(wanted: Iterable[str], available: Iterable[str]) -> str | None:
    """The first wanted language that is available, exactly or by its base ('de' for 'de-AT'); else None."""
    by_base = {lang.split("-")[0]: lang for lang in available}
    exact = set(by_base.values()) | set(available)
    for lang in wanted:
        if lang in exact:
            return lang
        if found := by_base.get(lang.split("-")[0]):
            return found
    return None
