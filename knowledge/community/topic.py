"""The community's tables: categories, topics, posts, and what readers leave behind."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.audience import PUBLIC, sees
from portal.db import Model, utcnow

KINDS = ("question", "discussion", "idea", "announcement")
OPEN = ("shown", "ticket", "merged")  # their addresses answer everybody; lists and search have the shown ones alone
KEEPERS = ("agent", "admin", "moderator")  # see what is held or hidden, and keep order


class ForumCategory(Model):
    """A room of the community; name and description by language. `posting` says who may write in it."""

    __tablename__ = "forum_category"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    titles: Mapped[dict[str, Any]]
    descriptions: Mapped[dict[str, Any]]
    icon: Mapped[str] = mapped_column(String(40), default="message-square")
    visibility: Mapped[str] = mapped_column(String(200), default=PUBLIC)  # an audience
    posting: Mapped[str] = mapped_column(String(10), default="everyone")  # everyone, staff
    kinds: Mapped[list[str]]
    is_archived: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def visible_to(cls, person: Any) -> Select["ForumCategory"]:
        return select(cls).where(cls.visibility.in_(sees(person)))


class Topic(Model):
    """A conversation that began with its first post. `state`: shown, held (waits for a moderator), hidden, ticket
    (it went on as a private one) or merged (its posts stand in another)."""

    __tablename__ = "topic"
    __table_args__ = (
        Index("ix_topic_bumped", "state", "bumped_at", "id"),
        Index("ix_topic_of_category", "category_id", "state", "is_pinned", "bumped_at", "id"),
        Index("ix_topic_thanks", "state", "votes", "id"),
        Index("ix_topic_new", "state", "created_at", "id"),
        Index("ix_topic_thanks_of_category", "category_id", "state", "is_pinned", "votes", "id"),
        Index("ix_topic_new_of_category", "category_id", "state", "is_pinned", "created_at", "id"),
        Index(
            "ix_topic_unanswered_of_category",
            *("category_id", "state", "kind", "posts", "accepted_post_id", "bumped_at", "id"),
        ),
        Index("ix_topic_unanswered_bumped", "state", "kind", "posts", "accepted_post_id", "bumped_at", "id"),
        Index("ix_topic_author", "author_id", "bumped_at"),
        Index("ix_topic_unanswered", "state", "kind", "accepted_post_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("forum_category.id"))
    kind: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(120))
    lang: Mapped[str] = mapped_column(String(20), default="en")
    product: Mapped[str | None] = mapped_column(String(40))
    tags: Mapped[list[str]]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    bumped_at: Mapped[datetime] = mapped_column(default=utcnow)  # the last shown post
    posts: Mapped[int] = mapped_column(default=0)  # the shown ones
    votes: Mapped[int] = mapped_column(default=0)  # of the first post
    views: Mapped[int] = mapped_column(default=0)
    accepted_post_id: Mapped[int | None]  # no foreign key: posts name their topic already
    accepted_at: Mapped[datetime | None]
    staff_answered_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(8), default="shown")
    is_pinned: Mapped[bool] = mapped_column(default=False)
    locked_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id", ondelete="SET NULL"), index=True)
    merged_behind: Mapped[int | None]  # the last number there before: a post that was 2 here is 2 more than that
    imported_from: Mapped[str | None] = mapped_column(String(300), index=True)

    category: Mapped[ForumCategory] = relationship()
    author: Mapped[User | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Topic"]:
        """What stands in categories meant for this person; what is not shown, for its author and keepers alone."""
        seen = ForumCategory.visible_to(person).with_only_columns(ForumCategory.id)
        query = select(cls).where(cls.category_id.in_(seen))
        if is_keeper(person):
            return query
        open_ones = cls.state.in_(OPEN)
        return query.where(or_(open_ones, cls.author_id == person.id) if person.is_authenticated else open_ones)


class TopicTag(Model):
    """A word on a topic, to find those alike by."""

    __tablename__ = "topic_tag"
    __table_args__ = (Index("ix_topic_tag_name", "name", "topic_id"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)


class Post(Model):
    """What somebody wrote. Its number stays for ever: others point at it. `state`: shown, held, hidden, removed."""

    __tablename__ = "post"
    __table_args__ = (
        UniqueConstraint("topic_id", "number"),
        Index("ix_post_author", "author_id", "created_at"),
        Index("ix_post_held", "state", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"))
    number: Mapped[int]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(100), default="")  # of those who have no account
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    edited_at: Mapped[datetime | None]
    edition: Mapped[int] = mapped_column(default=1)
    votes: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(8), default="shown")
    reply_to: Mapped[int | None]  # a number in the same topic
    is_staff: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(8), default="page")  # page, mail, import
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    # The long ones stand last: to read a column behind them, SQLite walks through all their pages.
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)

    topic: Mapped[Topic] = relationship()
    author: Mapped[User | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Post"]:
        """The posts of topics that the person sees; those not shown for their author and those who keep order."""
        topics = Topic.visible_to(person).with_only_columns(Topic.id)
        query = select(cls).where(cls.topic_id.in_(topics))
        if is_keeper(person):
            return query
        is_shown = cls.state == "shown"
        return query.where(or_(is_shown, cls.author_id == person.id) if person.is_authenticated else is_shown)


class PostEdition(Model):
    """What a post said before an edit; of a first post the title too."""

    __tablename__ = "post_edition"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    edition: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(default=utcnow)


class PostVote(Model):
    """A reader's thanks for a post."""

    __tablename__ = "post_vote"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)


class TopicReading(Model):
    """How far somebody has read a topic: the number of the last post seen."""

    __tablename__ = "topic_reading"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"), primary_key=True, index=True)
    number: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(default=utcnow)


def key_of(address: str) -> str:
    """The `form_key` of a post that came from another forum: made of its address there."""
    return f"import:{hashlib.sha256(address.encode()).hexdigest()[:48]}"


def address_in(collection: str, address: str) -> str:
    """What an address of another forum is known by, where more than one came in."""
    return f"{collection}:{address}" if collection else address


def is_keeper(person: Any) -> bool:
    """True for those who keep order: staff and moderators."""
    return bool(person.is_authenticated and any(person.has_role(role) for role in KEEPERS))
