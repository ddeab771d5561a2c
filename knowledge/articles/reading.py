"""What the page of an article shows: columns, one row for each address, in the language read best."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import ColumnElement, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from knowledge.articles.article import Article, Category, best_language
from knowledge.articles.pictures import measured
from knowledge.articles.revision import ArticleFile, OldAddress
from knowledge.edition import Edition
from portal.accounts.products import Product
from portal.audience import STAFF, sees
from portal.db import db, read

RELATED = 4
MOST_IN_ORDER = 500  # in a longer section nobody reads one after the other
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
    Article.position,
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


def articles_for(audiences: Collection[str], person: Any, languages: Languages, most: int = 50) -> Sequence[Any]:
    """What this person may read of the articles that are for these audiences alone, the newest first."""
    found = preferred(person, languages, Article.visibility.in_(audiences))
    return db.session.execute(select(found).order_by(found.c.updated_at.desc(), found.c.id.desc()).limit(most)).all()


@dataclass(frozen=True)
class Address:
    """An address and the article it leads this reader to; `edition` is part of every key under which it is kept."""

    edition: tuple[str, int]
    article_id: int
    lang: str
    translations: tuple[str, ...]


@lru_cache(maxsize=32)
def _leads_to(many: int) -> Any:
    """For readers who see so many audiences: putting a statement together costs more than running it."""
    rights: list[Any] = [bindparam(f"right_{n}") for n in range(many)]
    return (
        select(Edition.token, Edition.number, Article.id, Article.lang)
        .join(Edition, Edition.id == 1)
        .where(Article.slug == bindparam("slug"), Article.status == "published")
        .where(Article.visibility.in_(rights))
        .order_by(Article.translation_of_id.is_not(None), Article.id)
    )


def address(slug: str, person: Any, wanted: str | None, languages: Languages) -> Address | None:
    """Where an address leads: the language asked for, else the reader's, else the original. One query."""
    if "\0" in slug:
        return None
    rights = {f"right_{n}": right for n, right in enumerate(sees(person))}
    rows = read(_leads_to(len(rights)), slug=slug, **rights)
    if not rows:
        return None
    available = [row.lang for row in rows]
    choice = best_language(filter(None, (wanted, languages.reader)), available) or available[0]
    row = next(row for row in rows if row.lang == choice)
    return Address((row.token, row.number), row.id, row.lang, tuple(sorted(available)))


def moved(slug: str, person: Any) -> str | None:
    """Where what this old address once named is now; None if it leads to nothing that this person may know of."""
    target = select(Article.slug).join(OldAddress, OldAddress.article_id == Article.id).where(OldAddress.slug == slug)
    now = "" if "\0" in slug else db.session.scalar(target)
    known = select(Article.id).where(Article.slug == now, *_known_to(person))
    return now if now and db.session.scalar(known.limit(1)) else None


def archived(slug: str, person: Any, languages: Languages) -> str | None:
    """The title of what stood at this address until the editors put it away, if this person might read it then."""
    gone = (Article.slug == slug, Article.status == "archived", Article.visibility.in_(sees(person)))
    query = select(Article.title).where(*gone).order_by(languages.order(), Article.id).limit(1)
    return None if "\0" in slug else db.session.scalar(query)


def _known_to(person: Any) -> tuple[ColumnElement[bool], ...]:
    return Article.status.in_(("published", "archived")), Article.visibility.in_(sees(person))


class Page:
    """Everything the page of one article shows, read when it is asked for."""

    def __init__(self, where: Address, person: Any, languages: Languages) -> None:
        self.where, self.person, self.languages = where, person, languages

    @cached_property
    def article(self) -> Any:
        extra = (Article.html, Article.toc, Article.visibility, Article.published_at)
        translated = (Article.machine_translated, Article.translation_of_id, Article.translated_revision)
        above = aliased(Category)
        shelf = (Category.slug.label("shelf"), Category.titles, above.slug.label("upper_shelf"))
        query = select(*COLUMNS, *extra, *translated, *shelf, above.titles.label("upper_titles"))
        query = query.outerjoin(Article.category).outerjoin(above, above.id == Category.parent_id)
        return db.session.execute(query.where(Article.id == self.where.article_id)).one()

    @property
    def html(self) -> Markup:
        """The text as `rendering.py` made and cleaned it, with the sizes of its pictures."""
        return measured(self.article.html)

    @property
    def trail(self) -> list[tuple[str, str]]:
        """(title, slug) of the category and section it stands in, from the top."""
        a, choose = self.article, self.languages.choose
        both = ((a.upper_titles, a.upper_shelf), (a.titles, a.shelf))
        return [(choose(titles), slug) for titles, slug in both if slug]

    @cached_property
    def original(self) -> Any:
        """The article this one was translated from, if this person may read it."""
        columns = (Article.id, Article.slug, Article.lang, Article.title, Article.revision, Article.updated_at)
        query = self._readable(*columns).where(Article.id == self.article.translation_of_id)
        return db.session.execute(query).first()

    @property
    def is_for_editors(self) -> bool:
        """Those who see what is for staff are editors."""
        return STAFF in sees(self.person)

    @property
    def is_outdated(self) -> bool:
        """The original was revised after this translation was made, or last found right."""
        revision, original = self.article.translated_revision, self.original
        return bool(original and revision is not None and original.revision > revision)

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
    def files(self) -> Sequence[Any]:
        """What the editors offer for download with this article, whichever of its translations they put it to."""
        here = self._readable(Article.id).where(Article.slug == self.article.slug)
        columns = (ArticleFile.token, ArticleFile.filename, ArticleFile.content_type, ArticleFile.size)
        listed = select(*columns).where(ArticleFile.is_listed, ArticleFile.article_id.in_(here))
        return db.session.execute(listed.order_by(ArticleFile.filename, ArticleFile.id)).all()

    @cached_property
    def neighbours(self) -> Any:
        """before_slug, before_title, after_slug and after_title: what stands next to it in its section."""
        section = Article.category_id == self.article.category_id
        many = select(Article.id).where(section, Article.status == "published").limit(MOST_IN_ORDER + 1)
        if self.article.category_id is None or len(db.session.scalars(many).all()) > MOST_IN_ORDER:
            return None
        mine = preferred(self.person, self.languages, section)
        order = (mine.c.position, func.lower(mine.c.title), mine.c.id)
        beside = [
            side(column).over(order_by=order).label(f"{name}_{column.name}")
            for name, side in (("before", func.lag), ("after", func.lead))
            for column in (mine.c.slug, mine.c.title)
        ]
        ordered = select(mine.c.slug, *beside).subquery()
        return db.session.execute(select(ordered).where(ordered.c.slug == self.article.slug)).first()

    @cached_property
    def related(self) -> list[Any]:
        """Articles of the same category and its sections, those that share the most tags first."""
        if self.article.category_id is None:
            return []
        near = select(Category.id).where(or_(*(c == self._top for c in (Category.id, Category.parent_id))))
        here = (Article.category_id.in_(near), Article.slug != self.article.slug)
        mine = preferred(self.person, self.languages, *here)
        rows = db.session.execute(select(mine).order_by(mine.c.updated_at.desc(), mine.c.id).limit(100)).all()
        tags, product, section = set(self.article.tags), self.article.product, self.article.category_id

        def nearness(row: Any) -> int:
            return 4 * len(tags & set(row.tags)) + 2 * (row.product == product) + (row.category_id == section)

        return sorted(rows, key=nearness, reverse=True)[:RELATED]

    @property
    def _top(self) -> Any:
        """The id of the category that holds this article or its section."""
        here = aliased(Category)
        top = select(func.coalesce(here.parent_id, here.id)).where(here.id == self.article.category_id)
        return top.scalar_subquery()

    def _readable(self, *columns: Any) -> Any:
        return select(*columns).where(Article.status == "published", Article.visibility.in_(sees(self.person)))


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


def file_kind(filename: str) -> str:
    """What sort of file it is, by its ending: 'PDF'."""
    return filename.rpartition(".")[2][:5].upper() if "." in filename else ""
