"""Articles as the search sees them: their sections."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import String, bindparam, cast, func, or_, select

from knowledge.articles.article import Article, Category, Section
from knowledge.search.items import Item, Ref, Scope, Shown
from portal.audience import sees
from portal.db import db

KIND = "article"

# A pair of columns IN a list is a scan of the whole table in SQLite: so more is read, and left out below. The status is
# hidden from it in a function, else it walks through the index of all that is published instead of taking these few.
_SHOWN = (
    select(Article.id, Article.external_id, Article.slug, Article.lang, Article.title, Article.summary)
    .add_columns(Article.updated_at, Section.position, Section.anchor, Section.heading, Section.text)
    .join(Section, Section.article_id == Article.id)
    .where(func.coalesce(Article.status, "") == "published")
    .where(Article.visibility.in_(bindparam("audiences", expanding=True)))
    .where(Article.id.in_(bindparam("articles", expanding=True)))
    .where(Section.position.in_(bindparam("positions", expanding=True)))
)


class ArticleSource:
    """One item for each section; an article's translations share its address."""

    kind = KIND

    def ids(self) -> Sequence[int]:
        return db.session.scalars(select(Article.id).where(Article.status == "published").order_by(Article.id)).all()

    def items(self, ids: Sequence[int]) -> Iterator[Item]:
        sections: dict[int, list[Any]] = {}
        texts = select(Section.article_id, Section.position, Section.heading, Section.text)
        for section in db.session.execute(texts.where(Section.article_id.in_(ids)).order_by(Section.position)):
            sections.setdefault(section.article_id, []).append(section)
        columns = (Article.id, Article.slug, Article.lang, Article.title, Article.summary, Article.tags)
        more = (Article.product, Article.versions, Article.visibility, Category.titles.label("shelf"))
        query = select(*columns, *more).outerjoin(Article.category).where(Article.status == "published")
        for article in db.session.execute(query.where(Article.id.in_(ids))):
            for section in sections.get(article.id, ()):
                yield _item(article, section)

    def shown(self, refs: Collection[Ref], person: Any, locale: str) -> Mapping[tuple[int, int], Shown]:
        wanted = {(ref.item_id, ref.position): ref for ref in refs}
        articles, positions = ({key[n] for key in wanted} for n in (0, 1))
        asked = {"audiences": sees(person), "articles": list(articles), "positions": list(positions)}
        rows = db.session.execute(_SHOWN, asked)
        return {
            (row.id, row.position): _shown(ref, row, locale)
            for row in rows
            if (ref := wanted.get((row.id, row.position)))
        }

    def plain(self, words: Collection[str], scope: Scope, most: int) -> Iterable[tuple[Ref, str, str]]:
        here = [column.icontains(word, autoescape=True) for word in words for column in (Article.title, Section.text)]
        columns = (Article.id, Article.slug, Article.lang, Article.product, Article.versions, Article.title)
        query = (
            select(*columns, Section.position, cast(Section.text, String).label("text"))
            .join(Section, Section.article_id == Article.id)
            .where(Article.status == "published", Article.visibility.in_(scope.audiences), or_(*here))
            .limit(most)
        )
        query = query.where(Article.lang == scope.lang) if scope.lang else query
        query = query.where(Article.product == scope.product) if scope.product else query
        for row in db.session.execute(query):
            yield _ref(row, row.position), row.title, row.text


def _ref(article: Any, position: int) -> Ref:
    return Ref(KIND, article.id, position, f"kb/{article.slug}", article.lang, article.product, article.versions)


def _item(article: Any, section: Any) -> Item:
    is_first = section.position == 0
    shelf = (article.shelf or {}).get(article.lang.split("-")[0], "")
    return Item(
        ref=_ref(article, section.position),
        audience=article.visibility,
        title=article.title,
        heading=section.heading,
        text=f"{article.summary}\n{section.text}" if is_first else section.text,
        tags=article.tags,
        about=tuple(filter(None, (shelf, article.product))),
        is_first=is_first,
    )


def _shown(ref: Ref, row: Any, locale: str) -> Shown:
    url = f"/kb/{quote(row.slug)}"
    if row.lang.split("-")[0] != locale.split("-")[0]:
        url += f"?in={quote(row.lang)}"
    text = row.text if row.position or not row.summary else f"{row.summary} {row.text}"
    return Shown(
        ref=ref,
        id=row.external_id,
        url=url,
        anchor=row.anchor,
        title=row.title,
        heading=row.heading,
        text=text or row.summary,
        lang=row.lang,
        updated_at=row.updated_at,
    )
