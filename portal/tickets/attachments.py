"""Files of drafts and messages: checked, written under random names, on the disk before the database says so."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal import uploads
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.formats import filesize
from portal.jobs import enqueue, job
from portal.tickets import filetypes
from portal.tickets.ticket import Attachment, Draft
from portal.web import settings

MOST_FILES = 20


def folder() -> Path:
    """Where the bytes lie: `uploads` in the instance folder."""
    return uploads.folder("uploads")


def path_of(attachment: Attachment) -> Path:
    return uploads.path_in(folder(), attachment.token)


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
    token = uploads.new_token()
    size, digest = uploads.write(folder(), token, head, stream, _limits(filename, by))
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
    return int(db.session.scalar(unsent.where(Attachment.owner_id == person.id, Attachment.draft_id.is_not(None))) or 0)


def _limits(filename: str, person: User) -> list[uploads.Limit]:
    most, room = settings().upload_max_bytes, settings().upload_total_bytes - waiting_bytes(person)
    return [
        (most, _("%(name)s is larger than %(most)s.", name=filename, most=filesize(most))),
        (room, _("%(name)s: your unsent files are too large together. Remove one first.", name=filename)),
    ]


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
        uploads.path_in(folder(), token).unlink(missing_ok=True)


def strays(older_than: datetime) -> list[Path]:
    """Bytes on the disk that no row names: what an upload left whose transaction never came to be."""
    return uploads.strays(folder(), db.session.scalars(select(Attachment.token)), older_than)


def remove_strays(*, older_than: datetime) -> int:
    """Remove them; returns how many files."""
    found = strays(older_than)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
