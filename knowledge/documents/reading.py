"""What the pages of manuals and downloads show: of each document the version and language that this reader wants."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from knowledge.articles.article import Article
from knowledge.articles.reading import RELATED, Languages, preferred
from knowledge.articles.revision import is_editor
from knowledge.documents.document import Document, DocumentPage
from portal.accounts.products import Product
from portal.audience import sees
from portal.db import db

ABOUT = 4  # documents beside articles
FULL = 0.75  # of the longest line: shorter ones end a paragraph
LISTED = (
    Document.id,
    Document.slug,
    Document.kind,
    Document.product,
    Document.version,
    Document.version_key,
    Document.lang,
    Document.title,
    Document.summary,
    Document.filename,
    Document.content_type,
    Document.size,
    Document.pages,
    Document.updated_at,
)


@dataclass(frozen=True)
class Entry:
    """One document of the list: the file this reader wants most, and which others there are."""

    best: Any
    versions: tuple[str, ...]  # the newest first
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Shelf:
    """The documents of one product; of none in particular with an empty slug."""

    slug: str
    name: str
    manuals: tuple[Entry, ...]
    downloads: tuple[Entry, ...]


def shelves(person: Any, languages: Languages) -> list[Shelf]:
    """Everything that is published and meant for this person, by product in the catalogue's order."""
    entries = _entries(person, languages)
    names: dict[str, str] = {row.slug: row.name for row in db.session.execute(_PRODUCTS)}
    known: set[str] = {entry.best.product or "" for entry in entries}
    order = [slug for slug in names if slug in known] + sorted(known - set(names) - {""}) + [""] * ("" in known)
    return [_shelf(slug, names.get(slug, slug), entries) for slug in order]


def entries_about(products: Collection[str], person: Any, languages: Languages) -> list[Entry]:
    """Manuals, then downloads, of these products that this person may have; those of no product in particular too."""
    found = _entries(person, languages, or_(Document.product.in_(products), Document.product.is_(None)))
    found = found if any(entry.best.product for entry in found) else []
    return sorted(found, key=lambda entry: (entry.best.kind != "manual", not entry.best.product))[:ABOUT]


def entries_for(audiences: Collection[str], person: Any, languages: Languages) -> list[Entry]:
    """What this person may have of the documents that are for these audiences alone, by title."""
    return _entries(person, languages, Document.visibility.in_(audiences))


def newest_entries(person: Any, languages: Languages) -> list[Entry]:
    """The documents that changed last."""
    return sorted(_entries(person, languages), key=lambda entry: entry.best.updated_at, reverse=True)[:ABOUT]


def _entries(person: Any, languages: Languages, *where: ColumnElement[bool]) -> list[Entry]:
    readable = (Document.status == "published", Document.visibility.in_(sees(person)))
    by_slug: dict[str, list[Any]] = {}
    for row in db.session.execute(select(*LISTED).where(*readable, *where).order_by(Document.id)):
        by_slug.setdefault(row.slug, []).append(row)
    return sorted((_entry(rows, languages) for rows in by_slug.values()), key=lambda e: e.best.title.casefold())


_PRODUCTS = select(Product.slug, Product.name).order_by(Product.position, Product.name)


def _entry(rows: Sequence[Any], languages: Languages) -> Entry:
    newest_first = sorted(rows, key=lambda row: row.version_key, reverse=True)
    versions = dict.fromkeys(row.version for row in newest_first if row.version)
    return Entry(best(rows, languages), tuple(versions), tuple(sorted({row.lang for row in rows if row.lang})))


def _shelf(slug: str, name: str, entries: Iterable[Entry]) -> Shelf:
    mine = [entry for entry in entries if (entry.best.product or "") == slug]
    manuals, downloads = (tuple(e for e in mine if e.best.kind == kind) for kind in ("manual", "download"))
    return Shelf(slug, name, manuals, downloads)


def best(rows: Iterable[Any], languages: Languages) -> Any:
    """The newest in the reader's language, else in the site's, else in English, else of all. None of none."""

    def order(row: Any) -> tuple[int, str, int]:
        wanted = [_base(lang) for lang in (languages.reader, languages.site, "en")]
        place = wanted.index(_base(row.lang)) if _base(row.lang) in wanted else len(wanted)
        return (-(0 if not row.lang else place), row.version_key, -row.id)

    return max(rows, key=order, default=None)


class Page:
    """Everything the page of one document shows, read when it is asked for. Raises nothing: `chosen` may be None."""

    def __init__(self, slug: str, person: Any, languages: Languages, version: str | None, lang: str | None) -> None:
        self.person, self.languages = person, languages
        every = [] if "\0" in slug else db.session.scalars(Document.visible_to(person).filter_by(slug=slug)).all()
        self.published = [row for row in every if row.status == "published"]
        asked = [row for row in every if version in (None, row.version) and lang in (None, row.lang)]
        readers = [row for row in asked if row.status == "published"]
        self.chosen: Document | None = best(readers or asked, languages)

    @cached_property
    def others(self) -> list[Any]:
        """Every version and language there is, the newest first."""
        by_language = sorted(self.published, key=lambda row: row.lang)
        return sorted(by_language, key=lambda row: row.version_key, reverse=True)

    @cached_property
    def newer(self) -> Any:
        """A newer version: in this one's language if there is one, else the newest in another."""
        assert self.chosen
        chosen = self.chosen
        newer = [row for row in self.published if row.version_key > chosen.version_key]
        return max(newer, key=lambda row: (_base(row.lang) == _base(chosen.lang), row.version_key), default=None)

    @property
    def is_old(self) -> bool:
        """True when this very language has a newer version."""
        return self.newer is not None and self.newer.lang == getattr(self.chosen, "lang", None)

    @property
    def is_editor(self) -> bool:
        return is_editor(self.person)

    @cached_property
    def product_name(self) -> str:
        product = self.chosen.product if self.chosen else None
        return (product and db.session.scalar(select(Product.name).filter_by(slug=product))) or product or ""

    @cached_property
    def related(self) -> Sequence[Any]:
        """Articles about the same product, those changed last."""
        if not self.chosen or not self.chosen.product:
            return ()
        mine = preferred(self.person, self.languages, Article.product == self.chosen.product)
        return db.session.execute(select(mine).order_by(mine.c.updated_at.desc(), mine.c.id).limit(RELATED)).all()


def text_of(document: Document, number: int) -> str | None:
    """The text of a page; "" for one without any, None for a page that there isn't."""
    text = db.session.scalar(select(DocumentPage.text).filter_by(document_id=document.id, number=number))
    return text or ("" if document.pages and 0 < number <= document.pages else None)


def paragraphs(text: str) -> list[str]:
    """A page's lines joined to paragraphs, for windows of any width: a line that is short of the others ends one."""
    lines = [line.strip() for line in text.split("\n")]
    full = max(map(len, lines), default=0) * FULL
    found, before = [""], ""
    for line in lines:
        if not line or not before or len(before) < full:
            found.append(line)
        else:
            found[-1] += line if before[-1] >= "\u2e80" else f" {line}"  # Chinese and Japanese have no spaces
        before = line
    return [paragraph for paragraph in found if paragraph]


def _base(lang: str) -> str:
    return lang.split("-")[0]
