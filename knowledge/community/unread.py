"""How far somebody has read, and what is new since."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from knowledge.community.following import Follow
from knowledge.community.topic import Post, Topic, TopicReading
from portal.accounts.people import User
from portal.db import db, read
from portal.tickets.news import News


def saw(topic_id: int, number: int, written_at: datetime, before: int | None, *, by: User, now: datetime) -> bool:
    """They have seen the topic up to this post, which was written then; `before` is the last number that they had seen.
    True where this is further."""
    if before is not None and before >= number:
        return False
    mine = (TopicReading.user_id == by.id, TopicReading.topic_id == topic_id)
    if before is None:
        try:
            with db.session.begin_nested():
                given = {"user_id": by.id, "topic_id": topic_id, "number": number, "at": written_at}
                db.session.execute(insert(TopicReading).values(given))
        except IntegrityError:  # two pages at once: the other one made the row
            before = 0
    if before is not None:
        further = update(TopicReading).where(*mine, TopicReading.number < number)
        db.session.execute(further.values(number=number, at=written_at))
    posts = select(Post.id).where(Post.topic_id == topic_id, Post.number <= number)
    news = update(News).where(News.user_id == by.id, News.seen_at.is_(None), News.post_id.in_(posts))
    db.session.execute(news.values(seen_at=now), execution_options={"synchronize_session": False})
    return True


def new_in(topics: Iterable[Any], person: Any) -> dict[int, int]:
    """Of these rows of topics those that went on since the person read them, and the first number to read there."""
    rows = {topic.id: topic for topic in topics}
    if not person.is_authenticated or not rows:
        return {}
    found = read(_readings(), reader=person.id, topics=list(rows))
    return {row.topic_id: row.number + 1 for row in found if rows[row.topic_id].bumped_at > row.at}


@cache
def _readings() -> Any:
    """Written once: putting a statement together costs more than running it."""
    read_by = TopicReading.user_id == bindparam("reader")
    here = TopicReading.topic_id.in_(bindparam("topics", expanding=True))
    return select(TopicReading.topic_id, TopicReading.number, TopicReading.at).where(read_by, here)


def is_new_to(person: Any) -> ColumnElement[bool]:
    """Topics that they have read or follow, and that went on since."""
    been = (TopicReading.user_id == person.id, TopicReading.topic_id == Topic.id)
    follows = exists().where(Follow.user_id == person.id, Follow.topic_id == Topic.id)
    went_on = exists().where(*been, TopicReading.at < Topic.bumped_at)
    return or_(went_on, follows & ~exists().where(*been))
