"""What the pages of the knowledge base show: columns, one row for each address, in the language read best."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, bindparam, case, func, select

from knowledge.articles.article import Article, Category, Vote, best_language
from knowledge.audience import sees
from knowledge.edition import Edition
from knowledge.paging import RowPages
from portal.accounts.products import Product
from portal.db import db

TOP, RECENT, RELATED, PAGE = 4, 6, 4, 30
ALL = "all"  # the address of the list of everything
COLUMNS = (
    Article.id,
    Article.slug,
    Article.lang,
    Article.title,
    Article.summary,
    Article.category_id,
    Article.product,
    Article.versions,
    Article.tags,
    Article.updated_at,
)


@dataclass(frozen=True)
class Languages:
    """The reader's language and the site's, in which articles are preferred."""

    reader: str
    site: str

    def choose(self, texts: dict[str, str]) -> str:
        """The text in the best language of those there are."""
        lang = best_language((self.reader, self.site, "en"), texts)
        return texts[lang] if lang else next(iter(texts.values()), "")

    def order(self) -> ColumnElement[int]:
        """0 for the reader's language, then the site's, then originals, then the rest."""
        base = self.reader.split("-")[0]
        return case(
            (Article.lang == self.reader, 0),
            (Article.lang.startswith(base), 1),
            (Article.lang.startswith(self.site.split("-")[0]), 2),
            (Article.translation_of_id.is_(None), 3),
            else_=4,
        )


def preferred(person: Any, languages: Languages, *where: ColumnElement[bool]) -> Any:
    """A subquery of what this person may read, one article for each address, in the language they read best."""
    order = (languages.order(), Article.id)
    rank = func.row_number().over(partition_by=Article.slug, order_by=order).label("rank")
    visible = (Article.status == "published", Article.visibility.in_(sees(person)), *where)
    ranked = select(*COLUMNS, rank).where(*visible).subquery()
    return select(ranked).where(ranked.c.rank == 1).subquery()


@dataclass(frozen=True)
class Shelf:
    """A category with how many articles it has, and the first of them."""

    slug: str
    icon: str
    title: str
    description: str
    count: int
    articles: Sequence[Any]


def shelves(person: Any, languages: Languages) -> list[Shelf]:
    """The categories that have something for this person, in the editors' order."""
    mine = preferred(person, languages)
    votes = select(Vote.article_id, func.sum(case((Vote.is_helpful, 1), else_=-1)).label("sum"))
    liked = votes.group_by(Vote.article_id).subquery()
    order = (func.coalesce(liked.c.sum, 0).desc(), mine.c.updated_at.desc(), mine.c.id)
    place = func.row_number().over(partition_by=mine.c.category_id, order_by=order).label("place")
    count = func.count().over(partition_by=mine.c.category_id).label("count")
    placed = select(mine, place, count).outerjoin(liked, liked.c.article_id == mine.c.id).subquery()
    first = select(placed).where(placed.c.place <= TOP).order_by(placed.c.place)
    by_category: dict[int, list[Any]] = {}
    for row in db.session.execute(first):
        by_category.setdefault(row.category_id, []).append(row)
    columns = (Category.id, Category.slug, Category.icon, Category.titles, Category.descriptions)
    return [
        Shelf(c.slug, c.icon, languages.choose(c.titles), languages.choose(c.descriptions), rows[0].count, rows)
        for c in db.session.execute(select(*columns).order_by(Category.position, Category.slug))
        if (rows := by_category.get(c.id))
    ]


def recent(person: Any, languages: Languages) -> Sequence[Any]:
    """What was updated last."""
    mine = preferred(person, languages)
    return db.session.execute(select(mine).order_by(mine.c.updated_at.desc(), mine.c.id).limit(RECENT)).all()


def category(slug: str, person: Any, languages: Languages) -> Shelf | None:
    """One category without its articles, or None; one that has nothing for this person does not exist for them."""
    if "\0" in slug:
        return None
    if slug == ALL:
        return Shelf(ALL, "book-open", _("All articles"), "", 0, ())
    readable = Article.visible_to(person).where(Article.category_id == Category.id).exists()
    row = db.session.execute(select(Category).filter_by(slug=slug).where(readable)).scalar_one_or_none()
    if row is None:
        return None
    return Shelf(slug, row.icon, languages.choose(row.titles), languages.choose(row.descriptions), 0, (row.id,))


def listed(shelf: Shelf, person: Any, languages: Languages, sort: str) -> RowPages:
    """The articles of a category, page by page, by title or with the newest first."""
    where = (Article.category_id == shelf.articles[0],) if shelf.slug != ALL else ()
    mine = preferred(person, languages, *where)
    order = (mine.c.updated_at.desc(), mine.c.id) if sort == "updated" else (func.lower(mine.c.title), mine.c.id)
    query: Select[Any] = select(mine).order_by(*order)
    return RowPages(select=query, session=db.session, per_page=PAGE, max_per_page=PAGE)


@dataclass(frozen=True)
class Address:
    """An address and the article it leads this reader to; `edition` is part of every key under which it is kept."""

    edition: tuple[str, int]
    article_id: int
    lang: str
    translations: tuple[str, ...]


_LEADS_TO = (  # written once: putting a statement together costs more than running it
    select(Edition.token, Edition.number, Article.id, Article.lang)
    .join(Edition, Edition.id == 1)
    .where(Article.slug == bindparam("slug"), Article.status == "published")
    .where(Article.visibility.in_(bindparam("rights", expanding=True)))
    .order_by(Article.translation_of_id.is_not(None), Article.id)
)


def address(slug: str, person: Any, wanted: str | None, languages: Languages) -> Address | None:
    """Where an address leads: the language asked for, else the reader's, else the original. One query."""
    if "\0" in slug:
        return None
    rows = db.session.execute(_LEADS_TO, {"slug": slug, "rights": sees(person)}).all()
    if not rows:
        return None
    available = [row.lang for row in rows]
    choice = best_language(filter(None, (wanted, languages.reader)), available) or available[0]
    row = next(row for row in rows if row.lang == choice)
    return Address((row.token, row.number), row.id, row.lang, tuple(sorted(available)))


class Page:
    """Everything the page of one article shows, read when it is asked for."""

    def __init__(self, where: Address, person: Any, languages: Languages) -> None:
        self.where, self.person, self.languages = where, person, languages

    @cached_property
    def article(self) -> Any:
        extra = (Article.html, Article.toc, Article.machine_translated, Article.translation_of_id)
        query = select(*COLUMNS, *extra, Category.slug.label("shelf"), Category.titles)
        return db.session.execute(query.outerjoin(Article.category).where(Article.id == self.where.article_id)).one()

    @property
    def html(self) -> Markup:
        """The text as `rendering.py` made and cleaned it."""
        return Markup(self.article.html)

    @cached_property
    def shelf_title(self) -> str:
        return self.languages.choose(self.article.titles) if self.article.titles else ""

    @cached_property
    def original(self) -> Any:
        """Language and title of the article this one was translated from, if this person may read it."""
        query = select(Article.lang, Article.title).where(Article.id == self.article.translation_of_id)
        visible = (Article.status == "published", Article.visibility.in_(sees(self.person)))
        return db.session.execute(query.where(*visible)).first()

    @property
    def is_in_readers_language(self) -> bool:
        return self.article.lang.split("-")[0] == self.languages.reader.split("-")[0]

    @cached_property
    def product_name(self) -> str:
        if not self.article.product:
            return ""
        name = db.session.scalar(select(Product.name).filter_by(slug=self.article.product))
        return name or self.article.product

    @cached_property
    def related(self) -> list[Any]:
        """Articles of the same category, those that share the most tags first."""
        if self.article.category_id is None:
            return []
        here = (Article.category_id == self.article.category_id, Article.slug != self.article.slug)
        mine = preferred(self.person, self.languages, *here)
        rows = db.session.execute(select(mine).order_by(mine.c.updated_at.desc(), mine.c.id).limit(100)).all()
        tags, product = set(self.article.tags), self.article.product
        return sorted(rows, key=lambda row: -(2 * len(tags & set(row.tags)) + (row.product == product)))[:RELATED]


def product_names() -> dict[str, str]:
    """The catalogue's names by slug."""
    return {row.slug: row.name for row in db.session.execute(select(Product.slug, Product.name))}


def language_name(code: str, reader: str | None = None) -> str:
    """A language's name, its own (for switches between translations) or the reader's for it."""
    try:
        locale = Locale.parse(code, sep="-")
        return (locale.get_display_name(Locale.parse(reader, sep="-") if reader else locale) or code).capitalize()
    except (UnknownLocaleError, ValueError):
        return code


def version_range(versions: str | None) -> str:
    """'>=4.0' in words; what isn't of that shape stays as the editors wrote it."""
    if not versions:
        return ""
    if since := re.fullmatch(r">=\s*([\w.]+)", versions):
        return _("%(version)s and later", version=since[1])
    if until := re.fullmatch(r"<=\s*([\w.]+)", versions):
        return _("up to %(version)s", version=until[1])
    if between := re.fullmatch(r">=\s*([\w.]+)\s*,?\s*<\s*([\w.]+)", versions):
        return _("%(first)s to before %(last)s", first=between[1], last=between[2])
    return versions
