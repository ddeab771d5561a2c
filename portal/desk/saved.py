"""Saved searches: views of the queue under a name, one's own or shared with all who answer."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Select, String, Text, bindparam, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.people import User
from portal.db import Model, db, read, utcnow
from portal.desk.sieve import Sieve
from portal.errors import Refused

LONGEST_NAME = 60
MOST = 30  # of one person; as many stand above the queue


class SavedSearch(Model):
    """`query` is the end of the queue's address, as a sieve writes it."""

    __tablename__ = "saved_search"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    query: Mapped[str] = mapped_column(Text)
    is_shared: Mapped[bool] = mapped_column(default=False)
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)

    owner: Mapped[User] = relationship()

    @classmethod
    def visible_to(cls, person: User) -> Select["SavedSearch"]:
        return cls.readable().params(reader=person.id)

    @classmethod
    @cache
    def readable(cls) -> Select["SavedSearch"]:
        """`visible_to` for whoever's id is given as `reader` when the query runs: their own and what is shared."""
        return select(cls).where(or_(cls.owner_id == bindparam("reader"), cls.is_shared)).order_by(cls.name, cls.id)

    def may_remove(self, person: User) -> bool:
        """Whoever saved it; shared ones admins too."""
        return self.owner_id == person.id or (self.is_shared and bool(person.has_role("admin")))


@cache
def _shown() -> Select[Any]:
    shown: Any = SavedSearch.readable()
    chosen: Select[Any] = shown.with_only_columns(SavedSearch.name, SavedSearch.query).limit(MOST)
    return chosen


def shown_to(person: User) -> Sequence[Any]:
    """Rows with name and query, for the links above the queue: one cheap query, as every page of it asks."""
    return read(_shown(), reader=person.id)


def save(sieve: Sieve, name: str, *, is_shared: bool, by: User, now: datetime) -> SavedSearch:
    if not sieve.query():
        raise Refused(_("Choose filters in the queue first."))
    own = select(func.count()).where(SavedSearch.owner_id == by.id)
    if (db.session.scalar(own) or 0) >= MOST:
        raise Refused(_("You have too many. Remove some first."))
    row = SavedSearch(owner_id=by.id, name=name, query=sieve.query(), is_shared=is_shared, saved_at=now)
    db.session.add(row)
    return row
