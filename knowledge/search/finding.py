"""Searching, from the visitor's text to what is shown of each article."""

import logging
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from sqlalchemy import bindparam, func, select

from knowledge.articles.article import Article, Edition, Section, sees
from knowledge.search import plain
from knowledge.search.engine import Unavailable, engine
from knowledge.search.ranking import (
    DEPTH,
    LONGEST,
    Hit,
    Question,
    group,
    in_languages,
    languages_of,
    similar_words,
    text_fields,
    unknown_words,
)
from knowledge.search.snippets import Wanted, mark, matches, snippet
from knowledge.search.words import TEXT_FIELDS, field_of
from portal.db import db
from portal.web import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """Everything a result depends on, beside the index: the key under which it is kept."""

    edition: int
    text: str
    rights: tuple[str, ...]
    locale: str
    lang: str | None
    product: str | None
    prefer: str | None
    typing: bool


@dataclass(frozen=True)
class Found:
    """What a search found. `instead` is what was searched when the question itself found nothing.

    `key` says all that this depends on: the question, the asker's rights, the index and the articles' edition. Without
    an index there is none.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    instead: str | None = None
    suggestion: str | None = None
    wanted: Wanted = field(default_factory=dict)
    is_cut: bool = False
    key: Hashable = None
    is_degraded: bool = False

    @property
    def total(self) -> int:
        """Articles found among the best sections: more are never counted."""
        return len(self.hits)

    def languages(self) -> list[tuple[str, int]]:
        return Counter(hit.lang for hit in self.hits).most_common()

    def products(self) -> list[tuple[str, int]]:
        return Counter(hit.product for hit in self.hits if hit.product).most_common()


@dataclass(frozen=True)
class Place:
    """A section of a found article."""

    heading: str
    url: str


@dataclass(frozen=True)
class Result:
    """One article as it is shown: read from the database, with the reader's rights, at this moment.

    `url` is a path of the portal. `snippet` and `marked_title` are safe HTML with the words in `<mark>`.
    """

    id: str
    kind: str
    slug: str
    lang: str
    url: str
    title: str
    marked_title: Markup
    snippet: Markup
    score: float
    places: tuple[Place, ...]
    product: str | None
    versions: str | None
    updated_at: Any


def search(
    text: str,
    person: Any,
    locale: str,
    *,
    lang: str | None = None,
    product: str | None = None,
    prefer: str | None = None,
    typing: bool = False,
) -> Found:
    """Find articles. `lang` and `product` narrow, `prefer` is a product that comes first; `typing` completes the last
    word. The text is read as plain words; only its first 200 characters are."""
    text = " ".join(text.replace("\0", " ")[:LONGEST].split())
    lang, product = (value.replace("\0", "") or None if value else None for value in (lang, product))
    token, number = Edition.current()
    if not text or not token:
        return Found(text)
    asked = Asked(number, text, sees(person), locale, lang, product, prefer, typing)
    try:
        with engine().opened(token) as searcher:
            return engine().kept(asked, lambda: _ask(searcher, asked))
    except Unavailable as reason:
        log.warning("searching the database instead of the index", extra={"reason": str(reason)})
    hits = group(plain.find(text, person, lang, product), locale, settings().default_locale, prefer)
    return Found(text, tuple(hits), wanted=Question(text, TEXT_FIELDS).wanted, is_degraded=True)


def _ask(searcher: Any, asked: Asked) -> Found:
    reader, site = searcher.reader(), str(settings().default_locale)
    allowed = engine().allowed(asked.rights, asked.lang, asked.product)
    question = Question(asked.text, text_fields(reader), asked.typing)
    question.complete(reader)
    unknown = {word: similar_words(reader, word) for word in unknown_words(question, searcher, allowed)}
    better = None
    if any(unknown.values()):  # a correction stays in the question's language, or in the reader's
        languages = languages_of(question, reader) or {field_of(asked.locale)}
        near = {word: in_languages(reader, candidates, languages) for word, candidates in unknown.items()}
        better, unknown = _corrected(asked.text, near), near if any(near.values()) else unknown
    found = _run(searcher, question, allowed)
    instead = None
    if not found and better:
        question, instead = Question(better, question.fields), better
        found = _run(searcher, question, allowed)
    elif any(unknown.values()):
        question.guess(unknown)
        found = _run(searcher, question, allowed)
    hits = group(found, asked.locale, site, asked.prefer)
    suggestion = better if found and not instead else None
    is_cut, key = len(found) >= DEPTH, (engine().edition, asked)
    return Found(asked.text, tuple(hits), instead, suggestion, question.wanted, is_cut, key)


def _run(searcher: Any, question: Question, allowed: set[int]) -> list[tuple[float, Any]]:
    return engine().best(question.words_in(searcher.reader()), allowed, DEPTH)


def _corrected(text: str, unknown: dict[str, list[str]]) -> str | None:
    """The question with words that nobody has written replaced by the likeliest ones, or None."""
    better = text.lower()
    for word, candidates in unknown.items():
        near = [other for other in candidates if not other.startswith(word)]
        if near:
            better = better.replace(word, near[0])
    return better if better != text.lower() else None


# A pair of columns IN a list is a scan of the whole table in SQLite: so more is read, and left out below. The status is
# hidden from it in a function, else it walks through the index of all that is published instead of taking these few.
_SHOWN = (
    select(Article.id, Article.external_id, Article.slug, Article.lang, Article.title, Article.summary)
    .add_columns(Article.product, Article.versions, Article.updated_at)
    .add_columns(Section.position, Section.anchor, Section.heading, Section.text)
    .join(Section, Section.article_id == Article.id)
    .where(
        func.coalesce(Article.status, "") == "published", Article.visibility.in_(bindparam("rights", expanding=True))
    )
    .where(Article.id.in_(bindparam("articles", expanding=True)))
    .where(Section.position.in_(bindparam("positions", expanding=True)))
)


def present(found: Found, hits: Sequence[Hit], person: Any, locale: str) -> list[Result]:
    """Read what is shown from the database: what was withdrawn or isn't this person's any more is left out."""
    if not hits:
        return []
    positions = {hit.article_id: hit.positions for hit in hits}
    every = sorted({position for some in positions.values() for position in some})
    rows: dict[int, dict[int, Any]] = {}
    asked = {"rights": sees(person), "articles": list(positions), "positions": every}
    for row in db.session.execute(_SHOWN, asked):
        if row.position in positions[row.id]:
            rows.setdefault(row.id, {})[row.position] = row
    return [_result(hit, rows[hit.article_id], found.wanted, locale) for hit in hits if hit.article_id in rows]


def _result(hit: Hit, sections: dict[int, Any], wanted: Wanted, locale: str) -> Result:
    ordered = [sections[position] for position in hit.positions if position in sections]
    best = ordered[0]
    text = best.text if best.position or not best.summary else f"{best.summary} {best.text}"
    address = f"/kb/{quote(best.slug)}"
    if best.lang.split("-")[0] != locale.split("-")[0]:
        address += f"?in={quote(best.lang)}"
    places = tuple(Place(row.heading, f"{address}#{quote(row.anchor)}") for row in ordered if row.anchor)
    return Result(
        id=best.external_id,
        kind="article",
        slug=best.slug,
        lang=best.lang,
        url=address + (f"#{quote(best.anchor)}" if best.anchor else ""),
        title=best.title,
        marked_title=mark(best.title, matches(best.title, best.lang, wanted)),
        snippet=snippet(text or best.summary, best.lang, wanted),
        score=round(hit.score, 4),
        places=places,
        product=best.product,
        versions=best.versions,
        updated_at=best.updated_at,
    )


def answers(text: str, person: Any, locale: str, product: str | None = None, limit: int = 5) -> list[Result]:
    """Articles that may answer a ticket before it is filed, from its subject. `product` (a slug) comes first."""
    found = search(text, person, locale, prefer=product, typing=True)
    return present(found, found.hits[:limit], person, locale)


def answer(text: str, person: Any, lang: str, limit: int) -> dict[str, Any]:
    """What `/api/search` and `python -m portal search --json` say."""
    found = search(text, person, lang)
    shown = present(found, found.hits[:limit], person, lang)
    gone = len(found.hits[:limit]) - len(shown)  # hidden or withdrawn a moment ago: not counted either
    base = str(settings().base_url).rstrip("/")
    return {
        "results": [
            {
                "id": result.id,
                "url": base + result.url,
                "title": result.title,
                "kind": result.kind,
                "snippet": result.snippet.striptags(),
                "score": result.score,
            }
            for result in shown
        ],
        "total": found.total - gone,
    }
