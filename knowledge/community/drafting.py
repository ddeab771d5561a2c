"""What was typed in the community and not posted: kept at each pause, and on every refused form."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from knowledge.community.answering import post_of
from portal.accounts.people import User
from portal.db import Model, db, utcnow
from portal.tickets.conversation import clean
from portal.tickets.drafts import own_key
from portal.web import settings

FIELDS = ("category", "kind", "title", "body", "tags", "product", "reply_to")
LONGEST_FIELD = 100_000
MOST = 20  # of one person; the oldest make room


class PostDraft(Model):
    """The text of one form: an answer to a topic, or (without one) a topic to be begun."""

    __tablename__ = "post_draft"
    __table_args__ = (Index("ix_post_draft_owner", "owner_id", "topic_id", "updated_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id", ondelete="CASCADE"), index=True)
    form_key: Mapped[str] = mapped_column(String(32), unique=True)
    fields: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def visible_to(cls, person: Any) -> Select["PostDraft"]:
        """A person's own, the newest first."""
        return select(cls).where(cls.owner_id == person.id).order_by(cls.updated_at.desc(), cls.id.desc())


def keep(person: User, form_key: str | None, typed: Mapping[str, Any], *, topic_id: int | None, now: datetime) -> bool:
    """Write what the person has typed so far; false where there is nothing to keep, or the form was posted already."""
    key = own_key(form_key)
    fields = {name: clean(str(typed[name]))[:LONGEST_FIELD] for name in FIELDS if typed.get(name)}
    if not key or post_of(key, person):
        return False
    draft = db.session.scalar(PostDraft.visible_to(person).where(PostDraft.form_key == key))
    if not fields.get("body") and not fields.get("title"):
        if draft is not None:
            db.session.delete(draft)
        return False
    if draft is None:
        for old in db.session.scalars(PostDraft.visible_to(person).offset(MOST - 1)).all():
            db.session.delete(old)
        draft = PostDraft(owner_id=person.id, form_key=key, topic_id=topic_id)
        try:
            with db.session.begin_nested():
                draft.fields, draft.updated_at = fields, now
                db.session.add(draft)
        except IntegrityError:  # the same form twice at once, or somebody else's key
            return False
    draft.fields, draft.updated_at = fields, now
    return True


def latest(person: Any, topic_id: int | None) -> PostDraft | None:
    """What the person left unposted: of this topic, or (None) a topic of their own."""
    mine = PostDraft.visible_to(person)
    here = PostDraft.topic_id.is_(None) if topic_id is None else PostDraft.topic_id == topic_id
    return db.session.scalars(mine.where(here).limit(1)).first()


def forget_old(*, now: datetime) -> int:
    """Remove what nobody came back for; returns how many."""
    old = delete(PostDraft).where(PostDraft.updated_at < now - timedelta(days=settings().forum_draft_days))
    return len(db.session.execute(old.returning(PostDraft.id)).all())


def discard(person: User, form_key: str | None) -> None:
    """The form was posted: its draft can go."""
    mine = (PostDraft.owner_id == person.id, PostDraft.form_key == own_key(form_key))
    db.session.execute(delete(PostDraft).where(*mine))
