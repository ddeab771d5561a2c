"""What the index has yet to learn: rows written in the transaction that changes an article."""

from collections.abc import Iterable

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db
from portal.jobs import enqueue


class IndexChange(Model):
    """One article to be indexed anew; deleted when that is done."""

    __tablename__ = "index_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int]


def note_changes(article_ids: Iterable[int]) -> None:
    """Have these articles indexed after this transaction commits."""
    db.session.execute(insert(IndexChange), [{"article_id": article_id} for article_id in article_ids])
    enqueue("index")


def outstanding() -> int:
    """How many changes wait for the indexer."""
    return db.session.scalar(select(func.count()).select_from(IndexChange)) or 0
