"""How often a document was taken: each reader counts once a day, so that a viewer's many requests are one download.

Counting writes a row of its own for each reader, never the document's: a hundred at once don't wait for each other.
A job adds the rows of the days before to `Document.downloads`, and with them goes what told the readers apart.
"""

import hashlib
import re
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.documents.document import Document
from portal.db import Model, db

# Programs that fetch without a reader: crawlers, previews of links in chats, watchers of sites.
_MACHINE = re.compile(
    r"bot\b|crawl|spider|slurp|preview|facebookexternalhit|embedly|whatsapp|monitor|uptime|headlesschrome|lighthouse"
    r"|python-requests|go-http-client|scrapy|archiver",
    re.IGNORECASE,
)


class Download(Model):
    """One reader took one document on one day. `reader` is a hash that nobody can lead back to them."""

    __tablename__ = "document_download"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reader: Mapped[str] = mapped_column(String(32), primary_key=True)


def is_machine(agent: str) -> bool:
    """True for what calls itself a program that fetches by itself; whoever has no name is one, too."""
    return not agent or bool(_MACHINE.search(agent))


def note_download(document_id: int, *, reader: str, secret: str, now: datetime) -> bool:
    """Count this reader today, unless they were. True when a row was written.

    Raises `IntegrityError` when another request of this reader wrote it at the same instant.
    """
    day = now.date()
    key = hashlib.sha256(f"{secret} {day} {reader}".encode()).hexdigest()[:32]
    row = {"document_id": document_id, "day": day, "reader": key}
    if db.session.get(Download, row):
        return False
    db.session.execute(insert(Download).values(**row))
    return True


def downloads_of(document_id: int) -> int:
    """All that were ever counted, today's too."""
    fresh = select(func.count()).select_from(Download).where(Download.document_id == document_id).scalar_subquery()
    return db.session.scalar(select(Document.downloads + fresh).where(Document.id == document_id)) or 0


def sum_up(*, before: date) -> int:
    """Add the days before this one to the documents, and forget their rows; returns how many there were."""
    counts = select(Download.document_id, func.count().label("readers")).where(Download.day < before)
    total = 0
    for row in db.session.execute(counts.group_by(Download.document_id)).all():
        more = update(Document).where(Document.id == row.document_id)
        db.session.execute(more.values(downloads=Document.downloads + row.readers))
        total += row.readers
    db.session.execute(delete(Download).where(Download.day < before))
    return total
