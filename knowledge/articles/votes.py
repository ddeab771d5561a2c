"""'Was this helpful?' (Z16): one answer a reader and article, which they may change."""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from knowledge.articles.article import Vote
from portal.db import db


def vote(article_id: int, is_helpful: bool, *, voter: str, now: datetime) -> None:
    """Keep the voter's answer; a later one replaces it. `voter` is an account or a browser session."""
    key = hashlib.sha256(voter.encode()).hexdigest()
    mine = select(Vote).where(Vote.article_id == article_id, Vote.voter == key)
    row = db.session.scalar(mine)
    if row is None:
        try:
            with db.session.begin_nested():
                db.session.add(Vote(article_id=article_id, voter=key, is_helpful=is_helpful, voted_at=now))
            return
        except IntegrityError:  # two clicks at once: the other one made the row
            row = db.session.scalars(mine).one()
    row.is_helpful, row.voted_at = is_helpful, now
