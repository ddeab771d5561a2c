"""What the index has yet to learn: rows written in the transaction that changes what is searched."""

from collections.abc import Iterable, Sequence

from sqlalchemy import String, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Model, db
from portal.jobs import enqueue

BATCH = 500


class IndexChange(Model):
    """One thing to be indexed anew; deleted when that is done. `kind` is what its source is called."""

    __tablename__ = "index_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), default="article", server_default="article")
    item_id: Mapped[int] = mapped_column("article_id")


def note_changes(ids: Iterable[int], kind: str = "article") -> None:
    """Have these articles (documents …) indexed after this transaction commits."""
    db.session.execute(insert(IndexChange), [{"kind": kind, "item_id": item_id} for item_id in ids])
    enqueue("index")


def noted_changes() -> tuple[list[int], dict[str, set[int]]]:
    """The notes' numbers, and what is noted by kind."""
    notes: list[int] = []
    changed: dict[str, set[int]] = {}
    for row in db.session.execute(select(IndexChange.id, IndexChange.kind, IndexChange.item_id)):
        notes.append(row.id)
        changed.setdefault(row.kind, set()).add(row.item_id)
    return notes, changed


def forget_changes(notes: Sequence[int]) -> None:
    """Just these: on PostgreSQL one with a smaller number may have been committed while they were indexed."""
    for start in range(0, len(notes), BATCH):
        db.session.execute(delete(IndexChange).where(IndexChange.id.in_(notes[start : start + BATCH])))


def outstanding() -> int:
    """How many changes wait for the indexer."""
    return db.session.scalar(select(func.count()).select_from(IndexChange)) or 0
