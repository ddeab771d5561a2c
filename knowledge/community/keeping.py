"""What becomes of a topic when a post of it is shown or hidden: its figures, and everything that readers find it by."""

from datetime import datetime

from sqlalchemy import func, select

from knowledge.community import answering, telling
from knowledge.community.topic import Post, Topic
from portal.db import db


def set_state(post: Post, state: str) -> None:
    """Show, hold or hide a post; the first one takes its topic along. Search learns of it in the same transaction."""
    post.state = state
    topic = post.topic
    if post.number == 1 and topic.state in ("shown", "held", "hidden"):
        topic.state = state
    if topic.accepted_post_id == post.id and state != "shown":
        topic.accepted_post_id = topic.accepted_at = None
    settle_figures(topic)


def settle_figures(topic: Topic) -> None:
    """Count anew; the search reads it anew with that."""
    db.session.flush()
    answering.recount(topic)
    first = select(Post.votes).where(Post.topic_id == topic.id, Post.number == 1)
    topic.votes = db.session.scalar(first) or 0


def let_through(post: Post, *, now: datetime) -> None:
    """Show what was held, and tell those who follow: nobody was told while it waited."""
    was_held = post.state == "held"
    set_state(post, "shown")
    if was_held:
        telling.posted(post, now)


def last_number(topic: Topic) -> int:
    return db.session.scalar(select(func.max(Post.number)).where(Post.topic_id == topic.id)) or 0
