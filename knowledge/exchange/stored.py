"""Articles of the database as manuscripts: what an export writes, and what an import compares with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from knowledge.articles.article import Article, Category
from knowledge.articles.writing import Manuscript
from portal.db import db

_Original = aliased(Article)


@dataclass(frozen=True)
class Stored:
    """An article as it is kept; what a manuscript has no room for stands beside it."""

    id: int
    manuscript: Manuscript
    position: int
    check_by: date | None


def stored(*where: ColumnElement[bool], fetched: int = 200) -> Iterator[Stored]:
    """The articles that fulfil the conditions, by external id; never more than `fetched` of them in memory."""
    query = (
        select(
            *(Article.id, Article.external_id, Article.slug, Article.lang, Article.title, Article.body),
            *(Article.summary, Article.product, Article.versions, Article.tags, Article.visibility),
            *(Article.machine_translated, Article.status, Article.updated_at, Article.position, Article.check_by),
            Category.slug.label("category"),
            _Original.external_id.label("original"),
        )
        .outerjoin(Category, Category.id == Article.category_id)
        .outerjoin(_Original, _Original.id == Article.translation_of_id)
        .where(*where)
        .order_by(Article.external_id)
        .execution_options(yield_per=fetched)
    )
    for row in db.session.execute(query):
        yield Stored(row.id, _manuscript(row), row.position, row.check_by)


def _manuscript(row: Any) -> Manuscript:
    return Manuscript(
        external_id=row.external_id,
        slug=row.slug,
        lang=row.lang,
        title=row.title,
        body=row.body,
        summary=row.summary,
        category=row.category,
        product=row.product,
        versions=row.versions or None,
        tags=tuple(row.tags),
        visibility=row.visibility,
        machine_translated=row.machine_translated,
        translation_of=row.original,
        status=row.status,
        updated_at=row.updated_at,
    )


def is_alike(manuscript: Manuscript, kept: Manuscript) -> bool:
    """True when writing the manuscript would change nothing of what is kept."""
    written = replace(
        manuscript,
        title=manuscript.title.strip(),
        summary=manuscript.summary.strip(),
        versions=manuscript.versions or None,
        category=manuscript.category or None,
        product=manuscript.product or None,
        tags=tuple(manuscript.tags),
        updated_at=manuscript.updated_at or kept.updated_at,
    )
    return written == kept
