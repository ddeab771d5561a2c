"""What is done with posts: replying, editing, accepting, thanking, taking back. The topic's figures go with them."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from knowledge.community import pictures, rights, secrets, standing, telling
from knowledge.community.rendering import html_of
from knowledge.community.topic import Post, PostEdition, PostVote, Topic
from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from portal.accounts.people import User
from portal.db import db
from portal.errors import Refused
from portal.tickets.conversation import clean


def checked(*, title: str = "", body: str, by: User, now: datetime, doubtful: bool = False) -> tuple[str, str]:
    """The state in which it begins, and its HTML. Raises `Refused` for what may not be posted."""
    if not body.strip():
        raise Refused(_("Please write something first."))
    html = pictures.measured(html_of(clean(body)))
    state = standing.check(by, f"{title}\n\n{body}", now, html=html, doubtful=doubtful)
    secrets.check(title=title, body=body)
    return state, html


def reply(
    topic: Topic,
    *,
    body: str,
    by: User,
    now: datetime,
    form_key: str,
    reply_to: int | None = None,
    source: str = "page",
    doubtful: bool = False,
) -> Post:
    """Write in a topic, which the caller holds. Raises `Refused`; the same `form_key` again breaks a constraint."""
    if topic.merged_into_id or topic.state == "ticket":
        raise Refused(_("This topic goes on elsewhere."))
    rights.need_place(by, topic.category, now=now, locked=topic.locked_at is not None)
    state, html = checked(body=body, by=by, now=now, doubtful=doubtful)
    last = db.session.scalar(select(func.max(Post.number)).where(Post.topic_id == topic.id)) or 0
    to = reply_to if reply_to and 0 < reply_to <= last else None
    return add(
        topic, body, html, number=last + 1, state=state, by=by, now=now, form_key=form_key, source=source, reply_to=to
    )


def add(topic: Topic, body: str, html: str, *, by: User, now: datetime, **given: Any) -> Post:
    """A post's row, the topic's figures, and those told who follow it."""
    post = Post(topic=topic, body=clean(body), html=html, author=by, created_at=now, is_staff=by.is_staff, **given)
    db.session.add(post)
    db.session.flush()
    pictures.claim(post, by=by)
    if post.state == "shown":
        topic.posts += 1
        topic.bumped_at = now
        if post.is_staff and post.number > 1 and topic.staff_answered_at is None:
            topic.staff_answered_at = now
        look_again(topic)
    telling.posted(post, now)
    return post


def post_of(form_key: str, by: User) -> Post | None:
    """What was posted with this form, for its author."""
    return db.session.scalar(select(Post).where(Post.form_key == form_key, Post.author_id == by.id))


def edit(post: Post, *, body: str, by: User, now: datetime, edition: int, title: str = "") -> None:
    """Say it otherwise; what it said before stays in its history. `edition` is the one that was being edited.

    `title` only where the first post's changes. Raises `Refused`, also where somebody else was quicker.
    """
    topic = post.topic
    if not rights.may_edit(post, topic, by):
        raise Refused(_("This post can't be changed any more."))
    if post.edition != edition:
        raise Refused(_("Somebody changed this post meanwhile. Look at what it says now, then put your words into it."))
    state, html = checked(title=title, body=body, by=by, now=now)
    before = topic.title if title and title != topic.title else None
    if before is None and clean(body) == post.body:
        return
    old = {"post_id": post.id, "edition": post.edition, "title": before, "body": post.body}
    db.session.add(PostEdition(**old, by_id=by.id, at=now))
    post.body, post.html, post.edited_at, post.edition = clean(body), html, now, post.edition + 1
    pictures.claim(post, by=by)
    if state == "held" and post.state == "shown":
        post.state = "held"
        if post.number == 1 and topic.state == "shown":  # whose title is in all lists
            topic.state = "held"
        db.session.flush()
        recount(topic)
    telling.edited(post, now)
    look_again(topic)


def rewrite(post: Post, body: str) -> None:
    """Put other words in a post's place and leave no trace of the old ones."""
    post.body, post.html = clean(body), pictures.measured(html_of(clean(body)))
    look_again(post.topic)


def withdraw(post: Post, *, by: User) -> None:
    """Take a post back. Its number stays, its words go, and a first post stays: others have answered it."""
    if not rights.may_edit(post, post.topic, by) or post.number == 1:
        raise Refused(_("This post can't be taken back."))
    topic = post.topic
    post.state, post.body, post.html = "removed", "", ""
    pictures.remove(post)
    db.session.execute(delete(PostEdition).where(PostEdition.post_id == post.id))
    if topic.accepted_post_id == post.id:
        topic.accepted_post_id = topic.accepted_at = None
    db.session.flush()
    recount(topic)


def accept(topic: Topic, post: Post | None, *, by: User, now: datetime) -> None:
    """Mark the post that answered the question; None takes the mark away. One at a time. Raises `Refused`."""
    if not rights.may_accept(topic, by):
        raise Refused(_("Only whoever asked can say what answered it."))
    if post is not None and (post.topic_id != topic.id or post.number == 1 or post.state != "shown"):
        raise Refused(_("That post can't be the answer."))
    topic.accepted_post_id, topic.accepted_at = (post.id, now) if post is not None else (None, None)
    look_again(topic)


def vote(post: Post, *, by: User, now: datetime, up: bool = True) -> None:
    """Thank for a post, once; with `up` false take it back. Raises `Refused` for one's own."""
    if post.author_id == by.id:
        raise Refused(_("That is your own post: others say whether it helped."))
    if post.state != "shown":
        raise Refused(_("That post is not there any more."))
    if up:
        try:
            with db.session.begin_nested():
                db.session.add(PostVote(post_id=post.id, user_id=by.id, at=now))
        except IntegrityError:  # thanked already
            pass
    else:
        db.session.execute(delete(PostVote).where(PostVote.post_id == post.id, PostVote.user_id == by.id))
    post.votes = db.session.scalar(select(func.count()).where(PostVote.post_id == post.id)) or 0
    if post.number == 1:
        post.topic.votes = post.votes


def look_again(topic: Topic) -> None:
    """Have the search read the topic anew after this transaction."""
    if not Edition.current()[0]:  # nothing was ever written that is searched: the index needs a first edition
        Edition.advance()
    note_changes([topic.id], "topic")


def recount(topic: Topic) -> None:
    """Write the topic's figures anew from its posts: after posts came, went or were hidden."""
    shown = (Post.topic_id == topic.id, Post.state == "shown")
    by_staff = func.min(Post.created_at).filter(Post.is_staff, Post.number > 1)
    look_again(topic)
    count, last, answered = db.session.execute(
        select(func.count(), func.max(Post.created_at), by_staff).where(*shown)
    ).one()
    topic.posts, topic.bumped_at, topic.staff_answered_at = count, last or topic.created_at, answered
