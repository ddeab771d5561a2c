"""The bytes of documents: which are taken, and where they lie."""

from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.documents.document import Document
from portal import uploads
from portal.db import db
from portal.errors import Refused
from portal.formats import filesize
from portal.jobs import job
from portal.tickets import filetypes
from portal.web import settings

PDF: Final = "application/pdf"
BYTES: Final = "application/octet-stream"
# What vendors hand out beside what customers may attach: programs and images of disks, each with the mark it begins
# with. Nothing of it is ever shown in a browser: it is handed out as bytes to be saved.
PROGRAMS: Final = {
    "exe": (b"MZ",),
    "msi": (b"\xd0\xcf\x11\xe0",),
    "deb": (b"!<arch>\n",),
    "rpm": (b"\xed\xab\xee\xdb",),
    "apk": (b"PK\x03\x04",),
    "jar": (b"PK\x03\x04",),
    "appimage": (b"\x7fELF",),
    "run": (b"#!", b"\x7fELF"),
    "pkg": (b"xar!",),
    "dmg": (b"",),
    "iso": (b"",),
    "img": (b"",),
    "bin": (b"",),
    "fw": (b"",),
}
ACCEPT: Final = ",".join((filetypes.ACCEPT, *(f".{ending}" for ending in PROGRAMS)))


def folder() -> Path:
    """`documents` in the instance folder."""
    return uploads.folder("documents")


def path_of(token: str) -> Path:
    return uploads.path_in(folder(), token)


def check(name: str, head: bytes) -> str:
    """The content type of a document's file. Raises `Refused` with a sentence that names the file."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if head and ending in PROGRAMS:
        if not head.startswith(PROGRAMS[ending]):
            raise Refused(_("%(name)s is not what its name says. Choose the original file.", name=name))
        return BYTES
    return filetypes.check(name, head)


def keep(stream: BinaryIO, name: str) -> dict[str, object]:
    """Check and write a file; its columns in `Document`. The bytes are synced before this returns."""
    filename, head = filetypes.clean_name(name), stream.read(filetypes.SNIFFED)
    content_type = check(filename, head)
    token, most = uploads.new_token(), settings().document_max_bytes
    limit = (most, _("%(name)s is larger than %(most)s.", name=filename, most=filesize(most)))
    size, digest = uploads.write(folder(), token, head, stream, [limit])
    return {"token": token, "filename": filename, "content_type": content_type, "size": size, "sha256": digest}


@job("remove_document_files")
def remove_document_files(tokens: list[str]) -> None:
    """Remove the bytes of files that no document names any more."""
    kept = set(db.session.scalars(select(Document.token).where(Document.token.in_(tokens))))
    for token in set(tokens) - kept:
        path_of(token).unlink(missing_ok=True)


def remove_strays(*, older_than: datetime) -> int:
    """Remove what an upload left whose transaction never came to be."""
    found = uploads.strays(folder(), db.session.scalars(select(Document.token)), older_than)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
