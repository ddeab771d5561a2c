"""'Was this helpful?' (Z16): one answer a reader and article, which they may explain, change and take back."""

import hashlib
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError

from knowledge.articles.article import Vote
from portal.db import db

REASONS = {
    "wrong": _l("Something in it is wrong"),
    "outdated": _l("It is out of date"),
    "unclear": _l("I could not follow it"),
    "unsolved": _l("It does not solve my problem"),
    "other": _l("Something else"),
}
LONGEST_COMMENT = 1000


def vote(article_id: int, is_helpful: bool, *, voter: str, now: datetime, reason: str = "", comment: str = "") -> None:
    """Keep the voter's answer; a later one replaces it. `voter` is an account or a browser session.

    What helped needs no reason. A comment is cut at `LONGEST_COMMENT`, and waits until an editor has dealt with it.
    """
    comment = comment.replace("\0", "").replace("\r\n", "\n").strip()[:LONGEST_COMMENT]
    answer = {"is_helpful": is_helpful, "reason": reason, "comment": comment, "dealt_with_at": None, "voted_at": now}
    if is_helpful:
        answer |= {"reason": "", "comment": ""}
    mine = _of(article_id, voter)
    row = db.session.scalar(select(Vote).where(*mine))
    if row is None:
        try:
            with db.session.begin_nested():
                db.session.add(Vote(article_id=article_id, voter=_key(voter), **answer))
            return
        except IntegrityError:  # two clicks at once: the other one made the row
            row = db.session.scalars(select(Vote).where(*mine)).one()
    for name, value in answer.items():
        setattr(row, name, value)


def take_back(article_id: int, *, voter: str) -> None:
    """Forget the voter's answer."""
    db.session.execute(delete(Vote).where(*_of(article_id, voter)))


def _of(article_id: int, voter: str) -> tuple[ColumnElement[bool], ...]:
    return Vote.article_id == article_id, Vote.voter == _key(voter)


def _key(voter: str) -> str:
    return hashlib.sha256(voter.encode()).hexdigest()
