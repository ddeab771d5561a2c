"""Pictures in posts: drawn anew as those of articles are, shown to whoever sees the post.

A picture is kept when it is uploaded and stands in the text as Markdown; the post that has its address first owns it.
What no post owns is its uploader's alone, and goes with the drafts that nobody came back for.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Select, String, and_, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.articles import files
from knowledge.community import secrets, standing
from knowledge.community.topic import Post
from portal import uploads
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.errors import Refused
from portal.formats import filesize
from portal.jobs import enqueue, job
from portal.tickets import filetypes
from portal.web import settings

FOLDER = "community"
MOST_WAITING = 40  # of one person, in no post yet
ADDRESS = "/community/picture/"
TOKEN = r"f[0-9a-f]{38}"
_NAMED = re.compile(rf"{ADDRESS}({TOKEN})")
_IN_TEXT = re.compile(rf"!\[([^\]\n]{{0,300}})\]\({ADDRESS}{TOKEN}\)")
_SHOWN = re.compile(rf'<img src="{ADDRESS}({TOKEN})"')


class PostPicture(Model):
    """A picture that somebody uploaded for a post."""

    __tablename__ = "post_picture"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(40), unique=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="SET NULL"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["PostPicture"]:
        """Those of the posts that the person sees; in no post yet, one's own."""
        posts = Post.visible_to(person).where(Post.state != "removed").with_only_columns(Post.id)
        seen = cls.post_id.in_(posts)
        if not person.is_authenticated:
            return select(cls).where(seen)
        return select(cls).where(or_(seen, and_(cls.post_id.is_(None), cls.owner_id == person.id)))


def path_of(picture: PostPicture) -> Path:
    return uploads.path_in(uploads.folder(FOLDER), picture.token)


def keep(stream: IO[bytes], name: str | None, *, by: User, now: datetime) -> PostPicture:
    """Check one uploaded picture and keep it for its uploader. Raises `Refused` with a sentence that names it."""
    standing.need_voice(by, now=now)
    filename, most = filetypes.clean_name(name), settings().upload_max_bytes
    secrets.check(names=[filename])
    waiting = select(func.count()).where(PostPicture.owner_id == by.id, PostPicture.post_id.is_(None))
    if (db.session.scalar(waiting) or 0) >= MOST_WAITING:
        raise Refused(_("You have many pictures in no post yet. Post some of them first."))
    head = stream.read(filetypes.SNIFFED)
    content_type = filetypes.check(filename, head)
    if content_type not in filetypes.INLINE:
        raise Refused(_("%(name)s is no picture. Posts take PNG, JPEG, GIF and WebP.", name=filename))
    token = uploads.new_token()
    too_large = _("%(name)s is larger than %(most)s.", name=filename, most=filesize(most))
    given = {"name": filename, "content_type": content_type, "folder": FOLDER}
    written = files.write(token, head, stream, [(most, too_large)], **given)
    picture = PostPicture(token=token, owner_id=by.id, filename=filename, content_type=content_type, **written)
    picture.created_at = now
    db.session.add(picture)
    db.session.flush()
    return picture


def markdown_of(picture: PostPicture) -> str:
    """What shows the picture in a text: its name can be made a description there."""
    name = picture.filename.rpartition(".")[0].replace("[", "(").replace("]", ")")
    return f"![{name}]({ADDRESS}{picture.token})"


def claim(post: Post, *, by: User) -> None:
    """The post owns those of its author's pictures that no other post has."""
    if tokens := set(_NAMED.findall(post.body)):
        free = (PostPicture.token.in_(tokens), PostPicture.post_id.is_(None), PostPicture.owner_id == by.id)
        db.session.execute(update(PostPicture).where(*free).values(post_id=post.id))


def own_in(text: str, person: User) -> Iterator[PostPicture]:
    """The person's own pictures that a text shows, in its order."""
    tokens = list(dict.fromkeys(_NAMED.findall(text)))
    mine = select(PostPicture).where(PostPicture.token.in_(tokens), PostPicture.owner_id == person.id)
    found = {picture.token: picture for picture in db.session.scalars(mine)} if tokens else {}
    return (found[token] for token in tokens if token in found)


def without(text: str) -> str:
    """The text with the description of each picture in its place."""
    return _IN_TEXT.sub(r"[\1]", text)


def measured(html: str) -> str:
    """The post with the size of each picture in it, for browsers to keep its place."""
    tokens = set(_SHOWN.findall(html))
    if not tokens:
        return html
    asked = select(PostPicture.token, PostPicture.width, PostPicture.height).where(PostPicture.token.in_(tokens))
    sizes = {row.token: row for row in db.session.execute(asked.where(PostPicture.width.is_not(None)))}

    def sized(found: re.Match[str]) -> str:
        size = sizes.get(found[1])
        return f'{found[0]} width="{size.width}" height="{size.height}"' if size else found[0]

    return _SHOWN.sub(sized, html)


def remove(post: Post) -> None:
    """The pictures of a post go with its words; their bytes once the transaction is committed."""
    found = db.session.scalars(select(PostPicture).where(PostPicture.post_id == post.id)).all()
    for picture in found:
        db.session.delete(picture)
    if found:
        enqueue("remove_post_pictures", tokens=[picture.token for picture in found])


@job("remove_post_pictures")
def remove_post_pictures(tokens: list[str]) -> None:
    """Remove the bytes of pictures that no row names any more."""
    kept = set(db.session.scalars(select(PostPicture.token).where(PostPicture.token.in_(tokens))))
    for token in set(tokens) - kept:
        uploads.path_in(uploads.folder(FOLDER), token).unlink(missing_ok=True)


def forget_unused(*, now: datetime) -> int:
    """Remove pictures in no post, once the drafts that may show them are forgotten; returns how many."""
    before = now - timedelta(days=settings().forum_draft_days + 1)
    old = select(PostPicture).where(PostPicture.post_id.is_(None), PostPicture.created_at < before)
    found = db.session.scalars(old).all()
    for picture in found:
        db.session.delete(picture)
    if found:
        enqueue("remove_post_pictures", tokens=[picture.token for picture in found])
    return len(found)


def remove_strays(*, older_than: datetime) -> int:
    """Remove what an upload left whose transaction never came to be; returns how many files."""
    found = uploads.strays(uploads.folder(FOLDER), db.session.scalars(select(PostPicture.token)), older_than)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
