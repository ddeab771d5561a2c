"""The edition of everything that is searched: caches and the index carry its number."""

import secrets

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db, read


class Edition(Model):
    """One row: `number` grows with every change of what readers see, `token` tells this database from others.

    Caches carry both in their keys, and the search index carries them to know whose index it is.
    """

    __tablename__ = "knowledge_edition"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(default=1)
    token: Mapped[str] = mapped_column(String(20), default=lambda: secrets.token_hex(8))

    @classmethod
    def current(cls) -> tuple[str, int]:
        """(token, number) as of this transaction; ("", 0) before anything was written."""
        rows = read(_CURRENT)
        return (rows[0].token, rows[0].number) if rows else ("", 0)

    @classmethod
    def advance(cls) -> None:
        """Start the next edition in this transaction."""
        next_one = db.update(cls).where(cls.id == 1).values(number=cls.number + 1).returning(cls.number)
        if db.session.execute(next_one).first() is None:
            db.session.add(cls(id=1))
            db.session.flush()


_CURRENT = select(Edition.token, Edition.number).where(Edition.id == 1)
