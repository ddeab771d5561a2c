"""How a question becomes a query, and what comes first. Every weight of the search stands here, in
`postings.py` or in `index.py`.

A visitor's text is only ever cut into words: field names, operators and wildcards mean nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from whoosh.query import Term

from knowledge.search import words
from knowledge.search.postings import Word
from knowledge.search.words import CJK, IDENT, TEXT_FIELDS, WORDS

LONGEST = 200  # characters of a question that are read
MOST_WORDS = 24
DEPTH = 100  # sections that are looked at; results are grouped and counted among them

IDENT_BOOST = 3.0  # a version, an error code or a file name that is there exactly
COMPLETED_BOOST = 0.6  # words that begin as the last word typed so far
GUESSED_BOOST = 0.4  # words that resemble one that nobody has written
OTHER_SECTIONS = 0.15  # what an article's second-best section adds to its best
READERS_LANGUAGE, SITES_LANGUAGE, OTHER_LANGUAGE = 1.0, 0.9, 0.75
SAME_PRODUCT, OTHER_PRODUCT = 1.25, 0.8
COMPLETIONS, GUESSES = 20, 6


@dataclass
class Question:
    """The words of a question as each field holds them. `marks` says what to highlight."""

    text: str
    fields: tuple[str, ...]
    typing: bool = False
    wanted: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = " ".join(self.text[:LONGEST].split())
        self.typed = list(dict.fromkeys(word for _, _, word in words.spans(self.text)))[:MOST_WORDS]
        for name in self.fields:
            self.want(name, (term for word in self.typed if (term := words.stemmer(name)(word))))
        self.want(CJK, words.pairs(self.text))
        self.want(IDENT, words.identifiers(self.text, asked=True), IDENT_BOOST)

    def want(self, name: str, terms: Iterable[str], boost: float = 1.0) -> None:
        for term in islice(terms, 4 * MOST_WORDS):
            self.wanted.setdefault(name, {}).setdefault(term, boost)

    def words_in(self, reader: Any) -> list[Word]:
        """The words, of which any will do: those that stand somewhere."""
        known = self._present(reader)
        if not known:  # nothing is known of it, or it is stop words alone
            self.want(WORDS, (words.fold(word) for word in self.typed if len(word) > 1))
            known = self._present(reader)
        return known

    def _present(self, reader: Any) -> list[Word]:
        return [
            (name, term, boost)
            for name, some in self.wanted.items()
            for term, boost in some.items()
            if (name, term) in reader
        ]

    def complete(self, reader: Any) -> None:
        """Want what the last word may become, when it is still being typed."""
        match = list(words.spans(self.text))[-1:]
        if not self.typing or not match or match[0][1] != len(self.text):
            return
        start = words.fold(match[0][2])
        if len(start) > 1:
            self.want(WORDS, starting_with(reader, start, COMPLETIONS), COMPLETED_BOOST)

    def guess(self, guesses: dict[str, list[str]]) -> None:
        """Want what resembles the words that nobody has written."""
        for candidates in guesses.values():
            self.want(WORDS, candidates[:GUESSES], GUESSED_BOOST)


def text_fields(reader: Any) -> tuple[str, ...]:
    """The languages there is any text in."""
    present = set(reader.indexed_field_names())
    return tuple(name for name in TEXT_FIELDS if name in present)


def starting_with(reader: Any, start: str, most: int) -> list[str]:
    """Public words that begin so, the most frequent first."""
    found = [term.decode() for term in islice(reader.expand_prefix(WORDS, start), 200)]
    return sorted(found, key=lambda word: -reader.doc_frequency(WORDS, word))[:most]


def unknown_words(question: Question, searcher: Any, allowed: Any) -> list[str]:
    """The words of a question that stand in nothing the asker may see."""
    reader = searcher.reader()
    return [
        word
        for word in question.typed
        if len(word) > 3
        and not any(char.isdigit() for char in word)
        and (WORDS, words.fold(word)) not in reader
        and not any(
            _stands_in(searcher, name, term, allowed) for name in question.fields if (term := words.stemmer(name)(word))
        )
    ]


def _stands_in(searcher: Any, name: str, term: str, allowed: Any) -> bool:
    return (name, term) in searcher.reader() and any(
        number in allowed for number in searcher.docs_for_query(Term(name, term))
    )


def languages_of(question: Question, reader: Any) -> set[str]:
    """The fields of the languages that most words of the question are of; none without a word that tells."""
    counts = {name: sum(_is_of(reader, name, word) for word in question.typed) for name in question.fields}
    most = max(counts.values(), default=0)
    return {name for name, count in counts.items() if count == most > 0}


def in_languages(reader: Any, candidates: Iterable[str], languages: set[str]) -> list[str]:
    """The words that are of one of these languages."""
    return [word for word in candidates if any(_is_of(reader, name, word) for name in languages)]


def _is_of(reader: Any, name: str, word: str) -> bool:
    """Whether a word stands in a language's text, or is one of its stop words."""
    term = words.stemmer(name)(word)
    return (name, term) in reader if term else len(word) > 1


def similar_words(reader: Any, word: str) -> list[str]:
    """Public words that resemble `word`, or go on from it: the nearest first, then the most frequent."""
    folded = words.fold(word)
    reach = 1 if len(folded) < 6 else 2
    near = set(reader.terms_within(WORDS, folded, reach, prefix=1))
    if len(folded) > 5:
        near |= set(starting_with(reader, folded, 5))
    ranked = [
        (distance(folded, other, 3), -reader.doc_frequency(WORDS, other), other)
        for other in near
        if len(other) > 3 and not any(char.isdigit() for char in other)
    ]
    return [other for _, _, other in sorted(ranked)]


def distance(a: str, b: str, most: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours from a to b; `most` for more (or other parts)."""
    if abs(len(a) - len(b)) >= most:
        return most
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(b, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], most)


@dataclass(frozen=True)
class Hit:
    """An article found, with the positions of its best sections, the best first."""

    article_id: int
    score: float
    positions: tuple[int, ...]
    lang: str
    product: str | None


def group(found: Sequence[tuple[float, Any]], reader_lang: str, site_lang: str, product: str | None) -> list[Hit]:
    """Sections to articles: one per address, in the reader's language if that one was found too. Best first."""
    sections: dict[int, list[tuple[float, int]]] = {}
    about: dict[int, tuple[str, str, str | None]] = {}
    for score, (article_id, position, slug, lang, its_product) in found:
        sections.setdefault(article_id, []).append((score, position))
        about[article_id] = (slug, lang, its_product)
    chosen: dict[str, Hit] = {}
    for article_id, scored in sections.items():
        slug, lang, its_product = about[article_id]
        scored.sort(key=lambda pair: -pair[0])
        score = scored[0][0] + (OTHER_SECTIONS * scored[1][0] if len(scored) > 1 else 0.0)
        score *= _language_weight(lang, reader_lang, site_lang) * _product_weight(its_product, product)
        hit = Hit(article_id, score, tuple(position for _, position in scored[:3]), lang, its_product)
        rival = chosen.get(slug)
        if rival is None or _preference(hit, reader_lang) > _preference(rival, reader_lang):
            chosen[slug] = hit if rival is None or rival.score < score else Hit(**{**vars(hit), "score": rival.score})
        elif rival.score < score:
            chosen[slug] = Hit(**{**vars(rival), "score": score})
    return sorted(chosen.values(), key=lambda hit: (-hit.score, hit.article_id))


def _preference(hit: Hit, reader_lang: str) -> tuple[bool, float]:
    return (_base(hit.lang) == _base(reader_lang), hit.score)


def _base(lang: str) -> str:
    return lang.split("-")[0]


def _language_weight(lang: str, reader_lang: str, site_lang: str) -> float:
    if _base(lang) == _base(reader_lang):
        return READERS_LANGUAGE
    return SITES_LANGUAGE if _base(lang) == _base(site_lang) else OTHER_LANGUAGE


def _product_weight(product: str | None, wanted: str | None) -> float:
    if not wanted or not product:
        return 1.0
    return SAME_PRODUCT if product == wanted else OTHER_PRODUCT
