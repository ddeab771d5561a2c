"""The editors' queue: what waits for whom, as queries of columns."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased

from knowledge.articles.article import Article, Category
from knowledge.articles.revision import DRAFT, OPEN, PUBLISHED, REVIEW, SCHEDULED, Revision
from knowledge.paging import RowPages
from portal.accounts.people import User
from portal.db import db

PAGE = 25
SOON = timedelta(days=2)
LISTS = ("mine", "review", "due", "scheduled", "published", "all")
STATUSES = ("published", "draft", "archived", "stale")

Author, Reviewer = aliased(User), aliased(User)
_OPEN = Revision.state.in_(OPEN)


@dataclass(frozen=True)
class Sieve:
    """What the reader narrowed a list to."""

    q: str = ""
    lang: str = ""
    status: str = ""
    category: str = ""


def revisions(name: str, sieve: Sieve, *, by: Any, today: date) -> RowPages:
    """One page of a list of revisions."""
    columns: tuple[Any, ...] = (Revision.id, Revision.title, Revision.number, Revision.state, Revision.updated_at)
    columns += (Revision.review_due,)
    more = (Revision.publish_at, Revision.published_at, Revision.note, Article.slug, Article.lang, Article.revision)
    names = (_name(Author).label("author"), _name(Reviewer).label("reviewer"), Revision.article_id, Article.status)
    query: Select[Any] = (
        select(*columns, *more, *names)
        .join(Article, Article.id == Revision.article_id)
        .outerjoin(Author, Author.id == Revision.author_id)
        .outerjoin(Reviewer, Reviewer.id == Revision.reviewer_id)
        .where(*_belongs(name, by=by, today=today), *_narrowed(sieve, Revision.title))
        .order_by(*_order(name))
    )
    return _pages(query)


def counts(*, by: Any, today: date) -> dict[str, int]:
    """How many there are in each list that can be worked off."""
    numbers = [
        select(func.count()).select_from(Revision).where(*_belongs(name, by=by, today=today)).scalar_subquery()
        for name in LISTS
        if name != "published"
    ]
    row = db.session.execute(select(*numbers)).one()
    return dict(zip((name for name in LISTS if name != "published"), row, strict=True))


def articles(sieve: Sieve, *, today: date) -> RowPages:
    """One page of all articles, whatever their status, those that changed last first."""
    columns = (Article.id, Article.slug, Article.lang, Article.title, Article.status, Article.updated_at)
    more = (Article.check_by, Article.visibility, Category.titles, Revision.state.label("open_state"))
    is_stale: ColumnElement[bool] = Article.check_by <= today
    if sieve.status == "stale":
        where = (is_stale, Article.status == "published")
    else:
        where = (Article.status == sieve.status,) if sieve.status in STATUSES else ()  # type: ignore[assignment]
    shelf = (Category.slug == sieve.category,) if sieve.category else ()
    query = (
        select(*columns, *more, Revision.id.label("open_id"))
        .outerjoin(Article.category)
        .outerjoin(Revision, (Revision.article_id == Article.id) & _OPEN)
        .where(*where, *shelf, *_narrowed(sieve, Article.title))
        .order_by(Article.updated_at.desc(), Article.id)
    )
    return _pages(query)


def written_languages() -> list[str]:
    return list(db.session.scalars(select(Article.lang).distinct().order_by(Article.lang)))


def _belongs(name: str, *, by: Any, today: date) -> tuple[ColumnElement[bool], ...]:
    """What stands in a list."""
    in_review = Revision.state == REVIEW
    match name:
        case "mine":
            return Revision.state == DRAFT, Revision.author_id == by.id
        case "review":
            for_me = or_(Revision.reviewer_id == by.id, Revision.reviewer_id.is_(None))
            return in_review, for_me, or_(Revision.author_id != by.id, Revision.reviewer_id == by.id)
        case "due":
            return in_review, Revision.review_due <= today + SOON
        case "scheduled":
            return (Revision.state == SCHEDULED,)
        case "published":
            return Revision.state == PUBLISHED, Revision.author_id.is_not(None)
    return (_OPEN,)


def _order(name: str) -> tuple[ColumnElement[Any], ...]:
    if name in ("review", "due"):
        return func.coalesce(Revision.review_due, date.max).asc(), Revision.id.asc()
    if name == "scheduled":
        return Revision.publish_at.asc(), Revision.id.asc()
    if name == "published":
        return Revision.published_at.desc(), Revision.id.desc()
    return Revision.updated_at.desc(), Revision.id.desc()


def _narrowed(sieve: Sieve, title: Any) -> tuple[ColumnElement[bool], ...]:
    words = sieve.q.split()[:8]
    named = [or_(*(place.icontains(word, autoescape=True) for place in (title, Article.slug))) for word in words]
    return (*named, *((Article.lang == sieve.lang,) if sieve.lang else ()))


def _name(person: Any) -> ColumnElement[str]:
    return func.coalesce(func.nullif(person.name, ""), person.email)


def _pages(query: Select[Any]) -> RowPages:
    return RowPages(select=query, session=db.session, per_page=PAGE, max_per_page=PAGE)
