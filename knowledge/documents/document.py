"""Manuals and downloads: one row for each product version and language of a document, and the text of its pages."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Select, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.articles.revision import is_editor
from portal.audience import PUBLIC, sees
from portal.db import Model, utcnow

MANUAL, DOWNLOAD = "manual", "download"
WAITING, READY, UNREADABLE = "waiting", "ready", "unreadable"  # the text: to be read by the worker, read, not to be had


class Document(Model):
    """A manual or a download (T6). Those that share a slug are one document in its versions and languages.

    `version_key` sorts versions as numbers do. `pages` is None for what has no pages.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("slug", "version", "lang"),
        Index("ix_document_product", "product", "kind", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), unique=True)
    slug: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10), default=MANUAL)
    product: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(40), default="")
    version_key: Mapped[str] = mapped_column(String(80), default="")
    lang: Mapped[str] = mapped_column(String(20), default="")
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(String(600), default="")
    visibility: Mapped[str] = mapped_column(String(200), default=PUBLIC)
    status: Mapped[str] = mapped_column(String(10), default="published")  # draft, published, archived
    token: Mapped[str] = mapped_column(String(40), unique=True)
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    pages: Mapped[int | None]
    text_state: Mapped[str] = mapped_column(String(10), default=WAITING)
    problem: Mapped[str] = mapped_column(String(300), default="")  # why the text can't be read, for editors
    downloads: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["Document"]:
        """What is published and meant for this person; editors see drafts and archived ones too."""
        if is_editor(person):
            return select(cls)
        return select(cls).where(cls.status == "published", cls.visibility.in_(sees(person)))


class DocumentPage(Model):
    """The plain text of one page, counted from 1: the unit of search."""

    __tablename__ = "document_page"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class DocumentAddress(Model):
    """A slug that a document once had. It leads to where the document is now, and is never given to others."""

    __tablename__ = "document_old_address"

    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), primary_key=True, index=True
    )
