"""Where documents were: an address that one once had leads on, and is never given to others."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from knowledge.documents.document import Document, DocumentAddress
from portal.db import db
from portal.errors import Refused


def moved(slug: str, person: Any, version: str | None = None, lang: str | None = None) -> Document | None:
    """What once stood at this address and this person may see, in the version and language asked for if it is there."""
    then = Document.visible_to(person).join(DocumentAddress, DocumentAddress.document_id == Document.id)
    found = [] if "\0" in slug else db.session.scalars(then.where(DocumentAddress.slug == slug)).all()

    def nearness(row: Document) -> tuple[bool, bool, bool, str, int]:
        return row.status == "published", row.version == version, row.lang == lang, row.version_key, -row.id

    return max(found, key=nearness, default=None)


def now_at(slug: str) -> str | None:
    """Where what this address once named is now; None while something stands there, and where nothing ever did."""
    if db.session.scalar(select(Document.id).filter_by(slug=slug).limit(1)) is not None:
        return None
    there = select(Document.slug).join(DocumentAddress, DocumentAddress.document_id == Document.id)
    latest = there.where(DocumentAddress.slug == slug).order_by(Document.version_key.desc(), Document.id)
    return db.session.scalar(latest.limit(1))


def was_at(document: Document, slug: str) -> bool:
    """Whether this document once had the address."""
    return db.session.get(DocumentAddress, (slug, document.id)) is not None


def keep_for_ever(slug: str, *, but: Document | None = None) -> None:
    """Raise `Refused` for an address that leads to where another document is now."""
    now = now_at(slug)
    if now and not (but and was_at(but, slug)):
        raise Refused(_("The address /manuals/%(slug)s leads to /manuals/%(now)s for ever.", slug=slug, now=now))


def note_move(document: Document, before: str) -> None:
    """Have the address before lead to this document, which is at another one now."""
    back = (DocumentAddress.document_id == document.id, DocumentAddress.slug == document.slug)
    db.session.execute(delete(DocumentAddress).where(*back))
    if not was_at(document, before):
        db.session.add(DocumentAddress(slug=before, document_id=document.id))


def old_addresses(document: Document) -> Sequence[str]:
    mine = select(DocumentAddress.slug).where(DocumentAddress.document_id == document.id)
    return db.session.scalars(mine.order_by(DocumentAddress.slug)).all()
