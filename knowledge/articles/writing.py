"""The one place where articles are written: by importers, and by editors (`editing.py`)."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import delete, func, insert, or_, select, tuple_

from knowledge.articles.article import Article, Category, Section
from knowledge.articles.rendering import TooLong, render
from knowledge.articles.revision import PUBLISHED, OldAddress, Revision
from knowledge.edition import Edition
from knowledge.search.changes import note_changes
from knowledge.search.wishes import look_for_wishes
from portal.audience import is_audience, open_to
from portal.db import db
from portal.errors import Refused
from portal.web import settings

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,119}")
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_PRODUCT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
TAKEN_SLUGS = frozenset({"category", "desk", "files", "following", "edit", "new", "feed"})
STATUSES = ("draft", "published", "archived")
PROPERTIES = ("category", "product", "versions", "visibility", "machine_translated", "translation_of")


@dataclass(frozen=True)
class Manuscript:
    """An article as it is handed in. `external_id` names it for ever; `translation_of` is the original's."""

    external_id: str
    slug: str
    lang: str
    title: str
    body: str
    summary: str = ""
    category: str | None = None
    product: str | None = None
    versions: str | None = None
    tags: tuple[str, ...] = ()
    visibility: str = "public"
    machine_translated: bool = False
    translation_of: str | None = None
    status: str = "published"
    updated_at: datetime | None = None

    @property
    def checksum(self) -> str:
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What became of a manuscript: added, changed, unchanged or refused, and then why."""

    manuscript: Manuscript
    state: str
    reason: str = ""


@dataclass(frozen=True)
class _Known:
    id: int
    external_id: str
    checksum: str
    slug: str
    revision: int


def publish(manuscript: Manuscript, *, now: datetime) -> Article:
    """Write one article, new or changed. Raises `Refused` with what is wrong with it."""
    [outcome] = publish_all([manuscript], now=now)  # to its end: there the edition begins
    if outcome.state == "refused":
        raise Refused(outcome.reason)
    return db.session.execute(select(Article).filter_by(external_id=manuscript.external_id)).scalar_one()


def publish_all(manuscripts: Sequence[Manuscript], *, now: datetime) -> Iterator[Outcome]:
    """Write many, originals before their translations. A manuscript that can't be taken leaves the others alone.

    Begins the next edition and tells the indexer, in this transaction, when the last outcome was taken.
    """
    by_id, by_address = _known(manuscripts)
    shelves, moved = _shelves(), _moved()
    changed: list[int] = []
    for manuscript in sorted(manuscripts, key=lambda m: m.translation_of is not None):
        known, original = by_id.get(manuscript.external_id), by_id.get(manuscript.translation_of or "")
        if known and known.checksum == manuscript.checksum:
            yield Outcome(manuscript, "unchanged")
            continue
        try:
            placed = _follow(manuscript, known or original, moved)
            _check(placed, by_address.get((placed.slug, placed.lang)), shelves)
            article_id = _write(placed, known, shelves, original, now=now, checksum=manuscript.checksum)
        except (Refused, TooLong) as error:
            yield Outcome(manuscript, "refused", str(error))
            continue
        revision = _note_import(article_id, placed, known.revision, now=now) if known and known.revision else 0
        row = _Known(article_id, manuscript.external_id, manuscript.checksum, placed.slug, revision)
        by_id[row.external_id] = by_address[placed.slug, placed.lang] = row
        changed.append(article_id)
        yield Outcome(manuscript, "changed" if known else "added")
    if changed:
        Edition.advance()
        note_changes(changed)
        look_for_wishes(changed)


def check(manuscript: Manuscript, article: Article | None) -> None:
    """Raise `Refused` for what could not be published as (or beside) this article."""
    columns = (Article.id, Article.external_id, Article.checksum, Article.slug, Article.revision)
    query = select(*columns).filter_by(slug=manuscript.slug, lang=manuscript.lang)
    row = db.session.execute(query).first()
    leads_to = db.session.scalar(
        _OLD_ADDRESSES.where(OldAddress.slug == manuscript.slug).with_only_columns(Article.slug)
    )
    if leads_to and leads_to != (article.slug if article else None):
        raise _once_anothers(manuscript.slug, leads_to)
    _check(manuscript, _Known(*row) if row else None, _shelves())


def rewrite(article: Article, manuscript: Manuscript, *, now: datetime) -> None:
    """Write what an editor made of an article. Raises `Refused`.

    The checksum stays that of the last import, so that importing the same file again leaves the edit alone.
    """
    check(manuscript, article)
    row = _Known(article.id, article.external_id, article.checksum, article.slug, article.revision)
    original = _known([manuscript])[0].get(manuscript.translation_of or "")
    try:
        _write(manuscript, row, _shelves(), original, now=now, checksum=article.checksum)
    except TooLong as error:
        raise Refused(str(error)) from None
    db.session.expire(article)
    article.published_at = article.published_at or now
    db.session.flush()
    Edition.advance()
    note_changes([article.id])
    look_for_wishes([article.id])


def withdraw(article: Article) -> None:
    """Take an article off the shelf; it stays in the database as a draft."""
    article.status = "draft"
    db.session.flush()
    Edition.advance()
    note_changes([article.id])


def shelve(slug: str, *, position: int, icon: str, titles: dict[str, str], descriptions: dict[str, str]) -> Category:
    """Make a category, or bring it up to date."""
    category = db.session.execute(select(Category).filter_by(slug=slug)).scalar_one_or_none()
    if category is None:
        category = Category(slug=slug)
        db.session.add(category)
    category.position, category.icon = position, icon
    category.titles, category.descriptions = titles, descriptions
    if db.session.is_modified(category):
        db.session.flush()
        Edition.advance()
    return category


def _known(manuscripts: Sequence[Manuscript]) -> tuple[dict[str, _Known], dict[tuple[str, str], _Known]]:
    """What the database has of these already, by external id and by (slug, language)."""
    query = select(Article.id, Article.external_id, Article.checksum, Article.slug, Article.lang, Article.revision)
    if len(manuscripts) <= 1000:  # the portions of an import; more are found quicker by reading all
        names = {m.external_id for m in manuscripts} | {m.translation_of for m in manuscripts if m.translation_of}
        addresses = {(m.slug, m.lang) for m in manuscripts}
        query = query.where(
            or_(Article.external_id.in_(names), tuple_(Article.slug, Article.lang).in_(list(addresses)))
        )
    by_id, by_address = {}, {}
    for row in db.session.execute(query):
        known = _Known(row.id, row.external_id, row.checksum, row.slug, row.revision)
        by_id[row.external_id] = by_address[row.slug, row.lang] = known
    return by_id, by_address


def _shelves() -> dict[str, int]:
    return {row.slug: row.id for row in db.session.execute(select(Category.slug, Category.id))}


_OLD_ADDRESSES = select(OldAddress.slug, Article.slug.label("now")).join(Article, Article.id == OldAddress.article_id)


def _moved() -> dict[str, str]:
    """Where old addresses lead now. Editors move articles one by one, so there are few."""
    return {row.slug: row.now for row in db.session.execute(_OLD_ADDRESSES)}


def _follow(manuscript: Manuscript, kin: _Known | None, moved: dict[str, str]) -> Manuscript:
    """The manuscript at its article's new address, if editors moved it since. `kin` is it or its original."""
    now = moved.get(manuscript.slug)
    if now is None:
        return manuscript
    if kin is None or kin.slug != now:
        raise _once_anothers(manuscript.slug, now)
    return replace(manuscript, slug=now)


def _once_anothers(slug: str, now: str) -> Refused:
    return Refused(gettext("The address /kb/%(slug)s leads to /kb/%(now)s for ever.", slug=slug, now=now))


def _note_import(article_id: int, m: Manuscript, revision: int, *, now: datetime) -> int:
    """Put an imported text into the history of an article that editors have changed; returns its number."""
    mine = Revision.article_id == article_id
    number = (db.session.scalar(select(func.max(Revision.number)).where(mine)) or revision) + 1
    row = Revision(article_id=article_id, number=number, state=PUBLISHED, note=gettext("Imported"))
    row.title, row.summary, row.body, row.properties = _line(m.title), _line(m.summary), m.body, properties_of(m)
    row.created_at = row.updated_at = row.published_at = now
    db.session.add(row)
    db.session.flush()
    db.session.execute(db.update(Article).where(Article.id == article_id).values(revision=number))
    return number


def properties_of(m: Manuscript) -> dict[str, Any]:
    """What a revision keeps of a manuscript beside title, summary and text."""
    return {name: getattr(m, name) for name in PROPERTIES} | {"tags": list(m.tags)}


def _check(manuscript: Manuscript, holder: _Known | None, shelves: dict[str, int]) -> None:
    """Raise `Refused` on the first thing that can't be taken."""
    m = manuscript
    if not m.external_id or len(m.external_id) > 200:
        raise Refused(gettext("The id is missing or longer than 200 characters."))
    if "\0" in "".join((m.external_id, m.title, m.summary, m.body, m.versions or "", *m.tags)):
        raise Refused(gettext("There is a NUL character in it, which can't be kept."))  # not by PostgreSQL
    if not SLUG.fullmatch(m.slug) or m.slug in TAKEN_SLUGS:
        raise Refused(gettext("“%(slug)s” can't be an address: use a-z, 0-9 and hyphens.", slug=m.slug[:80]))
    if not _LANG.fullmatch(m.lang):
        raise Refused(gettext("“%(lang)s” is no language code like en or pt-BR.", lang=m.lang[:40]))
    if not m.title.strip() or len(m.title) > 300:
        raise Refused(gettext("The title is missing or longer than 300 characters."))
    if len(m.summary) > 600:
        raise Refused(gettext("The summary is longer than 600 characters."))
    if not is_audience(m.visibility):
        raise Refused(
            gettext(
                "“%(name)s” is no visibility: public, signed-in, staff, or plan:… and org:….", name=m.visibility[:40]
            )
        )
    if m.status not in STATUSES:
        raise Refused(gettext("“%(name)s” is no status: draft, published or archived.", name=m.status[:40]))
    if m.category and m.category not in shelves:
        raise Refused(gettext("There is no category “%(slug)s”.", slug=m.category[:80]))
    if m.product and not _PRODUCT.fullmatch(m.product):
        raise Refused(gettext("“%(slug)s” can't be a product: use a-z, 0-9 and hyphens.", slug=m.product[:80]))
    if m.versions and len(m.versions) > 80:
        raise Refused(gettext("The range of versions is longer than 80 characters."))
    if holder and holder.external_id != m.external_id:
        raise Refused(
            gettext("The address /kb/%(slug)s is taken in this language by %(id)s.", slug=m.slug, id=holder.external_id)
        )


def _write(
    m: Manuscript,
    known: _Known | None,
    shelves: dict[str, int],
    original: _Known | None,
    *,
    now: datetime,
    checksum: str,
) -> int:
    open_to(m.visibility)
    rendered = render(m.body, callout_names(m.lang))
    columns = {
        "external_id": m.external_id,
        "slug": m.slug,
        "lang": m.lang,
        "title": _line(m.title),
        "summary": _line(m.summary),
        "body": m.body,
        "html": rendered.html,
        "toc": rendered.toc,
        "category_id": shelves.get(m.category or ""),
        "product": m.product,
        "versions": m.versions,
        "tags": list(m.tags),
        "visibility": m.visibility,
        "machine_translated": m.machine_translated,
        "translation_of_id": original.id if original else None,
        "status": m.status,
        "updated_at": m.updated_at or now,
        "checksum": checksum,
    }
    if known:
        article_id = known.id
        db.session.execute(db.update(Article).where(Article.id == known.id).values(**columns))
        db.session.execute(delete(Section).where(Section.article_id == known.id))
    else:
        published_at = (m.updated_at or now) if m.status == "published" else None
        added = insert(Article).values(**columns, published_at=published_at).returning(Article.id)
        article_id = db.session.execute(added).scalar_one()
    db.session.execute(insert(Section), list(_sections(article_id, rendered.pieces)))
    return article_id


def _line(text: str) -> str:
    """One line: titles and summaries have no breaks, however they were written."""
    return _BREAKS.sub(" ", text).strip()


def _sections(article_id: int, pieces: Iterable[object]) -> Iterator[dict[str, object]]:
    for position, piece in enumerate(pieces):
        anchor, heading, text = astuple(piece)  # type: ignore[call-overload]
        yield {"article_id": article_id, "position": position, "anchor": anchor, "heading": heading[:300], "text": text}


@cache
def callout_names(lang: str) -> dict[str, str]:
    """The titles of callouts in the article's own language, as far as the portal speaks it."""
    base = lang.split("-")[0]
    if base not in settings().languages:
        return {}
    with force_locale(base):
        return {
            "Note": gettext("Note"),
            "Tip": gettext("Tip"),
            "Important": gettext("Important"),
            "Warning": gettext("Warning"),
            "Caution": gettext("Caution"),
            "Danger": gettext("Danger"),
        }
