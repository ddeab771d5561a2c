"""The categories of the knowledge base, their sections, and what stands in them, in the editors' order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from knowledge.articles.article import Article, Category, Vote
from knowledge.articles.reading import Languages, preferred
from knowledge.paging import RowPages
from portal.audience import sees
from portal.db import db

TOP, RECENT, PAGE = 4, 6, 30
FEW = 2  # products that a category is about
ALL = "all"  # the address of the list of everything
EVERYTHING = 0  # the id of that list's shelf

_COLUMNS = (Category.id, Category.slug, Category.icon, Category.titles, Category.descriptions, Category.parent_id)


@dataclass(frozen=True)
class Shelf:
    """A category or section with how many articles it has, the first of them, and the sections below it."""

    id: int
    slug: str
    icon: str
    title: str
    description: str
    count: int = 0
    articles: Sequence[Any] = ()
    sections: Sequence["Shelf"] = ()
    upper: tuple[str, str] | None = None  # slug and title of the category that this is a section of

    @classmethod
    def of(cls, row: Any, languages: Languages, **more: Any) -> "Shelf":
        """The shelf of a category's row, in the best language."""
        title, description = languages.choose(row.titles), languages.choose(row.descriptions)
        return cls(row.id, row.slug, row.icon, title, description, **more)


def shelves(person: Any, languages: Languages) -> list[Shelf]:
    """The categories that have something for this person, each with its sections that have."""
    mine, rows = preferred(person, languages), _categories()
    counts = _counts(mine)
    top = func.coalesce(Category.parent_id, Category.id)
    first = _first(mine, top)
    found = []
    for row in rows:
        below = [r for r in rows if r.parent_id == row.id and counts.get(r.id)]
        count = counts.get(row.id, 0) + sum(counts[r.id] for r in below)
        if row.parent_id is None and count:
            sections = [Shelf.of(r, languages, count=counts[r.id]) for r in below]
            found.append(Shelf.of(row, languages, count=count, articles=first[row.id], sections=sections))
    return found


def sections(shelf: Shelf, person: Any, languages: Languages) -> list[Shelf]:
    """The sections of a category that have something for this person, with the first articles of each."""
    below = select(Category.id).where(Category.parent_id == shelf.id)
    mine = preferred(person, languages, Article.category_id.in_(below))
    counts = _counts(mine)
    if not counts:
        return []
    first = _first(mine, Category.id, TOP + 2)
    rows = [row for row in _categories() if counts.get(row.id)]
    return [Shelf.of(row, languages, count=counts[row.id], articles=first[row.id]) for row in rows]


def _counts(mine: Any) -> dict[int, int]:
    """How many there are in each category or section itself."""
    rows = db.session.execute(select(mine.c.category_id, func.count()).group_by(mine.c.category_id))
    return {category_id: count for category_id, count in rows if category_id}


def _first(mine: Any, shelf: Any, most: int = TOP) -> dict[int, list[Any]]:
    """The first articles on each shelf, by the shelf's id: in the editors' order, then those that helped most."""
    votes = select(Vote.article_id, func.sum(case((Vote.is_helpful, 1), else_=-1)).label("sum"))
    liked = votes.group_by(Vote.article_id).subquery()
    by_editors = (Category.parent_id.is_not(None), Category.position, mine.c.position)
    order = (*by_editors, func.coalesce(liked.c.sum, 0).desc(), mine.c.updated_at.desc(), mine.c.id)
    place = func.row_number().over(partition_by=shelf, order_by=order).label("place")
    placed = (
        select(mine, shelf.label("shelf"), place)
        .join(Category, Category.id == mine.c.category_id)
        .outerjoin(liked, liked.c.article_id == mine.c.id)
        .subquery()
    )
    found: dict[int, list[Any]] = {}
    for row in db.session.execute(select(placed).where(placed.c.place <= most).order_by(placed.c.place)):
        found.setdefault(row.shelf, []).append(row)
    return found


def _categories() -> Sequence[Any]:
    return db.session.execute(select(*_COLUMNS).order_by(Category.position, Category.slug)).all()


def recent(person: Any, languages: Languages) -> Sequence[Any]:
    """What was updated last."""
    mine = preferred(person, languages)
    return db.session.execute(select(mine).order_by(mine.c.updated_at.desc(), mine.c.id).limit(RECENT)).all()


def _found() -> Select[Any]:
    """A category by its slug and whoever reads it, with the one above it."""
    above, section = aliased(Category), aliased(Category)
    below = select(section.id).where(section.parent_id == Category.id).correlate(Category)
    here = or_(Article.category_id == Category.id, Article.category_id.in_(below))
    readable = select(Article.id).where(here, Article.status == "published").correlate(Category)
    readable = readable.where(Article.visibility.in_(bindparam("rights", expanding=True)))
    upper = (above.slug.label("upper_slug"), above.titles.label("upper_titles"))
    query = select(*_COLUMNS, *upper).outerjoin(above, above.id == Category.parent_id)
    return query.where(Category.slug == bindparam("slug"), readable.exists())


_FOUND = _found()  # written once: putting a statement together costs more than running it


def category(slug: str, person: Any, languages: Languages) -> Shelf | None:
    """One category without its articles, or None; one that has nothing for this person does not exist for them."""
    if "\0" in slug:
        return None
    if slug == ALL:
        return Shelf(EVERYTHING, ALL, "book-open", _("All articles"), "")
    row = db.session.execute(_FOUND, {"slug": slug, "rights": sees(person)}).first()
    if row is None:
        return None
    upper = (row.upper_slug, languages.choose(row.upper_titles)) if row.upper_slug else None
    return Shelf.of(row, languages, upper=upper)


def products(shelf: Shelf, person: Any) -> Sequence[str]:
    """The products that the articles of a category are about, if they are few: a category of all has none."""
    below = select(Category.id).where(Category.parent_id == shelf.id)
    here = or_(Article.category_id == shelf.id, Article.category_id.in_(below))
    readable = (here, Article.status == "published", Article.visibility.in_(sees(person)), Article.product.is_not(None))
    found = db.session.scalars(select(Article.product).where(*readable).distinct().limit(FEW + 1)).all()
    return [slug for slug in found if slug] if len(found) <= FEW else []


def listed(shelf: Shelf, person: Any, languages: Languages, sort: str) -> RowPages:
    """The articles of a category, page by page: its own in the editors' order, or with its sections' by date."""
    below = select(Category.id).where(Category.parent_id == shelf.id)
    own, all_below = Article.category_id == shelf.id, Article.category_id.in_(below)
    where = () if shelf.id == EVERYTHING else (or_(own, all_below),) if sort == "updated" else (own,)
    mine = preferred(person, languages, *where)
    by_title = (func.lower(mine.c.title), mine.c.id)
    if sort == "updated":
        order: tuple[Any, ...] = (mine.c.updated_at.desc(), mine.c.id)
    else:
        order = by_title if shelf.id == EVERYTHING else (mine.c.position, *by_title)
    query: Select[Any] = select(mine).order_by(*order)
    return RowPages(select=query, session=db.session, per_page=PAGE, max_per_page=PAGE)
