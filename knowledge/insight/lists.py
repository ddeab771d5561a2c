"""The lists of what editors learn from readers: one shape, so that all are drawn and exported alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from knowledge.insight.filters import Filters
from knowledge.insight.tables import Dismissal
from knowledge.insight.trend import Trend
from knowledge.paging import ListPages, RowPages
from portal.db import db

PER_PAGE = 25
MOST = 10_000  # lines of an export


@dataclass(frozen=True)
class Line:
    """One line. `key` and `lang` name it for ever; `acts` are what can be done about it (see templates/insight/_acts).

    `href` leads to the article, `at` is when it last happened. `amounts` are the further numbers and words of the
    line, as many as the list has `columns`.
    """

    key: str
    title: str
    lang: str = ""
    product: str | None = None
    href: str = ""
    article_id: int | None = None
    count: int | None = None
    at: datetime | date | None = None
    trend: Trend | None = None
    amounts: Sequence[Any] = ()
    said: Sequence[Any] = ()
    tickets: Sequence[Any] = ()
    waiting: int = 0
    reason: str = ""
    acts: Sequence[str] = ()


Rows = Sequence[Any]


@dataclass(frozen=True)
class Listing:
    """A list. `find` gives a select of rows (or all rows) for the filters, `lines` what is shown of those of a page.

    `says` tells how it is counted. `sorts` are the orders there are, the usual one first.
    """

    name: str
    icon: str
    title: Any
    says: Any
    empty: tuple[Any, Any]
    sorts: Mapping[str, Any]
    counted: Any
    find: Callable[[Filters, datetime], "Select[Any] | Rows"]
    lines: Callable[[Rows, Filters, datetime], list[Line]]
    moments: Callable[[Filters, datetime], Trend] | None = None
    columns: Sequence[Any] = ()
    happened: Any = ""
    has_period: bool = True
    can_dismiss: bool = field(default=True)

    def page(self, filters: Filters, now: datetime) -> "RowPages | ListPages":
        found = self.find(filters, now)
        if isinstance(found, Select):
            return RowPages(select=found, session=db.session, per_page=PER_PAGE, max_per_page=PER_PAGE)
        return ListPages(items=found, per_page=PER_PAGE, max_per_page=PER_PAGE)

    def every(self, filters: Filters, now: datetime) -> list[Line]:
        """For an export: at most `MOST` lines."""
        found = self.find(filters, now)
        rows = db.session.execute(found.limit(MOST)).all() if isinstance(found, Select) else found[:MOST]
        return self.lines(rows, filters, now)

    def count(self, filters: Filters, now: datetime) -> int:
        found = self.find(filters, now)
        if isinstance(found, Select):
            return db.session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
        return len(found)


def not_put_away(view: str, filters: Filters, key: Any, lang: Any = "") -> ColumnElement[bool]:
    """Leaves out what was dismissed from this list, or, when that is asked for, everything else."""
    there = select(Dismissal.id).where(Dismissal.view == view, Dismissal.key == key, Dismissal.lang == lang).exists()
    return there if filters.put_away else ~there


def day(value: Any) -> datetime:
    """The noon of what `func.date` gives: a date on PostgreSQL, its text on SQLite."""
    on = value if isinstance(value, date) else date.fromisoformat(str(value))
    return datetime.combine(on, time(12), tzinfo=UTC)


def dismiss(view: str, key: str, lang: str, *, by: Any, now: datetime) -> None:
    """Put a line away. A second time nothing happens."""
    mine = select(Dismissal).filter_by(view=view, key=key, lang=lang)
    if db.session.scalar(mine) is None:
        db.session.add(Dismissal(view=view, key=key, lang=lang, by_id=by.id, dismissed_at=now))


def bring_back(view: str, key: str, lang: str) -> None:
    if row := db.session.scalar(select(Dismissal).filter_by(view=view, key=key, lang=lang)):
        db.session.delete(row)
