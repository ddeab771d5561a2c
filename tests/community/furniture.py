"""One of everything in the community that a route names, for the access matrix."""

import io

from knowledge.community import following as forum_following
from knowledge.community import pictures as post_pictures
from knowledge.community.standing import Sanction
from knowledge.community.topic import ForumCategory, Post, Topic
from portal.accounts.people import User
from portal.audience import open_to
from portal.db import db, utcnow
from portal.tickets.news import News
from tests.pictures import picture


def forum_things(person: User, organisation_id: int) -> dict[str, object]:
    """A category of the organisation, a topic in it that somebody follows, and what they were told of it."""
    open_to(ours := f"org:{organisation_id}")
    hall = ForumCategory(slug="hall", titles={"en": "Hall"}, descriptions={"en": "For all."}, kinds=["question"])
    hall.visibility = ours
    topic = Topic(
        category=hall, kind="question", title="It beeps", slug="it-beeps", tags=["relay"], author=person, posts=1
    )
    text = {"body": "All day.", "html": "<p>All day.</p>", "form_key": "furnished"}
    post = Post(topic=topic, number=1, author=person, **text)
    db.session.add(post)
    db.session.flush()
    told = News(user_id=person.id, post_id=post.id, kind="asked", by_id=person.id, at=utcnow())
    db.session.add(told)
    sanction = Sanction(user=person, kind="warning", reason="Please stay on the topic.")
    db.session.add(sanction)
    forum_following.follow("topic", topic.id, by=person, now=utcnow())
    db.session.flush()
    return {
        "topic_id": topic.id,
        "post_id": post.id,
        "user_id": person.id,
        "/community/categories/<int:category_id> category_id": hall.id,
        "/community/picture/<token> token": _shown(post, person),
        "/community/category/<slug> slug": "hall",
        "/community/category/<slug>/feed.atom slug": "hall",
        "/community/<slug>/<int:topic_id> slug": "it-beeps",
        "/community/<slug>/<int:topic_id>/<int:number> slug": "it-beeps",
        "/community/<slug>/<int:topic_id>/<int:number> number": 1,
        "/community/sitemap-<int:number>.xml number": 1,
        "kind": "category",
        "/community/follow/<kind>/<key> key": hall.id,
        "/community/mails/<key> key": forum_following.stop_key("digest", person.id),
        "news_id": told.id,
        "sanction_id": sanction.id,
        "/questions/<int:number>/<path:rest> rest": "it-beeps",
        "/t/<slug>/<int:number>/<int:post> post": 1,
        "/community/order/post/<int:post_id>/<any(let,hide):act> act": "let",
        "/community/order/topic/<int:topic_id>/<any(lock,unlock,pin,unpin):act> act": "lock",
        "/community/order/sanction/<int:sanction_id>/<any(lift,keep):act> act": "lift",
        "/community/order/person/<int:user_id>/<any(warning,suspension,ban):kind> kind": "warning",
    }


def _shown(post: Post, person: User) -> str:
    """The address of a picture in the post."""
    kept = post_pictures.keep(io.BytesIO(picture()), "lamp.png", by=person, now=utcnow())
    kept.post_id = post.id
    return kept.token
