"""Digests: one mail a person for all that is due. Mail and the note that it was written stand in one transaction, so a
worker that dies writes each of them once, now or with the next round."""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from flask import Flask
from huey import crontab
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from knowledge.community import drafting, letters, pictures
from knowledge.community.following import Follow
from knowledge.community.letters import Line
from knowledge.community.telling import Told
from knowledge.community.topic import Post, Topic
from portal import uploads
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.tickets.news import KEPT_FOR
from portal.tickets.prose import plain
from portal.web import settings

log = logging.getLogger(__name__)

LINES = 30
EXCERPT = 240
MOST_POSTS = 1000  # looked at for one digest


def send_due(*, now: datetime) -> int:
    """Write every digest that is due, one transaction each; returns how many people were looked at."""
    done, after = 0, 0
    while ids := _next_due(after, now=now):
        for user_id in ids:
            try:
                with writing():
                    send(user_id, now=now)
                    db.session.commit()
            except Exception as error:  # the next round tries again; others needn't wait for it
                db.session.rollback()
                log.error("digest failed", extra={"person": user_id}, exc_info=error)
            done, after = done + 1, user_id
    return done


def send(user_id: int, *, now: datetime) -> None:
    """Write what is due to one person as one mail; nothing if they may read none of it any more, or follow none."""
    owed = select(Told).where(Told.user_id == user_id, Told.due_at <= now).order_by(Told.post_id)
    rows = db.session.scalars(owed.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.due_at = None
    person = db.session.get(User, user_id)
    if not rows or person is None or not person.active:
        return
    posts = _wanted([row.post_id for row in rows], person)
    lines = _lines(posts, person.locale or settings().default_locale)
    if lines:
        letters.send_digest(person, lines[:LINES], more=max(0, len(lines) - LINES))


def _next_due(after: int, *, now: datetime) -> Sequence[int]:
    query = select(Told.user_id).where(Told.due_at <= now, Told.user_id > after)
    ids = db.session.scalars(query.distinct().order_by(Told.user_id).limit(200)).all()
    db.session.rollback()
    return ids


def _wanted(ids: Sequence[int], person: User) -> list[Post]:
    """The posts that the person may read still and follows still by mail, topic by topic."""
    shown = Post.visible_to(person).where(Post.id.in_(ids[-MOST_POSTS:]), Post.state == "shown")
    query = shown.options(joinedload(Post.topic), joinedload(Post.author)).order_by(Post.topic_id, Post.number)
    rows = db.session.scalars(select(Follow).where(Follow.user_id == person.id, Follow.pace != "portal")).all()
    followed: set[tuple[str, int | str]] = {(row.kind, row.key) for row in rows}

    def wants(post: Post) -> bool:
        keys: set[tuple[str, int | str]] = {("topic", post.topic_id)}
        if post.number == 1:
            keys |= {("category", post.topic.category_id), *(("tag", tag) for tag in post.topic.tags)}
        return post.topic.state == "shown" and bool(keys & followed)

    return [post for post in db.session.scalars(query) if wants(post)]


def _lines(posts: Sequence[Post], locale: str) -> list[Line]:
    """The topics, those with the newest post first."""
    found: list[tuple[int, Line]] = []
    for _topic_id, group in groupby(posts, key=lambda post: post.topic_id):
        new = list(group)
        found.append((new[-1].id, _line(new[0].topic, new, locale)))
    return [line for _id, line in sorted(found, key=lambda one: -one[0])]


def _line(topic: Topic, new: Sequence[Post], locale: str) -> Line:
    words = " ".join(plain(new[-1].body).split())
    return Line(
        title=topic.title,
        address=letters.address_of(topic, new[0].number),
        author=letters.name_of(new[-1], locale),
        excerpt=words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + " …",
        count=len(new),
        is_new=new[0].number == 1,
    )


def init_digests(app: Flask) -> None:
    """Put them into the queue: every ten minutes those whose hour has come."""

    queue = app.extensions["queue"]

    @queue.periodic_task(crontab(minute="*/10"), name="digests")
    def send_every_ten_minutes() -> None:
        with app.app_context():
            send_due(now=utcnow())

    @queue.periodic_task(crontab(hour="3", minute="41"), name="forget_told")
    def forget_each_night() -> None:
        with app.app_context(), writing():
            db.session.execute(delete(Told).where(Told.at < utcnow() - KEPT_FOR))
            drafting.forget_old(now=utcnow())
            pictures.forget_unused(now=utcnow())
            db.session.commit()
            pictures.remove_strays(older_than=utcnow() - uploads.STRAY_FOR)
