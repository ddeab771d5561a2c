"""Images and attachments of articles: checked as those of tickets are, kept beside them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import select

from knowledge.articles import pictures
from knowledge.articles.article import Article
from knowledge.articles.revision import ArticleFile
from knowledge.edition import Edition
from portal import uploads
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.formats import filesize
from portal.jobs import enqueue, job
from portal.tickets import filetypes
from portal.web import settings

FOLDER = "articles"
MOST_FILES = 50
LARGEST_DRAWN = 100 * 2**20  # bytes of a picture drawn anew, which may need more than it did


def path_of(file: ArticleFile) -> Path:
    return uploads.path_in(uploads.folder(FOLDER), file.token)


def files_of(article: Article) -> list[ArticleFile]:
    mine = select(ArticleFile).where(ArticleFile.article_id == article.id)
    return list(db.session.scalars(mine.order_by(ArticleFile.filename, ArticleFile.id)))


def attach(article: Article, stream: IO[bytes], name: str | None, *, by: User, now: datetime) -> ArticleFile:
    """Check one uploaded file and keep it with an article. Raises `Refused` with a sentence that names it."""
    filename, most = filetypes.clean_name(name), settings().upload_max_bytes
    if len(files_of(article)) >= MOST_FILES:
        raise Refused(_("%(name)s: an article has at most %(most)s files.", name=filename, most=MOST_FILES))
    head = stream.read(filetypes.SNIFFED)
    content_type = filetypes.check(filename, head)
    token = uploads.new_token()
    too_large = _("%(name)s is larger than %(most)s.", name=filename, most=filesize(most))
    written = write(token, head, stream, [(most, too_large)], name=filename, content_type=content_type)
    file = ArticleFile(token=token, article_id=article.id, owner_id=by.id, filename=filename, created_at=now, **written)
    file.content_type = content_type
    file.is_listed = content_type not in filetypes.INLINE
    db.session.add(file)
    db.session.flush()
    return file


def write(
    token: str,
    head: bytes,
    stream: IO[bytes],
    limits: Sequence[uploads.Limit],
    *,
    name: str,
    content_type: str,
    folder: str = FOLDER,
) -> dict[str, Any]:
    """Write the bytes of a file, and of a picture those that its pixels make; the columns that tell of them.

    Raises `Refused` for what is over a limit, or no picture although it says so. Nothing is left behind then.
    """
    place = uploads.folder(folder)
    size, sha256 = uploads.write(place, token, head, stream, limits)
    columns: dict[str, Any] = {"size": size, "sha256": sha256}
    if content_type not in filetypes.INLINE:
        return columns
    path = uploads.path_in(place, token)
    try:
        with pictures.redrawn(path, name) as drawn:
            path.unlink()
            head = drawn.read(uploads.CHUNK)
            size, sha256 = uploads.write(place, token, head, drawn, [(LARGEST_DRAWN, limits[0][1])])
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    width, height = pictures.size_of(head) or (None, None)
    return {"size": size, "sha256": sha256, "width": width, "height": height}


def remove(file: ArticleFile) -> None:
    """Forget a file; its bytes go once the transaction is committed."""
    db.session.delete(file)
    enqueue("remove_article_files", tokens=[file.token])


@job("remove_article_files")
def remove_article_files(tokens: list[str]) -> None:
    """Remove the bytes of files that no row names any more."""
    kept = set(db.session.scalars(select(ArticleFile.token).where(ArticleFile.token.in_(tokens))))
    for token in set(tokens) - kept:
        uploads.path_in(uploads.folder(FOLDER), token).unlink(missing_ok=True)


def remove_strays(*, older_than: datetime) -> int:
    """Remove what an upload left whose transaction never came to be; returns how many files."""
    found = uploads.strays(uploads.folder(FOLDER), db.session.scalars(select(ArticleFile.token)), older_than)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def is_inline(file: ArticleFile) -> bool:
    return file.content_type in filetypes.INLINE


def markdown_of(file: ArticleFile) -> str:
    """What shows the file in a text."""
    name = file.filename.replace("[", "(").replace("]", ")")
    address = f"/kb/files/{file.token}/{file.filename.replace(' ', '%20').replace('(', '%28').replace(')', '%29')}"
    return f"![{name.rpartition('.')[0]}]({address})" if is_inline(file) else f"[{name}]({address})"


def offer(file: ArticleFile, is_listed: bool) -> None:
    """Have it listed as a download below the text, or not."""
    file.is_listed = is_listed
    db.session.flush()
    Edition.advance()
