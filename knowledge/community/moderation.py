"""Keeping order: what moderators do with posts and topics. Each act is noted in the log, in its own transaction."""

import secrets
from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from knowledge.community import asking, audit, flags, keeping, letters
from knowledge.community.following import Follow
from knowledge.community.topic import ForumCategory, Post, Topic, TopicReading
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.tickets.conversation import clean

TOPIC_ACTS = ("lock", "unlock", "pin", "unpin")


def let(post: Post, *, by: User, now: datetime) -> None:
    """Show a post that waited or was hidden, or leave one that was flagged where it stands."""
    if post.state == "removed":
        raise Refused(_("Its author took this post back."))
    if post.state != "shown":
        keeping.let_through(post, now=now)
    flags.settle(post, upheld=False, now=now)
    _note("let", post, by=by, now=now)


def hide(post: Post, *, by: User, now: datetime, reason: str = "") -> None:
    """Take a post out of sight; the first one takes its topic along. Its author still sees it, and is told the reason
    by mail where there is one."""
    if post.state == "removed":
        raise Refused(_("Its author took this post back."))
    keeping.set_state(post, "hidden")
    flags.settle(post, upheld=True, now=now)
    reason = clean(reason)[:2000]
    _note("hide", post, by=by, now=now, reason=reason)
    if reason and post.author is not None and post.author_id != by.id:
        letters.send_hidden(post, reason)


def steer(topic: Topic, act: str, *, by: User, now: datetime) -> None:
    """Lock or unlock, pin or unpin a topic: one of `TOPIC_ACTS`."""
    if act in ("lock", "unlock"):
        topic.locked_at = now if act == "lock" else None
    else:
        topic.is_pinned = act == "pin"
    audit.note(act, by=by, now=now, topic=topic)


def move(topic: Topic, to: ForumCategory, *, by: User, now: datetime) -> None:
    """Put the topic into another category; whoever may not read that one reads it no more."""
    if topic.kind not in to.kinds:
        raise Refused(_("Topics of that kind are not begun in this category."))
    left = topic.category.slug
    topic.category = to
    keeping.settle_figures(topic)
    audit.note("move", by=by, now=now, topic=topic, reason=f"{left} → {to.slug}")


def merge(topic: Topic, into: Topic, *, by: User, now: datetime) -> None:
    """Put the posts of `topic` behind those of `into`; its address leads there from now on. Both are held."""
    if topic.id == into.id or topic.merged_into_id or into.merged_into_id:
        raise Refused(_("These two can't be merged."))
    if "ticket" in (topic.state, into.state):
        raise Refused(_("This topic goes on elsewhere."))
    last = keeping.last_number(into)
    for post in _posts(topic):
        post.topic, post.number = into, post.number + last
        post.reply_to = post.reply_to + last if post.reply_to else None
        if into.state != "shown" and post.state == "shown":
            post.state = into.state
    if into.accepted_post_id is None and into.kind == "question":
        into.accepted_post_id, into.accepted_at = topic.accepted_post_id, topic.accepted_at
    topic.accepted_post_id = topic.accepted_at = None
    topic.state, topic.merged_into_id, topic.merged_behind, topic.is_pinned = "merged", into.id, last, False
    earlier = update(Topic).where(Topic.merged_into_id == topic.id)
    db.session.execute(earlier.values(merged_into_id=into.id, merged_behind=Topic.merged_behind + last))
    _lead_followers(topic, into)
    for one in (topic, into):
        keeping.settle_figures(one)
    audit.note("merge", by=by, now=now, topic=topic, reason=f"→ {into.title}")


def split(topic: Topic, numbers: Collection[int], title: str, *, by: User, now: datetime) -> Topic:
    """Begin a topic of its own with these posts, in their order. Numbers that they had are never given again."""
    moved = [post for post in _posts(topic) if post.number in numbers and post.number > 1]
    if not moved or moved[0].state != "shown" or topic.state != "shown":
        raise Refused(_("Choose posts behind the first one."))
    last, first = keeping.last_number(topic), moved[0]
    made = Topic(category=topic.category, kind=topic.kind, title=asking.clean_title(title), slug="", lang=topic.lang)
    made.slug, made.product, made.tags = asking.slug_of(made.title), topic.product, []
    made.author, made.created_at, made.bumped_at = first.author, first.created_at, first.created_at
    db.session.add(made)
    db.session.flush()
    places = {post.number: place for place, post in enumerate(moved, 1)}
    if topic.accepted_post_id in {post.id for post in moved}:
        topic.accepted_post_id = topic.accepted_at = None
    for post in moved:
        post.topic, post.number = made, places[post.number]
        post.reply_to = places.get(post.reply_to or 0)
    db.session.flush()
    if last in places:
        _keep_place(topic, last, now=now)
    for one in (topic, made):
        keeping.settle_figures(one)
    audit.note("split", by=by, now=now, topic=topic, reason=f"→ {made.title}")
    return made


def _posts(topic: Topic) -> list[Post]:
    return list(db.session.scalars(select(Post).where(Post.topic_id == topic.id).order_by(Post.number)))


def _keep_place(topic: Topic, number: int, *, now: datetime) -> None:
    """Leave an empty post at the end, so that the next one doesn't get the number of another."""
    given = {"state": "removed", "form_key": secrets.token_hex(16), "body": "", "html": ""}
    db.session.add(Post(topic_id=topic.id, number=number, created_at=now, **given))


def _lead_followers(topic: Topic, into: Topic) -> None:
    """Whoever followed the one follows the other; how far somebody read says nothing there."""
    there = select(Follow.user_id).where(Follow.topic_id == into.id)
    moved = update(Follow).where(Follow.topic_id == topic.id, Follow.user_id.not_in(there))
    db.session.execute(moved.values(topic_id=into.id).execution_options(synchronize_session=False))
    db.session.execute(delete(Follow).where(Follow.topic_id == topic.id))
    db.session.execute(delete(TopicReading).where(TopicReading.topic_id == topic.id))


def _note(kind: str, post: Post, *, by: User, now: datetime, reason: str = "") -> None:
    topic, number = post.topic, post.number
    audit.note(kind, by=by, now=now, topic=topic, number=number, person_id=post.author_id, reason=reason)
