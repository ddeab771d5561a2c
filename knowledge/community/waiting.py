"""What waits for those who keep order: held posts, flagged ones, and appeals; the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from knowledge.community.flags import Flag
from knowledge.community.standing import Sanction
from knowledge.community.topic import Post
from portal.db import db

MOST = 50


@dataclass(frozen=True)
class Waiting:
    """`flags` are those of the posts shown here, by the post's id."""

    held: Sequence[Post]
    flagged: Sequence[Post]
    flags: dict[int, list[Flag]]
    appeals: Sequence[Sanction]

    @property
    def count(self) -> int:
        return len(self.held) + len(self.flagged) + len(self.appeals)


def waiting(person: Any) -> Waiting:
    whole = (joinedload(Post.topic), joinedload(Post.author))
    mine = Post.visible_to(person).options(*whole).order_by(Post.created_at, Post.id).limit(MOST)
    still_open = select(Flag.post_id).where(Flag.settled_at.is_(None))
    held = db.session.scalars(mine.where(Post.state == "held")).all()
    flagged = db.session.scalars(mine.where(Post.state == "shown", Post.id.in_(still_open))).all()
    ids = [post.id for post in (*held, *flagged)]
    query = Flag.visible_to(person).where(Flag.post_id.in_(ids), Flag.settled_at.is_(None))
    flags: dict[int, list[Flag]] = {}
    for one in db.session.scalars(query.options(joinedload(Flag.by)).order_by(Flag.id)):
        flags.setdefault(one.post_id, []).append(one)
    unanswered = Sanction.visible_to(person).where(
        Sanction.appealed_at.is_not(None), Sanction.answered_at.is_(None), Sanction.lifted_at.is_(None)
    )
    unanswered = unanswered.options(joinedload(Sanction.user)).order_by(Sanction.appealed_at, Sanction.id).limit(MOST)
    return Waiting(held, flagged, flags, db.session.scalars(unanswered).all())
