"""Topics as the search sees them: the question, and the post that answers it best."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import func, or_, select

from knowledge.community.showing import start_of
from knowledge.community.topic import ForumCategory, Post, Topic
from knowledge.search.items import Item, Ref, Scope, Shown
from portal.audience import sees
from portal.db import db

KIND = "topic"
UNANSWERED, ANSWERED = 0.8, 1.1  # what nobody answered stands behind what helped
_TOPIC = (
    Topic.id,
    Topic.slug,
    Topic.title,
    Topic.lang,
    Topic.product,
    Topic.tags,
    Topic.posts,
    Topic.accepted_post_id,
    Topic.bumped_at,
    ForumCategory.visibility,
    ForumCategory.titles,
)


class TopicSource:
    """Position 1 is the question, n the post n that answers it best."""

    kind = KIND

    def ids(self) -> Sequence[int]:
        return db.session.scalars(select(Topic.id).where(Topic.state == "shown").order_by(Topic.id)).all()

    def items(self, ids: Sequence[int]) -> Iterator[Item]:
        shown = (Post.topic_id.in_(ids), Post.state == "shown")
        best = (Post.id == Topic.accepted_post_id).desc(), Post.votes.desc(), Post.is_staff.desc(), Post.number
        place = func.row_number().over(partition_by=Post.topic_id, order_by=best).label("place")
        ranked = select(Post.id, place).join(Topic, Topic.id == Post.topic_id).where(*shown, Post.number > 1).subquery()
        chosen = select(ranked.c.id).where(ranked.c.place == 1)
        posts = select(Post.topic_id, Post.number, Post.html).where(*shown, or_(Post.number == 1, Post.id.in_(chosen)))
        said: dict[int, list[Any]] = {}
        for post in db.session.execute(posts.order_by(Post.topic_id, Post.number)):
            said.setdefault(post.topic_id, []).append(post)
        for topic in db.session.execute(_topics().where(Topic.id.in_(ids))):
            for post in said.get(topic.id, ()):
                yield _item(topic, post)

    def shown(self, refs: Collection[Ref], person: Any, locale: str) -> Mapping[tuple[int, int], Shown]:
        wanted = {(ref.item_id, ref.position): ref for ref in refs}
        ids, numbers = ({key[n] for key in wanted} for n in (0, 1))
        seen = _topics().add_columns(Post.number, Post.html).join(Post, Post.topic_id == Topic.id)
        seen = seen.where(ForumCategory.visibility.in_(sees(person)), Post.state == "shown")
        rows = db.session.execute(seen.where(Topic.id.in_(ids), Post.number.in_(numbers)))
        return {(row.id, row.number): _shown(ref, row) for row in rows if (ref := wanted.get((row.id, row.number)))}

    def plain(self, words: Collection[str], scope: Scope, most: int) -> Iterable[tuple[Ref, str, str]]:
        here = [column.icontains(word, autoescape=True) for word in words for column in (Topic.title, Post.body)]
        query = _topics().add_columns(Post.number, Post.html).join(Post, Post.topic_id == Topic.id)
        query = query.where(ForumCategory.visibility.in_(scope.audiences), Post.state == "shown", or_(*here))
        query = query.where(Topic.lang == scope.lang) if scope.lang else query
        query = query.where(Topic.product == scope.product) if scope.product else query
        for row in db.session.execute(query.order_by(Topic.id.desc(), Post.number).limit(most)):
            yield _ref(row, row.number), row.title, words_of(row.html)


def words_of(html: str) -> str:
    """The words of a post's HTML."""
    return str(Markup(html).striptags())


def _topics() -> Any:
    return select(*_TOPIC).join(ForumCategory, ForumCategory.id == Topic.category_id).where(Topic.state == "shown")


def _ref(row: Any, number: int) -> Ref:
    prior = ANSWERED if row.accepted_post_id else UNANSWERED if row.posts < 2 else 1.0
    return Ref(KIND, row.id, number, f"community/{row.id}", row.lang, row.product, None, prior)


def _item(topic: Any, post: Any) -> Item:
    room = topic.titles.get(topic.lang.split("-")[0], "")
    return Item(
        ref=_ref(topic, post.number),
        audience=topic.visibility,
        title=topic.title,
        heading="",
        text=words_of(post.html),
        tags=topic.tags,
        about=tuple(filter(None, (room, topic.product))),
        is_first=post.number == 1,
    )


def _shown(ref: Ref, row: Any) -> Shown:
    start = start_of(row.number)
    return Shown(
        ref=ref,
        id=f"topic-{row.id}",
        url=f"/community/{row.slug}/{row.id}" + (f"?from={start}" if start > 1 else ""),
        anchor=f"post-{row.number}" if row.number > 1 else "",
        title=row.title,
        heading="",
        text=words_of(row.html),
        lang=row.lang,
        updated_at=row.bumped_at,
        is_answered=row.accepted_post_id is not None,
    )
