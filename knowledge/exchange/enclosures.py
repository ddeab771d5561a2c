"""Images and attachments that come along with articles: found inside their folder, checked, and kept."""

import hashlib
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from knowledge.articles.files import FOLDER, write
from knowledge.articles.revision import ArticleFile
from knowledge.exchange.files import is_hidden
from knowledge.exchange.intake import Enclosure, Made
from knowledge.exchange.report import NotTaken
from portal import uploads
from portal.db import db
from portal.errors import Refused
from portal.tickets import filetypes
from portal.web import settings

_AWKWARD = re.compile(r"[\s()<>\"\\%]")  # in the parentheses of a link


def address_of(enclosure: Enclosure) -> str:
    """Where readers find it, fit for a link in Markdown."""
    name = _AWKWARD.sub(lambda match: f"%{ord(match[0]):02X}", enclosure.filename)
    return f"/kb/files/{enclosure.token}/{name}"


def path_of(token: str) -> Path:
    """Where the bytes of an article's file lie."""
    return uploads.path_in(uploads.folder(FOLDER), token)


def enclose(root: Path, beside: Path, name: str, external_id: str) -> Enclosure:
    """The file that a text in the folder `beside` names, below `root`. Raises `NotTaken` with why it can't come along.

    Its token follows from the article and the bytes, so that importing it again changes nothing.
    """
    path = file_below(root, beside, name)
    size = path.stat().st_size
    if size > settings().upload_max_bytes:
        raise NotTaken(f"{name[:80]} is larger than {settings().upload_max_bytes // 1024 // 1024} MB")
    if not size:
        raise NotTaken(f"{name[:80]} is empty")
    filename = filetypes.clean_name(path.name)
    with path.open("rb") as file:
        head = file.read(filetypes.SNIFFED)
        try:
            content_type = filetypes.check(filename, head)
        except Refused as error:
            raise NotTaken(str(error)) from None
        digest = hashlib.sha256(head)
        while chunk := file.read(uploads.CHUNK):
            digest.update(chunk)
    sha256 = digest.hexdigest()
    token = "f" + hashlib.sha256(f"{external_id}\0{filename}\0{sha256}".encode()).hexdigest()[:38]
    return Enclosure(token, filename, content_type, size, sha256, path)


def file_below(root: Path, beside: Path, name: str) -> Path:
    """The path a relative address means. Raises `NotTaken` for what leads out of `root`, by `..` or by a link."""
    local = unquote(urlsplit(name).path)
    if not local or "\0" in local:
        raise NotTaken(f"there is no file {name[:80]}")
    try:
        path = (root / local.lstrip("/") if local.startswith("/") else beside / local).resolve()
        if not path.is_relative_to(root.resolve()):
            raise NotTaken(f"{name[:80]} lies outside of the folder")
        if not path.is_file() or is_hidden(path, root.resolve()):
            raise NotTaken(f"there is no file {name[:80]}")
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a ring
        raise NotTaken(f"there is no file {name[:80]}") from None
    return path


def is_local(address: str) -> bool:
    """True for an address without a scheme or host, of something other than an anchor."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and bool(parts.path)


def keep(made: Made, article_id: int, *, now: datetime) -> list[str]:
    """Give an article its files; returns what could not be kept."""
    problems = []
    for enclosure in made.enclosures:
        owner = db.session.scalar(select(ArticleFile.article_id).where(ArticleFile.token == enclosure.token))
        if owner is None:
            try:
                db.session.add(_row(enclosure, article_id, now, _write(enclosure)))
            except Refused as error:
                problems.append(str(error))
            db.session.flush()
        elif owner != article_id:
            problems.append(f"{enclosure.filename} belongs to another article")
    return problems


def _row(enclosure: Enclosure, article_id: int, now: datetime, written: dict[str, Any]) -> ArticleFile:
    return ArticleFile(
        token=enclosure.token,
        article_id=article_id,
        filename=enclosure.filename,
        content_type=enclosure.content_type,
        is_listed=enclosure.is_listed,
        created_at=now,
        **written,
    )


def _write(enclosure: Enclosure) -> dict[str, Any]:
    uploads.path_in(uploads.folder(FOLDER), enclosure.token).unlink(missing_ok=True)  # of an import that was broken off
    with enclosure.path.open("rb") as file:
        head, limits = file.read(uploads.CHUNK), [(enclosure.size, "it grew")]
        what = {"name": enclosure.filename, "content_type": enclosure.content_type}
        return write(enclosure.token, head, file, limits, **what)
