"""Searching, from the visitor's text to the things found. What is shown of them stands in `presenting.py`."""

import logging
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from knowledge.audience import sees
from knowledge.edition import Edition
from knowledge.search import plain
from knowledge.search.engine import Searcher, Unavailable, engine
from knowledge.search.items import Ref, Scope
from knowledge.search.ranking import (
    DEPTH,
    LONGEST,
    Hit,
    Preference,
    Question,
    group,
    in_languages,
    languages_of,
    similar_words,
    text_fields,
    unknown_words,
)
from knowledge.search.words import TEXT_FIELDS, field_of
from portal.web import settings

log = logging.getLogger(__name__)

Marks = dict[str, dict[str, float]]  # by field, the words to highlight


@dataclass(frozen=True)
class Asked:
    """Everything a result depends on, beside the index: the key under which it is kept."""

    edition: int
    text: str
    scope: Scope
    preference: Preference
    typing: bool


@dataclass(frozen=True)
class Found:
    """What a search found. `instead` is what was searched when the question itself found nothing.

    `key` says all that this depends on: the question, the asker's rights, the index and the edition. Without an index
    there is none.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    instead: str | None = None
    suggestion: str | None = None
    wanted: Marks = field(default_factory=dict)
    is_cut: bool = False
    key: Hashable = None
    is_degraded: bool = False

    @property
    def total(self) -> int:
        """Things found among the best items: more are never counted."""
        return len(self.hits)

    def kinds(self) -> list[tuple[str, int]]:
        return _counted(hit.best.kind for hit in self.hits)

    def languages(self) -> list[tuple[str, int]]:
        return _counted(hit.best.lang for hit in self.hits)

    def products(self) -> list[tuple[str, int]]:
        return _counted(hit.best.product for hit in self.hits)


def search(
    text: str,
    person: Any,
    locale: str,
    *,
    kind: str | None = None,
    lang: str | None = None,
    product: str | None = None,
    prefer: str | None = None,
    version: str | None = None,
    typing: bool = False,
) -> Found:
    """Find what answers. `kind`, `lang` and `product` narrow; `prefer` is a product that comes first, `version` the one
    the reader has of it; `typing` completes the last word. The text is read as plain words; only its first 200
    characters are."""
    text = " ".join(text.replace("\0", " ")[:LONGEST].split())
    kind, lang, product = (value.replace("\0", "") or None if value else None for value in (kind, lang, product))
    token, number = Edition.current()
    if not text or not token:
        return Found(text)
    preference = Preference(locale, str(settings().default_locale), prefer or product, version)
    asked = Asked(number, text, Scope(sees(person), kind, lang, product), preference, typing)
    try:
        with engine().opened(token) as searcher:
            return engine().kept(asked, lambda: _ask(searcher, asked))
    except Unavailable as reason:
        log.warning("searching the database instead of the index", extra={"reason": str(reason)})
    hits = group(plain.find(text, asked.scope), preference)
    return Found(text, tuple(hits), wanted=Question(text, TEXT_FIELDS).wanted, is_degraded=True)


def _ask(searcher: Searcher, asked: Asked) -> Found:
    question = Question(asked.text, text_fields(searcher), asked.typing)
    question.complete(searcher)
    unknown = {word: similar_words(searcher, word) for word in unknown_words(question, searcher, asked.scope)}
    better = None
    if any(unknown.values()):  # a correction stays in the question's language, or in the reader's
        languages = languages_of(question, searcher) or {field_of(asked.preference.lang)}
        near = {word: in_languages(searcher, candidates, languages) for word, candidates in unknown.items()}
        better, unknown = _corrected(asked.text, near), near if any(near.values()) else unknown
    found = _run(searcher, question, asked.scope)
    instead = None
    if not found and better:
        question, instead = Question(better, question.fields), better
        found = _run(searcher, question, asked.scope)
    elif any(unknown.values()):
        question.guess(unknown)
        found = _run(searcher, question, asked.scope)
    hits = group(found, asked.preference)
    suggestion = better if found and not instead else None
    is_cut, key = len(found) >= DEPTH, (engine().state(), asked)
    return Found(asked.text, tuple(hits), instead, suggestion, question.wanted, is_cut, key)


def _run(searcher: Searcher, question: Question, scope: Scope) -> list[tuple[float, Ref]]:
    return searcher.best(question.terms(searcher), scope, DEPTH)


def _corrected(text: str, unknown: dict[str, list[str]]) -> str | None:
    """The question with words that nobody has written replaced by the likeliest ones, or None."""
    better = text.lower()
    for word, candidates in unknown.items():
        near = [other for other in candidates if not other.startswith(word)]
        if near:
            better = better.replace(word, near[0])
    return better if better != text.lower() else None


def _counted(values: Iterable[str | None]) -> list[tuple[str, int]]:
    return Counter(value for value in values if value).most_common()
