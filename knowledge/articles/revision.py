"""What editors do to an article before and after readers see it: revisions, reviews, old addresses, files."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.articles.article import Article
from portal.accounts.people import User
from portal.audience import EDITORS, sees
from portal.db import Model, db, utcnow

DRAFT, REVIEW, SCHEDULED, PUBLISHED, DISCARDED = "draft", "review", "scheduled", "published", "discarded"
OPEN = (DRAFT, REVIEW, SCHEDULED)


def is_editor(person: Any) -> bool:
    """True for those who may write, review and publish articles and documents."""
    return bool(person.is_authenticated) and any(person.has_role(role) for role in EDITORS)


class Revision(Model):
    """One state of an article's text and properties. At most one is open: the edit that waits beside what is published.

    `number` counts within the article. `properties` holds what `writing.Manuscript` has beside title, summary and
    body. `saved` grows with every save, so that two editors don't overwrite each other unseen.
    """

    __tablename__ = "article_revision"
    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        Index(
            "uq_article_revision_open",
            "article_id",
            unique=True,
            sqlite_where=text("state IN ('draft', 'review', 'scheduled')"),
        ),
        Index("ix_article_revision_queue", "state", "review_due", "publish_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default=DRAFT)
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(String(600), default="")
    body: Mapped[str] = mapped_column(Text)
    properties: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(String(300), default="")  # what changed, for the history
    is_minor: Mapped[bool] = mapped_column(default=False)  # published without a word to those who follow the article
    saved: Mapped[int] = mapped_column(default=1)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    review_due: Mapped[date | None]
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    article: Mapped[Article] = relationship()
    author: Mapped[User | None] = relationship(foreign_keys=author_id)
    reviewer: Mapped[User | None] = relationship(foreign_keys=reviewer_id)
    remarks: Mapped[list["Remark"]] = relationship(cascade="all, delete-orphan", order_by="Remark.id")

    @classmethod
    def visible_to(cls, person: Any) -> Select["Revision"]:
        """Editors see every revision, nobody else any."""
        return select(cls) if is_editor(person) else select(cls).where(db.false())


class Remark(Model):
    """What a reviewer or author says about a revision. `decision` is sent, approved, returned or empty."""

    __tablename__ = "article_remark"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("article_revision.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text, default="")
    decision: Mapped[str] = mapped_column(String(10), default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    by: Mapped[User | None] = relationship()


class OldAddress(Model):
    """A slug that articles once had. It leads to where they are now, for ever, and is never given to others."""

    __tablename__ = "article_old_address"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)


class ArticleFile(Model):
    """An image or attachment of an article and its translations, at /kb/files/<token>/<filename>."""

    __tablename__ = "article_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(40), unique=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    is_listed: Mapped[bool] = mapped_column(default=False)  # offered as a download below the text
    width: Mapped[int | None]  # of a picture that is shown
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["ArticleFile"]:
        """The files of what this person may read; editors see those of drafts too."""
        if is_editor(person):
            return select(cls)
        readable = (Article.status == "published", Article.visibility.in_(sees(person)))
        return select(cls).join(Article, Article.id == cls.article_id).where(*readable)


class Follower(Model):
    """An address that is told when an article changes (double opt-in), with an account or without.

    `token_hash` is of the key in the links that confirm and end it. What is not confirmed is forgotten after a while.
    """

    __tablename__ = "article_follower"
    __table_args__ = (UniqueConstraint("article_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(255), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    locale: Mapped[str] = mapped_column(String(10))
    zone: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    told_revision: Mapped[int] = mapped_column(default=0)  # the last revision this address was told of
