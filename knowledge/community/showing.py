"""What the page of one topic shows: the posts of a stretch of numbers, which keep their place for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from markupsafe import Markup
from sqlalchemy import bindparam, exists, func, null, or_, select
from sqlalchemy.orm import aliased

from knowledge.community.drafting import PostDraft
from knowledge.community.following import Follow
from knowledge.community.topic import OPEN, ForumCategory, Post, PostVote, Topic, TopicReading, is_keeper
from portal.accounts.people import User
from portal.audience import sees
from portal.db import db, read

STRETCH = 20
MOST_POSTS = 10**9  # in a topic; a higher number is nobody's
MOST_QUOTED = 2000  # characters
_TOPIC = (
    Topic.id,
    Topic.slug,
    Topic.title,
    Topic.kind,
    Topic.tags,
    Topic.lang,
    Topic.product,
    Topic.author_id,
    Topic.created_at,
    Topic.bumped_at,
    Topic.posts,
    Topic.votes,
    Topic.accepted_post_id,
    Topic.accepted_at,
    Topic.state,
    Topic.is_pinned,
    Topic.locked_at,
    Topic.merged_into_id,
    Topic.category_id,
)
_ROOM = (
    ForumCategory.slug.label("room"),
    ForumCategory.titles.label("room_titles"),
    ForumCategory.posting,
    ForumCategory.is_archived,
    ForumCategory.visibility,
)
_STAMP = (
    Post.id,
    Post.number,
    Post.state,
    Post.author_id,
    Post.author_name,
    Post.is_staff,
    Post.created_at,
    Post.edited_at,
    Post.edition,
    Post.votes,
    Post.reply_to,
    Post.source,
    User.name.label("author"),
)


def start_of(number: int) -> int:
    """The first number of the stretch that holds this one."""
    return (min(max(1, number), MOST_POSTS) - 1) // STRETCH * STRETCH + 1


def topic_row(topic_id: int, person: Any) -> Any:
    """The topic's columns with its category's and what the reader left there (the last number they have `seen`, the
    `pace` at which they hear of it, whether they have a `draft`), where this person may see it; else None."""
    is_known = person.is_authenticated
    given = {"topic": topic_id, "rights": list(sees(person))} | ({"reader": person.id} if is_known else {})
    rows = read(_topic_of(is_keeper(person), is_known), **given)
    return rows[0] if rows else None


@cache
def _topic_of(is_kept: bool, is_known: bool) -> Any:
    """Written once: putting a statement together costs more than running it."""
    accepted, newest = aliased(Post), aliased(Post)
    last = select(func.max(newest.number)).where(newest.topic_id == Topic.id).scalar_subquery().label("last")
    number = select(accepted.number).where(accepted.id == Topic.accepted_post_id).scalar_subquery()
    query: Any = select(*_TOPIC, *_ROOM, last, number.label("accepted_number"), *(_own() if is_known else _NOBODYS))
    query = query.join(ForumCategory, ForumCategory.id == Topic.category_id)
    seen = ForumCategory.visibility.in_(bindparam("rights", expanding=True))
    query = query.where(Topic.id == bindparam("topic"), seen)
    if is_kept:
        return query
    is_open = Topic.state.in_(OPEN)
    return query.where(or_(is_open, Topic.author_id == bindparam("reader")) if is_known else is_open)


def _own() -> tuple[Any, ...]:
    reader: Any = bindparam("reader")
    seen = select(TopicReading.number).where(TopicReading.topic_id == Topic.id, TopicReading.user_id == reader)
    pace = select(Follow.pace).where(Follow.topic_id == Topic.id, Follow.user_id == reader)
    draft = exists().where(PostDraft.topic_id == Topic.id, PostDraft.owner_id == reader)
    return seen.scalar_subquery().label("seen"), pace.scalar_subquery().label("pace"), draft.label("draft")


OWN = 3  # columns at the end of a topic's row, which differ by reader
_NOBODYS = (null().label("seen"), null().label("pace"), null().label("draft"))


@cache
def _posts_of(is_kept: bool, is_known: bool) -> Any:
    here = (Post.topic_id == bindparam("topic"), Post.number.between(bindparam("first"), bindparam("last")))
    query = select(*_STAMP).outerjoin(User, User.id == Post.author_id).where(*here).order_by(Post.number)
    if is_kept:
        return query
    is_shown = Post.state.in_(("shown", "removed"))
    return query.where(or_(is_shown, Post.author_id == bindparam("reader")) if is_known else is_shown)


@cache
def _words_of() -> Any:
    here = (Post.topic_id == bindparam("topic"), Post.number.between(bindparam("first"), bindparam("last")))
    return select(Post.id, Post.html).where(*here, Post.state != "removed")


@cache
def _thanks_in() -> Any:
    here = (Post.topic_id == bindparam("topic"), Post.number.between(bindparam("first"), bindparam("last")))
    return (
        select(PostVote.post_id)
        .join(Post, Post.id == PostVote.post_id)
        .where(*here, PostVote.user_id == bindparam("reader"))
    )


def quoted(topic_id: int, number: int, person: Any) -> str:
    """What a post says, as the beginning of an answer to it; empty where the person sees no such post."""
    named = (Post.topic_id == topic_id, Post.number == min(number, MOST_POSTS), Post.state != "removed")
    mine = Post.visible_to(person).where(*named)
    body = db.session.scalar(mine.with_only_columns(Post.body))
    lines = (body or "")[:MOST_QUOTED].splitlines()
    return "".join(f"> {line}\n" for line in lines) + "\n" if lines else ""


@dataclass(frozen=True)
class Page:
    """A stretch of a topic for one reader. Each part is read when it is asked for."""

    topic: Any
    person: Any
    start: int

    @cached_property
    def posts(self) -> Sequence[Any]:
        """What there is of the posts, without their words. One taken back keeps its place, and says so."""
        person = self.person
        is_known = person.is_authenticated and not is_keeper(person)
        given = {"reader": person.id} if is_known else {}
        return read(_posts_of(is_keeper(person), is_known), **self._stretch, **given)

    @cached_property
    def words(self) -> dict[int, Markup]:
        """The posts' HTML by their id, as it was cleaned when they were written."""
        return {row.id: Markup(row.html) for row in read(_words_of(), **self._stretch)}

    @cached_property
    def thanked(self) -> set[int]:
        """The posts that the reader has thanked for."""
        if not self.person.is_authenticated:
            return set()
        return {row.post_id for row in read(_thanks_in(), reader=self.person.id, **self._stretch)}

    @property
    def _stretch(self) -> dict[str, int]:
        return {"topic": self.topic.id, "first": self.start, "last": self.start + STRETCH - 1}

    @property
    def before(self) -> int | None:
        return self.start - STRETCH if self.start > 1 else None

    @property
    def after(self) -> int | None:
        behind = self.start + STRETCH
        return behind if (self.topic.last or 0) >= behind else None

    @property
    def key(self) -> tuple[Any, ...]:
        """Everything that the posts' piece shows."""
        t = self.topic
        stamps = tuple(tuple(post) for post in self.posts)
        return t.id, t.slug, t.title, tuple(t.tags), t.accepted_post_id, t.state, self.start, stamps
