"""Searching, from the visitor's text to the things found. What is shown of them stands in `presenting.py`."""

import logging
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge.edition import Edition
from knowledge.search import plain, words
from knowledge.search.belongings import own
from knowledge.search.diagnosis import Diagnosis, diagnose
from knowledge.search.engine import Searcher, Unavailable, engine
from knowledge.search.guidance import Guide, guide
from knowledge.search.items import CURRENT, Ref, Scope, sources
from knowledge.search.ranking import (
    DEPTH,
    LONGEST,
    Hit,
    Preference,
    Question,
    group,
    in_languages,
    languages_of,
    misread_words,
    most_telling,
    similar_words,
    text_fields,
    unknown_words,
)
from knowledge.search.seeing import SeenBy
from knowledge.search.words import TEXT_FIELDS, field_of
from portal.audience import sees
from portal.web import settings

log = logging.getLogger(__name__)

NEAR = 0.5  # of the best score: a current incident with less has a word in common, no more
SURE = 2  # known words of a question that is not doubted, if its correction would put the same first
LONGEST_READ = 2000  # characters of a question that is no log: of more than 200 the most telling words are asked

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
    diagnosis: Diagnosis | None = None  # what was understood of a log or an error message

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
    the reader has of it; where neither is chosen, what this person has decides. `typing` completes the last word. The
    text is read as plain words; of a log what it says."""
    text, diagnosis = _read(text)
    kind, lang, product = (value.replace("\0", "") or None if value else None for value in (kind, lang, product))
    token, number = Edition.current()
    if not text or not token:
        return Found(text)
    chosen = (prefer or product, version, own(person).asked(text[:LONGEST]))
    preference = Preference(locale, str(settings().default_locale), *chosen)
    asked = Asked(number, text, Scope(sees(person), kind, lang, product), preference, typing)
    try:
        with engine().opened(token) as searcher:
            seen = SeenBy(searcher, Scope(asked.scope.audiences))
            found = engine().kept(asked, lambda: _ask(seen, asked, guide(token, number)))
            return replace(found, diagnosis=diagnosis) if diagnosis else found
    except Unavailable as reason:
        log.warning("searching the database instead of the index", extra={"reason": str(reason)})
    hits = _current_first(group(plain.find(text, asked.scope), preference))
    wanted = Question(text[:LONGEST], TEXT_FIELDS).wanted
    return Found(text[:LONGEST], tuple(hits), wanted=wanted, is_degraded=True, diagnosis=diagnosis)


def _read(text: str) -> tuple[str, Diagnosis | None]:
    """The question in a text, and what was understood where it is a log. Halves of characters are left out."""
    text = text.replace("\0", " ").encode(errors="ignore").decode()
    diagnosis = diagnose(text)
    return " ".join((diagnosis.text[:LONGEST] if diagnosis else text[:LONGEST_READ]).split()), diagnosis


def _ask(searcher: Searcher, asked: Asked, guide: Guide | None = None) -> Found:
    if len(asked.text) > LONGEST:
        shorter = replace(asked, text=most_telling(searcher, asked.text))
        return replace(_ask(searcher, shorter, guide), key=(engine().state(), asked))
    readers = field_of(asked.preference.lang)
    question = Question(asked.text, text_fields(searcher), asked.typing)
    for alike in guide.meaning_the_same(asked.text) if guide else ():
        for other in alike.others:
            question.widen(other, alike.lang)
    question.complete(searcher)
    unknown = {word: similar_words(searcher, word, readers) for word in unknown_words(question, searcher, asked.scope)}
    better, sure = None, set[str]()
    misread = misread_words(question, searcher, readers)
    if any(unknown.values()) or misread:  # a correction stays in the question's language, or in the reader's
        languages = languages_of(question, searcher) or {readers}
        near = {word: in_languages(searcher, candidates, languages) for word, candidates in unknown.items()} | misread
        sure = question.telling(languages) - near.keys()
        better, unknown = _corrected(asked.text, near), near if any(near.values()) else unknown
    found = _run(searcher, question, asked.scope)
    pinned = guide.pinned(asked.text, asked.preference.lang) if guide else []
    pins = _pinned(pinned, asked) if pinned else []
    instead = None
    if not found and better and not pins:
        question, instead = Question(better, question.fields), better
        found = _run(searcher, question, asked.scope)
    elif any(unknown.values()):
        question.guess(unknown)
        found = _run(searcher, question, asked.scope)
    hits = group(found, asked.preference)
    if not hits or instead or (better and len(sure) >= SURE and _is_first(hits[0], searcher, better, question, asked)):
        better = None
    hits, is_cut, key = _current_first(_with_pins(pins, hits)), len(found) >= DEPTH, (engine().state(), asked)
    return Found(asked.text, tuple(hits), instead, better, question.wanted, is_cut, key)


def _is_first(hit: Hit, searcher: Searcher, text: str, question: Question, asked: Asked) -> bool:
    """Whether another text would put this first too."""
    others = group(_run(searcher, Question(text, question.fields), asked.scope), asked.preference)
    return bool(others) and others[0].best.address == hit.best.address


def _run(searcher: Searcher, question: Question, scope: Scope) -> list[tuple[float, Ref]]:
    return searcher.best(question.terms(searcher), scope, DEPTH)


def _pinned(pins: Iterable[tuple[str, int]], asked: Asked) -> list[Hit]:
    """The pinned things that this asker may see and that are in what the search is narrowed to."""
    hits, scope = [], asked.scope
    for kind, item_id in pins:
        source = sources().get(kind)
        item = next((item for item in source.items([item_id]) if item.is_first), None) if source else None
        if item is None or item.audience not in scope.audiences:
            continue
        ref = item.ref
        narrowed = ((scope.kind, ref.kind), (scope.lang, ref.lang), (scope.product, ref.product))
        if all(wanted in (None, value) for wanted, value in narrowed):
            hits.append(Hit((ref,), 0.0, asked.preference.covers(ref), is_pinned=True))
    return hits


def _with_pins(pins: list[Hit], hits: list[Hit]) -> list[Hit]:
    """What is pinned stands first; what was found of it anyway, in its best translation, is shown as found."""
    if not pins:
        return hits
    found = {hit.best.address: hit for hit in hits}
    first = [replace(found.get(pin.best.address, pin), is_pinned=True) for pin in pins]
    addresses = {pin.best.address for pin in pins}
    return first + [hit for hit in hits if hit.best.address not in addresses]


def _current_first(hits: list[Hit]) -> list[Hit]:
    """What goes on now and matches well stands before everything."""
    enough = NEAR * max((hit.score for hit in hits), default=0.0)
    return sorted(hits, key=lambda hit: hit.best.prior < CURRENT or hit.score < enough)


def _corrected(text: str, unknown: dict[str, list[str]]) -> str | None:
    """The question with words that nobody has written replaced by the likeliest ones, or None. The rest stays, and
    what is replaced keeps its capitals."""
    parts, at = [], 0
    for start, end, word in words.spans(text):
        near = [other for other in unknown.get(word, ()) if not other.startswith(word)]
        if near:
            parts += [text[at:start], _as_typed(text[start:end], near[0])]
            at = end
    return "".join(parts) + text[at:] if parts else None


def _as_typed(word: str, other: str) -> str:
    """Another word with capitals where this one has them: all, the first, or none."""
    return other.upper() if word.isupper() else other.capitalize() if word[:1].isupper() else other


def _counted(values: Iterable[str | None]) -> list[tuple[str, int]]:
    return Counter(value for value in values if value).most_common()
