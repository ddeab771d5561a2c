"""Who wants to hear of what is posted: the topics, categories and tags that somebody follows, and how soon they hear.

Categories and tags tell of new topics, a topic of every answer. The link that ends it stands in each mail and is
signed: it names a row and carries no secret of the account.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import CheckConstraint, ForeignKey, Select, String, UniqueConstraint, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from knowledge.community.topic import ForumCategory, Topic
from portal.accounts.people import User
from portal.db import Model, db, read
from portal.web import settings

PACES: Final = ("instant", "daily", "weekly", "portal")  # the quickest first; `portal` means no mail


class Follow(Model):
    """One thing that somebody follows: a topic, a category or a tag."""

    __tablename__ = "forum_follow"
    __table_args__ = (
        UniqueConstraint("user_id", "topic_id", name="uq_forum_follow_topic"),
        UniqueConstraint("user_id", "category_id", name="uq_forum_follow_category"),
        UniqueConstraint("user_id", "tag", name="uq_forum_follow_tag"),
        CheckConstraint(
            "(topic_id IS NOT NULL AND category_id IS NULL AND tag IS NULL)"
            " OR (topic_id IS NULL AND category_id IS NOT NULL AND tag IS NULL)"
            " OR (topic_id IS NULL AND category_id IS NULL AND tag IS NOT NULL)",
            name="one_thing",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"), index=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("forum_category.id", ondelete="CASCADE"), index=True)
    tag: Mapped[str | None] = mapped_column(String(40), index=True)
    pace: Mapped[str] = mapped_column(String(8), default="instant")
    created_at: Mapped[datetime]

    topic: Mapped[Topic | None] = relationship()
    category: Mapped[ForumCategory | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["Follow"]:
        """A person's own, but for what they may not read any more."""
        topics = Topic.visible_to(person).with_only_columns(Topic.id)
        rooms = ForumCategory.visible_to(person).with_only_columns(ForumCategory.id)
        seen = cls.tag.is_not(None) | cls.topic_id.in_(topics) | cls.category_id.in_(rooms)
        return select(cls).where(cls.user_id == person.id, seen)

    @property
    def kind(self) -> str:
        return "topic" if self.topic_id else "category" if self.category_id else "tag"

    @property
    def key(self) -> int | str:
        return self.topic_id or self.category_id or self.tag or ""


class Preference(Model):
    """What somebody wants to be mailed; who never chose has no row, and what the defaults say."""

    __tablename__ = "forum_preference"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    pace: Mapped[str] = mapped_column(String(8), default="instant")  # of what they follow from now on
    follows_own: Mapped[bool] = mapped_column(default=True)  # topics that they begin or answer in
    mails_mentions: Mapped[bool] = mapped_column(default=True)


COLUMNS: Final = {"topic": Follow.topic_id, "category": Follow.category_id, "tag": Follow.tag}


def preference_of(person_id: int) -> Preference:
    """What they chose, or the defaults; to be kept it is to be added to the session."""
    chosen = db.session.get(Preference, person_id)
    return chosen or Preference(user_id=person_id, pace="instant", follows_own=True, mails_mentions=True)


def pace_of(kind: str, key: int | str, person: Any) -> str:
    """How soon the person hears of it; empty when they don't follow it."""
    if not person.is_authenticated:
        return ""
    rows = read(_pace_of(kind), key=key, reader=person.id)
    return rows[0].pace if rows else ""


@cache
def _pace_of(kind: str) -> Any:
    """Written once: putting a statement together costs more than running it."""
    return select(Follow.pace).where(COLUMNS[kind] == bindparam("key"), Follow.user_id == bindparam("reader"))


def follow(kind: str, key: int | str, *, by: User, now: datetime, pace: str = "") -> None:
    """Follow it, or change how soon one hears. The caller has seen that they may read it."""
    wanted = pace if pace in PACES else preference_of(by.id).pace
    try:
        with db.session.begin_nested():
            row = db.session.scalar(_mine(kind, key, by.id))
            if row is None:
                db.session.add(Follow(user_id=by.id, pace=wanted, created_at=now, **{COLUMNS[kind].key: key}))
            elif pace:
                row.pace = wanted
    except IntegrityError:  # pressed twice at once: the other one made the row
        if pace:
            changed = update(Follow).where(COLUMNS[kind] == key, Follow.user_id == by.id).values(pace=wanted)
            db.session.execute(changed)


def unfollow(kind: str, key: int | str, *, by: User) -> None:
    db.session.execute(delete(Follow).where(COLUMNS[kind] == key, Follow.user_id == by.id))


def followed_topics(person: Any) -> Select[int | None]:
    """The ids of the topics that a person follows by themselves."""
    return select(Follow.topic_id).where(Follow.user_id == person.id, Follow.topic_id.is_not(None))


def followed(person: Any) -> Sequence[Follow]:
    """All that the person follows, the latest first."""
    query = Follow.visible_to(person).options(joinedload(Follow.topic), joinedload(Follow.category))
    return db.session.scalars(query.order_by(Follow.id.desc()).limit(500)).all()


def stop_key(what: str, number: int) -> str:
    """The end of the link that stops something: `follow` (its id), `digest` or `mention` (the person's id)."""
    return str(_signer().dumps([what, number]))


def stopped_by(key: str) -> tuple[str, int] | None:
    """What a link stops; None for one that we did not make."""
    try:
        what, number = _signer().loads(key)
    except (BadSignature, ValueError, TypeError):
        return None
    return str(what), int(number)


def stop(what: str, number: int) -> None:
    """End what the link names. A second time does no harm."""
    if what == "follow":
        db.session.execute(delete(Follow).where(Follow.id == number))
    elif what == "digest":
        digests = update(Follow).where(Follow.user_id == number, Follow.pace.in_(("daily", "weekly")))
        db.session.execute(digests.values(pace="portal"))
    elif what == "mention" and db.session.scalar(select(User.id).where(User.id == number)):
        chosen = preference_of(number)
        chosen.mails_mentions = False
        db.session.add(chosen)


def _mine(kind: str, key: int | str, person_id: int) -> Select["Follow"]:
    return select(Follow).where(COLUMNS[kind] == key, Follow.user_id == person_id)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="community-following")
