"""What somebody contributed: topics, answers, how many of them were accepted and thanked for."""

from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from knowledge.community import listing
from knowledge.community.blueprint import bp
from knowledge.community.topic import ForumCategory, Post, Topic
from knowledge.community.views import chosen
from portal.accounts.people import User
from portal.audience import sees
from portal.db import db
from portal.web import public, reader

MOST = 20


@bp.get("/person/<int:user_id>")
@public
def person(user_id: int) -> ResponseReturnValue:
    """Only who has posted something that this reader sees has a page here."""
    seen = [Post.author_id == user_id, Post.state == "shown", Topic.state == "shown"]
    seen.append(ForumCategory.visibility.in_(sees(reader())))
    accepted = func.count().filter(Topic.accepted_post_id == Post.id)
    figures = select(func.count().label("posts"), func.coalesce(func.sum(Post.votes), 0).label("thanks"))
    figures = figures.add_columns(accepted.label("accepted"), func.min(Post.created_at).label("since"))
    figures = figures.add_columns(func.count().filter(Post.number == 1).label("topics"))
    told = db.session.execute(_joined(figures).where(*seen)).one()
    who = db.session.execute(select(User.id, User.name).where(User.id == user_id)).first()
    if who is None or not told.posts:
        abort(404)
    columns = (Post.number, Post.created_at, Post.votes, Post.is_staff, Topic.id, Topic.slug, Topic.title, Topic.kind)
    recent = _joined(select(*columns, (Topic.accepted_post_id == Post.id).label("is_accepted"), *listing.ROOM))
    posts = db.session.execute(recent.where(*seen).order_by(Post.created_at.desc(), Post.id.desc()).limit(MOST)).all()
    given: dict[str, Any] = {"who": who, "told": told, "posts": posts, "languages": chosen()}
    return render_template("community/person.html", **given, is_staff=any(post.is_staff for post in posts))


def _joined(query: Any) -> Any:
    joined = query.select_from(Post).join(Topic, Topic.id == Post.topic_id)
    return joined.join(ForumCategory, ForumCategory.id == Topic.category_id)
