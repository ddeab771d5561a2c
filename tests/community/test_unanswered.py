"""The desk's list of questions that nobody has answered."""

from datetime import timedelta

import pytest

from knowledge.community.topic import ForumCategory, Post, Topic
from portal.db import db, utcnow


def ask(room: ForumCategory, title: str, days: int, **more: object) -> None:
    at = utcnow() - timedelta(days=days)
    given = {"kind": "question", "slug": title.lower(), "tags": [], "posts": 1, "created_at": at} | more
    topic = Topic(category=room, title=title, **given)
    db.session.add(Post(topic=topic, number=1, body="?", html="<p>?</p>", form_key=title))


@pytest.mark.fact("R14")
def test_unanswered_questions_stand_below_the_tickets_the_oldest_first(app, world, as_) -> None:
    with app.app_context():
        room = ForumCategory(slug="help", titles={"en": "Help"}, descriptions={}, kinds=["question"])
        ask(room, "Younger", 1)
        ask(room, "Older", 9)
        ask(room, "Answered", 5, posts=2)
        ask(room, "Waiting", 5, state="held")
        ask(room, "Musing", 5, kind="discussion")
        db.session.commit()
    page = as_("agent").get("/desk/").text
    assert page.index("desk-bulk") < page.index("Older") < page.index("Younger")
    for title in ("Answered", "Waiting", "Musing"):
        assert f">{title}<" not in page


def test_where_all_is_answered_nothing_stands_there(world, as_) -> None:
    assert "Unanswered in the community" not in as_("agent").get("/desk/").text
