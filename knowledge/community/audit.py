"""What those who keep order did, for all of them to read. Rows are added and never changed: nothing here could."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, false, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge.community.topic import is_keeper
from portal.accounts.people import User
from portal.db import Model, db, utcnow


class ModerationAct(Model):
    """One act of a moderator (`by`), or of the portal itself (None).

    Topic, post and person are plain numbers: what was done stays known when they are gone. `title` is the topic's.
    """

    __tablename__ = "moderation_act"
    __table_args__ = (
        Index("ix_moderation_act_person", "person_id", "id"),
        Index("ix_moderation_act_topic", "topic_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(20))
    topic_id: Mapped[int | None]
    number: Mapped[int | None]  # the post's, in that topic
    person_id: Mapped[int | None]  # whose post it was, or who was warned
    title: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text, default="")

    by: Mapped[User | None] = relationship()

    @classmethod
    def visible_to(cls, person: Any) -> Select["ModerationAct"]:
        """Those who keep order read all of it, the newest first; nobody else any."""
        return select(cls).where(*([] if is_keeper(person) else [false()])).order_by(cls.id.desc())


def note(
    kind: str,
    *,
    by: User | None,
    now: datetime,
    topic: Any = None,
    number: int | None = None,
    person_id: int | None = None,
    reason: str = "",
) -> None:
    """Write it down, in the transaction that does it."""
    given = {"topic_id": topic.id, "title": topic.title} if topic is not None else {}
    act = ModerationAct(kind=kind, by_id=by.id if by else None, at=now, number=number, person_id=person_id, **given)
    act.reason = reason
    db.session.add(act)
