"""The one place where documents are written: by importers and by editors."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from knowledge.documents import files
from knowledge.documents.document import DOWNLOAD, MANUAL, READY, WAITING, Document, DocumentPage
from knowledge.documents.moving import keep_for_ever, note_move, now_at, was_at
from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from knowledge.versions import sort_key
from portal.accounts.people import User
from portal.audience import is_audience, open_to
from portal.db import db
from portal.errors import Refused
from portal.jobs import enqueue

DRAFT, PUBLISHED, ARCHIVED = "draft", "published", "archived"
FIELDS = ("slug", "kind", "product", "version", "lang", "title", "summary", "visibility", "status")
SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,119}")
PRODUCT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,39}")
LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


def add_document(fields: Mapping[str, Any], stream: BinaryIO, *, by: User | None, now: datetime) -> Document:
    """Add a document with its file, or bring the one with this `external_id` up to date.

    `fields` has `slug`, `title` and `filename`, and what it likes of `external_id`, `kind` (manual, download),
    `product`, `version`, `lang`, `summary`, `visibility`, `status`. Raises `Refused` with what is wrong. What is as it
    was stays: `updated_at` is `now` only if anything changed.
    """
    wanted = _checked({name: fields[name] for name in FIELDS if fields.get(name) is not None})
    external_id = fields.get("external_id")
    known = db.session.scalar(select(Document).filter_by(external_id=external_id)) if external_id else None
    if external_id:
        wanted["slug"] = _follow(wanted["slug"], known)
    if known is not None:
        edit_document(known, wanted, now=now)
        replace_file(known, stream, fields["filename"], by=by, now=now)
        return known
    keep_for_ever(wanted["slug"])
    _keep_apart(wanted["slug"], wanted.get("version", ""), wanted.get("lang", ""))
    kept = files.keep(stream, fields["filename"])
    document = Document(**wanted, **kept, owner_id=by.id if by else None, created_at=now, updated_at=now)
    document.external_id = external_id or f"document/{document.token}"
    document.version_key = sort_key(document.version or "")
    db.session.add(document)
    _flush()
    _have_read(document)
    _tell(document)
    return document


def edit_document(document: Document, fields: Mapping[str, Any], *, now: datetime) -> bool:
    """Change what is said of a document. Returns whether anything did; raises `Refused` with what is wrong."""
    changed = {name: value for name, value in _checked(fields).items() if getattr(document, name) != value}
    if not changed:
        return False
    place = {name: changed.get(name, getattr(document, name)) for name in ("slug", "version", "lang")}
    keep_for_ever(place["slug"], but=document)
    _keep_apart(place["slug"], place["version"], place["lang"], but=document.id)
    before = document.slug
    for name, value in changed.items():
        setattr(document, name, value)
    document.version_key, document.updated_at = sort_key(document.version), now
    _flush()
    if document.slug != before:
        note_move(document, before)
    _tell(document)
    return True


def replace_file(document: Document, stream: BinaryIO, name: str, *, by: User | None, now: datetime) -> bool:
    """Put another file in a document's place. False when it is the very same; the bytes before are removed later."""
    kept = files.keep(stream, name)
    if (kept["sha256"], kept["filename"]) == (document.sha256, document.filename):
        enqueue("remove_document_files", tokens=[kept["token"]])
        return False
    before = document.token
    for column, value in kept.items():
        setattr(document, column, value)
    document.owner_id, document.updated_at = by.id if by else None, now
    db.session.execute(delete(DocumentPage).where(DocumentPage.document_id == document.id))
    db.session.flush()
    enqueue("remove_document_files", tokens=[before])
    _have_read(document)
    _tell(document)
    return True


def archive(document: Document, *, now: datetime) -> None:
    """Take it off the pages and out of the search; editors still see it."""
    _set_status(document, ARCHIVED, now)


def publish(document: Document, *, now: datetime) -> None:
    _set_status(document, PUBLISHED, now)


def _set_status(document: Document, status: str, now: datetime) -> None:
    document.status, document.updated_at = status, now
    db.session.flush()
    _tell(document)


def _have_read(document: Document) -> None:
    document.pages, document.problem = None, ""
    document.text_state = WAITING if document.content_type == files.PDF else READY
    db.session.flush()
    if document.text_state == WAITING:
        enqueue("read_document", document_id=document.id)


def _tell(document: Document) -> None:
    """Pages and index learn of it in this transaction."""
    open_to(document.visibility)
    Edition.advance()
    note_changes([document.id], "document")


def _flush() -> None:
    try:
        db.session.flush()
    except IntegrityError:  # somebody took the place at the same instant
        raise _taken() from None


def _follow(slug: str, known: Document | None) -> str:
    """Where an imported document belongs: editors may have moved it, or its other versions, since."""
    if known is not None and was_at(known, slug):
        return known.slug
    return now_at(slug) or slug


def _keep_apart(slug: str, version: str, lang: str, *, but: int | None = None) -> None:
    there = db.session.scalar(select(Document.id).filter_by(slug=slug, version=version, lang=lang))
    if there is not None and there != but:
        raise _taken()


def _taken() -> Refused:
    return Refused(_("There is a document at this address in this version and language already. Replace its file."))


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, tidied. Raises `Refused` for the first that can't be used."""
    tidy = {name: _strip(value) if isinstance(value, str) else value for name, value in fields.items()}
    if "product" in tidy:
        tidy["product"] = tidy["product"] or None
    for name, is_right, sentence in (
        ("title", lambda v: 0 < len(v) <= 300, _("Give it a title of at most 300 characters.")),
        ("summary", lambda v: len(v) <= 600, _("Keep the summary under 600 characters.")),
        ("slug", SLUG.fullmatch, _("An address has small letters, digits, hyphens and dots: beacon-handbook.")),
        ("kind", (MANUAL, DOWNLOAD).__contains__, _("A document is a manual or a download.")),
        ("product", lambda v: v is None or PRODUCT.fullmatch(v), _("There is no such product.")),
        ("version", lambda v: not v or VERSION.fullmatch(v), _("Write the version like 4.2, without spaces.")),
        ("lang", lambda v: not v or LANG.fullmatch(v), _("Write the language as its code: en, de, pt-BR.")),
        ("visibility", is_audience, _("Write the audience as public, signed-in, staff, or plan:business org:7.")),
        ("status", (DRAFT, PUBLISHED, ARCHIVED).__contains__, _("A document is a draft, published or archived.")),
    ):
        if name in tidy and not is_right(tidy[name]):
            raise Refused(sentence)
    return tidy


def _strip(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
