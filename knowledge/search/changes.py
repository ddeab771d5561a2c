"""What the index has yet to learn: rows written in the transaction that changes an article."""

from collections.abc import Iterable

from sqlalchemy import String, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db
from portal.jobs import enqueue


class IndexChange(Model):
    """One thing to be indexed anew; deleted when that is done. `kind` is what `search.sources` calls it."""

    __tablename__ = "index_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), default="article", server_default="article")
    item_id: Mapped[int] = mapped_column("article_id")


def note_changes(ids: Iterable[int], kind: str = "article") -> None:
    """Have these articles (documents …) indexed after this transaction commits."""
    db.session.execute(insert(IndexChange), [{"kind": kind, "item_id": item_id} for item_id in ids])
    enqueue("index")


def outstanding() -> int:
    """How many changes wait for the indexer."""
    return db.session.scalar(select(func.count()).select_from(IndexChange)) or 0
