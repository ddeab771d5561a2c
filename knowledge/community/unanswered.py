"""Questions that nobody has answered, the oldest first, for the desk: they come after its tickets (R14)."""

from typing import Any

from flask import render_template
from flask_babel import get_locale
from markupsafe import Markup
from sqlalchemy import select

from knowledge.community.topic import ForumCategory, Topic
from portal.audience import sees
from portal.db import db
from portal.fragments import fragment
from portal.web import choose_zone, reader

MOST = 5
SECONDS = 60


def oldest_unanswered(person: Any, most: int = MOST) -> list[Any]:
    """Id, slug, title and when it was asked, of what this person sees."""
    query = select(Topic.id, Topic.slug, Topic.title, Topic.created_at)
    query = query.join(ForumCategory, ForumCategory.id == Topic.category_id)
    query = query.where(Topic.state == "shown", Topic.kind == "question", Topic.accepted_post_id.is_(None))
    query = query.where(Topic.posts == 1, ForumCategory.visibility.in_(sees(person)))
    return list(db.session.execute(query.order_by(Topic.created_at, Topic.id).limit(most)))


def desk_topics() -> Markup:
    """The list below the desk's tickets, one for all staff, who see the same; nothing where all have an answer."""
    key = ("desk-topics", str(get_locale()), str(choose_zone()))
    return fragment(key, lambda: _drawn(reader()), seconds=SECONDS)


def _drawn(person: Any) -> Markup:
    topics = oldest_unanswered(person)
    return Markup(render_template("desk/_topics.html", topics=topics)) if topics else Markup("")
