"""Telling people what was posted: a line in their news at once, and a mail now or in a digest, each once.

Whoever posts only writes a job. The job goes through those who follow in small transactions; the row of who was told of
which post is unique, so that nobody hears twice, however often the job begins.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.community import following, letters
from knowledge.community.following import PACES, Follow
from knowledge.community.mentions import mentioned
from knowledge.community.rounds import next_round
from knowledge.community.topic import Post, Topic, TopicTag
from portal.accounts.people import User
from portal.audience import PUBLIC, SIGNED_IN
from portal.db import Model, db, utcnow
from portal.jobs import enqueue, job
from portal.tickets.news import News
from portal.web import settings

AT_ONCE = 50  # people in one transaction
MENTION_MAILS = 10  # to one person in an hour; what is beyond stands in their news


class Told(Model):
    """That somebody was told of a post, or will be by the digest that is due then."""

    __tablename__ = "forum_told"
    __table_args__ = (Index("ix_forum_told_due", "due_at", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True)
    why: Mapped[str] = mapped_column(String(8))  # mention, topic, category, tag
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # of the digest; None when nothing is owed any more

    post: Mapped[Post] = relationship()


def posted(post: Post, now: datetime) -> None:
    """Have people told of it, in the transaction that shows it: when it is posted, or let through by a moderator."""
    if post.state != "shown" or post.source == "import":
        return
    db.session.flush()
    enqueue("tell_of_post", post_id=post.id)


def edited(post: Post, now: datetime) -> None:
    """Have those told whom an edit names for the first time."""
    if post.state == "shown" and "@" in post.body:
        db.session.flush()
        enqueue("tell_of_mentions", post_id=post.id)


@job("tell_of_mentions")
def tell_of_mentions(post_id: int) -> None:
    """Tell those whom a post names and who have not heard of it."""
    post = db.session.get(Post, post_id)
    if post is not None and post.state == "shown" and post.topic.state == "shown":
        _tell_mentioned(post, now=utcnow())


@job("tell_of_post")
def tell_of_post(post_id: int, after: int = 0) -> None:
    """Tell those whom it names, then the next few who follow; the rest is left to the next job."""
    post, now = db.session.get(Post, post_id), utcnow()
    if post is None or post.state != "shown" or post.topic.state != "shown":
        return
    if after == 0:
        _follow_own(post, now=now)
        _tell_mentioned(post, now=now)
    ids = _next_followers(post, after)
    _tell_followers(post, ids, now=now)
    if len(ids) == AT_ONCE:
        enqueue("tell_of_post", post_id=post_id, after=ids[-1])


def _follow_own(post: Post, *, now: datetime) -> None:
    """Who writes in a topic for the first time follows it, unless they chose otherwise."""
    if post.author is None or not following.preference_of(post.author.id).follows_own:
        return
    before = select(Post.id).where(
        Post.topic_id == post.topic_id, Post.author_id == post.author_id, Post.number < post.number
    )
    if db.session.scalar(before.limit(1)) is None:
        following.follow("topic", post.topic_id, by=post.author, now=now)


def _tell_mentioned(post: Post, *, now: datetime) -> None:
    people = mentioned(post)
    heard = _heard(post, [person.id for person in people])
    for person in people:
        if person.id not in heard and _may_hear(post, person):
            is_mailed = following.preference_of(person.id).mails_mentions and not _is_flooded(person, now=now)
            _note(post, person, "mention", now=now)
            if is_mailed:
                letters.send_post(post, person, why="mention", stop=("mention", person.id))


def _tell_followers(post: Post, ids: Sequence[int], *, now: datetime) -> None:
    heard = _heard(post, ids)
    reasons: dict[int, Follow] = {}
    rows = db.session.scalars(select(Follow).where(Follow.user_id.in_(ids), _meant(post)).order_by(Follow.id))
    for row in sorted(rows, key=lambda row: PACES.index(row.pace)):
        reasons.setdefault(row.user_id, row)
    people = db.session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id)).all()
    for person in people:
        if person.id in heard or not _may_hear(post, person):
            continue
        follow = reasons[person.id]
        due_at = next_round(follow.pace, person.zone or settings().default_zone, now=now)
        _note(post, person, follow.kind, now=now, due_at=due_at)
        if follow.pace == "instant":
            letters.send_post(post, person, why=follow.kind, stop=("follow", follow.id))


def _note(post: Post, person: User, why: str, *, now: datetime, due_at: datetime | None = None) -> None:
    kind = "mentioned" if why == "mention" else "asked" if post.number == 1 else "answered"
    db.session.add(Told(user_id=person.id, post_id=post.id, why=why, at=now, due_at=due_at))
    db.session.add(News(user_id=person.id, post_id=post.id, kind=kind, by_id=post.author_id, at=now))


def _next_followers(post: Post, after: int) -> Sequence[int]:
    query = select(Follow.user_id).where(_meant(post), Follow.user_id > after, Follow.user_id != (post.author_id or 0))
    return db.session.scalars(query.distinct().order_by(Follow.user_id).limit(AT_ONCE)).all()


def _meant(post: Post) -> Any:
    """The follows that this post is news to: of its topic; where it begins one, of its category and tags as well."""
    topic = Follow.topic_id == post.topic_id
    if post.number != 1:
        return topic
    tags = select(TopicTag.name).where(TopicTag.topic_id == post.topic_id)
    return or_(topic, Follow.category_id == post.topic.category_id, Follow.tag.in_(tags))


def _heard(post: Post, ids: Iterable[int]) -> set[int]:
    query = select(Told.user_id).where(Told.post_id == post.id, Told.user_id.in_(list(ids)))
    return set(db.session.scalars(query))


def _may_hear(post: Post, person: User) -> bool:
    """Whether they have an account in use and may read the topic now."""
    if not person.active or person.confirmed_at is None:
        return False
    if post.topic.category.visibility in (PUBLIC, SIGNED_IN):
        return True
    return db.session.scalar(Topic.visible_to(person).where(Topic.id == post.topic_id)) is not None


def _is_flooded(person: User, *, now: datetime) -> bool:
    lately = select(func.count()).select_from(Told).where(Told.user_id == person.id, Told.why == "mention")
    return (db.session.scalar(lately.where(Told.at > now - timedelta(hours=1))) or 0) >= MENTION_MAILS
