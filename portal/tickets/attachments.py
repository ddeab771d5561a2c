"""Files of drafts and messages: checked, written under random names, on the disk before the database says so."""

import hashlib
import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.formats import filesize
from portal.jobs import enqueue, job
from portal.tickets import filetypes
from portal.tickets.ticket import Attachment, Draft
from portal.web import settings

MOST_FILES = 20
CHUNK = 256 * 1024


def folder() -> Path:
    """Where the bytes lie: `uploads` in the instance folder, readable by its owner alone."""
    path = settings().instance / "uploads"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(path)


def path_of(attachment: Attachment) -> Path:
    return folder() / attachment.token[:2] / attachment.token


def attach(draft: Draft, stream: BinaryIO, name: str | None, *, by: User, now: datetime) -> Attachment:
    """Check one uploaded file and keep it with a draft. Raises `Refused` with a sentence that names the file.

    The bytes and their folder are synced before this returns: once the transaction is committed, the file is there.
    """
    filename = filetypes.clean_name(name)
    if len(draft.attachments) >= MOST_FILES:
        raise Refused(
            _(
                "%(name)s: one message takes at most %(most)s files. Put them into a ZIP.",
                name=filename,
                most=MOST_FILES,
            )
        )
    head = stream.read(filetypes.SNIFFED)
    content_type = filetypes.check(filename, head)
    room = settings().upload_total_bytes - waiting_bytes(by)
    token = "f" + secrets.token_hex(19)
    size, digest = _write(token, head, stream, filename, room)
    attachment = Attachment(
        token=token,
        owner_id=by.id,
        filename=filename,
        content_type=content_type,
        size=size,
        sha256=digest,
        created_at=now,
    )
    draft.attachments.append(attachment)
    db.session.flush()
    return attachment


def waiting_bytes(person: User) -> int:
    """The size of all files the person has uploaded and not sent."""
    unsent = select(func.coalesce(func.sum(Attachment.size), 0))
    return int(db.session.scalar(unsent.where(Attachment.owner_id == person.id, Attachment.message_id.is_(None))) or 0)


def discard(attachments: Iterable[Attachment]) -> None:
    """Forget files that were never sent; their bytes go once the transaction is committed."""
    found = list(attachments)
    for attachment in found:
        db.session.delete(attachment)
    if found:
        enqueue("remove_files", tokens=[attachment.token for attachment in found])


@job("remove_files")
def remove_files(tokens: list[str]) -> None:
    """Remove the bytes of files that no row names any more."""
    kept = set(db.session.scalars(select(Attachment.token).where(Attachment.token.in_(tokens))))
    for token in set(tokens) - kept:
        (folder() / token[:2] / token).unlink(missing_ok=True)


def strays(older_than: datetime) -> list[Path]:
    """Bytes on the disk that no row names: what an upload left whose transaction never came to be."""
    found = [path for path in folder().glob("*/*") if path.stat().st_mtime < older_than.timestamp()]
    known = set(db.session.scalars(select(Attachment.token)))
    return [path for path in found if path.name not in known]


def _write(token: str, head: bytes, stream: BinaryIO, filename: str, room: int) -> tuple[int, str]:
    """Write and sync; (size, SHA-256). Over a limit nothing is left behind."""
    most = settings().upload_max_bytes
    shelf = folder() / token[:2]
    shelf.mkdir(mode=0o700, exist_ok=True)
    path, digest, size = shelf / token, hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            chunk = head
            while chunk:
                size += len(chunk)
                if size > most:
                    raise Refused(_("%(name)s is larger than %(most)s.", name=filename, most=filesize(most)))
                if size > room:
                    raise Refused(
                        _("%(name)s: your unsent files are too large together. Remove one first.", name=filename)
                    )
                digest.update(chunk)
                file.write(chunk)
                chunk = stream.read(CHUNK)
            file.flush()
            os.fsync(file.fileno())
        for directory in (shelf, folder()):
            _sync(directory)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
