"""People whom a post names with '@': those who write in the community, and nobody who only has an account."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from sqlalchemy import select

from knowledge.community.topic import Post, Topic
from portal.accounts.people import User, staff
from portal.db import db
from portal.tickets.followers import named_in
from portal.web import settings

LOOKED_AT = 50  # words with '@' in a post
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_NAME = re.compile(r"(?<![\w@.])@(\w[\w'’-]{0,40}(?: \w[\w'’-]{0,40}){0,2})")


def mentioned(post: Post) -> list[User]:
    """Whom it names, the writer left out: some of those who write in this topic, staff, and who else is so called.

    At most as many as the setting says, so that nobody calls everybody. Names within code mean nobody.
    """
    text = _CODE.sub(" ", post.body)
    if "@" not in text:
        return []
    near = {one.id: one for one in (*_in_topic(post.topic_id), *_called(text))}
    near |= {one.id: one for one in db.session.scalars(staff().order_by(User.id)).all()}
    near.pop(post.author_id or 0, None)
    return named_in(text, near.values())[: settings().forum_mentions]


def call(topic_id: int, number: int, person: Any) -> str:
    """The beginning of an answer that mentions who wrote this post; empty where the person sees no such post."""
    seen = Post.visible_to(person).where(Post.topic_id == topic_id, Post.number == number)
    name = db.session.scalar(select(User.name).where(User.id.in_(seen.with_only_columns(Post.author_id))))
    return f"@{name} " if name else ""


def _in_topic(topic_id: int) -> Sequence[User]:
    writers = select(Post.author_id).where(Post.topic_id == topic_id, Post.state == "shown")
    return db.session.scalars(select(User).where(User.id.in_(writers), User.active).order_by(User.id).limit(500)).all()


def _called(text: str) -> Sequence[User]:
    """Those of the names in the text who have ever written where everybody reads."""
    names: set[str] = set()
    for found in islice(_NAME.finditer(text), LOOKED_AT):
        words = found[1].split(" ")
        names |= {" ".join(words[:count]) for count in range(1, len(words) + 1)}
    writes = select(Post.id).join(Topic, Topic.id == Post.topic_id)
    writes = writes.where(Post.author_id == User.id, Post.state == "shown", Topic.state == "shown").correlate(User)
    query = select(User).where(User.name.in_(names), User.active, writes.exists())
    return db.session.scalars(query.order_by(User.id).limit(100)).all()
