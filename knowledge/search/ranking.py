"""What a question asks for, and what comes first. Every weight of the search stands here or in `cutting.py`.

A visitor's text is only ever cut into words: field names, operators and wildcards mean nothing.

What chose weights (nDCG@10 of the collections of `bench/relevance.py`, their mean, 2026-11-22):
- EXACT_BOOST: 0 .682, 0.25 .691, 0.5 .693, 0.75 .693, 1 .691. It costs 12 % of a new question's time.
- GUESSED_BOOST, with one letter of each question changed: 0.2 .670, 0.4 .678, 0.6 .684, 0.8 .684. Guesses in stems
  too: before, with the unstemmed word alone at 0.4, .662.
- OTHER_FIELD, all collections in one index, a reader of another language: 1 .684, 0.75 .687, 0.5 .689, 0.1 .687.
- SITES_LANGUAGE and OTHER_LANGUAGE so: the reader's own language 0.9/0.75 .707, 0.8/0.6 .710; a question in another
  language than the reader's .688 and .687 (Dutch), .675 and .667 (Chinese): left as they were.
- SYNONYM_BOOST and the words of `most_telling` are not measured: no collection has what they need.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from knowledge.search import words
from knowledge.search.engine import Searcher, Wanted
from knowledge.search.items import Ref, Scope
from knowledge.search.words import CJK, IDENT, TEXT_FIELDS, WORDS
from knowledge.versions import covers, numbers, sort_key

LONGEST = 200  # characters of a question that are read
MOST_WORDS = 24
MOST_LOOKED_UP = 80  # words of a long text
UNHEARD = 10**9
DEPTH = 100  # sections that are looked at; results are grouped and counted among them

COVERAGE = 0.9  # how much an item gains that holds more of the words: the less, the more words there are
K1, B = 1.2, 0.75  # of BM25: how soon more of a word counts no more, and how much a long text loses
IDENT_BOOST = 3.0  # a version, an error code or a file name that is there exactly
COMPLETED_BOOST = 0.6  # words that begin as the last word typed so far
SYNONYM_BOOST = 0.7  # words that editors said mean the same; of several words each gets its part
GUESSED_BOOST = 0.6  # words that resemble one that nobody has written
EXACT_BOOST = 0.5  # a word that stands there as it was typed, beside its stem
OTHER_FIELD = 0.5  # a word in the text of a language that the question is not of
OTHER_ITEMS = 0.15  # what the second-best section of an article adds to its best
READERS_LANGUAGE, SITES_LANGUAGE, OTHER_LANGUAGE = 1.0, 0.9, 0.75
SAME_PRODUCT, OTHER_PRODUCT = 1.25, 0.8
SAME_VERSION, OTHER_VERSION = 1.1, 0.7
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
        self.want(CJK, words.pairs(words.without_asking(self.text)))
        self.want(IDENT, words.identifiers(self.text, asked=True), IDENT_BOOST)

    def want(self, name: str, terms: Iterable[str], boost: float = 1.0) -> None:
        for term in islice(terms, 4 * MOST_WORDS):
            self.wanted.setdefault(name, {}).setdefault(term, boost)

    def widen(self, other: str, lang: str) -> None:
        """Want what means the same, in a language's field or (for "") in every one."""
        typed = [word for _, _, word in words.spans(other)]
        boost = SYNONYM_BOOST / max(len(typed), 1) ** 0.5
        for name in (words.field_of(lang),) if lang else self.fields:
            if name in self.fields:
                self.want(name, (term for word in typed if (term := words.stemmer(name)(word))), boost)
        self.want(CJK, words.pairs(other), boost)
        self.want(IDENT, words.identifiers(other, asked=True), boost)

    def terms(self, searcher: Searcher) -> list[Wanted]:
        """What to ask the engine for: of what stands anywhere, everything. Stop words where there is nothing else."""
        asked = {(name, term) for name, some in self.wanted.items() for term in some}
        typed = {word: (WORDS, words.fold(word)) for word in self.typed if len(word) > 1}
        known = searcher.known([*asked, *typed.values()])
        spoken = set() if self.wanted.get(CJK) else self.languages(known, len(self.typed) // 2)
        spoken = spoken or set(self.fields)
        telling = [word for word in typed if any(words.stemmer(name)(word) for name in spoken)]
        self.want(WORDS, (typed[word][1] for word in telling), EXACT_BOOST)
        if not known & asked:
            self.want(WORDS, (form for _, form in typed.values()))
        weights = dict.fromkeys(set(self.fields) - spoken, OTHER_FIELD)
        return [
            Wanted(name, term, boost * weights.get(name, 1.0))
            for name, some in self.wanted.items()
            for term, boost in some.items()
            if (name, term) in known
        ]

    def languages(self, known: Collection[tuple[str, str]], least: int = 0) -> set[str]:
        """The fields of the languages that most words of the question are of, if they are more than `least`: words
        that stand in the language's text (`known`), or are its stop words."""
        counts = dict.fromkeys(self.fields, 0)
        for word in self.typed:
            for name in self.fields:
                term = words.stemmer(name)(word)
                counts[name] += (name, term) in known if term else len(word) > 1
        most = max(counts.values(), default=0)
        return {name for name, count in counts.items() if count == most > least}

    def telling(self, languages: Collection[str]) -> set[str]:
        """The words that are no stop words in any of these languages."""
        return {word for word in self.typed if all(words.stemmer(name)(word) for name in languages)}

    def complete(self, searcher: Searcher) -> None:
        """Want what the last word may become, when it is still being typed."""
        match = list(words.spans(self.text))[-1:]
        if not self.typing or not match or match[0][1] != len(self.text):
            return
        start = words.fold(match[0][2])
        if len(start) > 1:
            self.want(WORDS, starting_with(searcher, start, COMPLETIONS), COMPLETED_BOOST)

    def guess(self, guesses: dict[str, list[str]]) -> None:
        """Want what resembles the words that nobody has written, in every form."""
        for other in (other for candidates in guesses.values() for other in candidates[:GUESSES]):
            self.want(WORDS, [other], GUESSED_BOOST)
            for name in self.fields:
                self.want(name, filter(None, [words.stemmer(name)(other)]), GUESSED_BOOST)


def most_telling(searcher: Searcher, text: str, most: int = 16) -> str:
    """The rarest public words of a long text in their order, and its codes; words that nobody wrote come last."""
    typed = list(dict.fromkeys(word for _, _, word in words.spans(text) if len(word) > 2))[:MOST_LOOKED_UP]
    folded = {word: words.fold(word) for word in typed}
    known = searcher.known([(WORDS, form) for form in folded.values()])
    counts = {
        word: dict(searcher.beginning_with(form, 200)).get(form, 1) if (WORDS, form) in known else UNHEARD
        for word, form in folded.items()
    }
    chosen = set(sorted(typed, key=lambda word: counts[word])[:most])
    return " ".join([*words.identifiers(text)[:6], *(word for word in typed if word in chosen)])[:LONGEST]


def text_fields(searcher: Searcher) -> tuple[str, ...]:
    """The languages there is any text in."""
    return tuple(name for name in TEXT_FIELDS if name in searcher.fields())


def starting_with(searcher: Searcher, start: str, most: int) -> list[str]:
    """Public words that begin so, the most frequent first."""
    found = sorted(searcher.beginning_with(start, 200), key=lambda pair: -pair[1])
    return [word for word, _ in found[:most]]


def unknown_words(question: Question, searcher: Searcher, scope: Scope) -> list[str]:
    """The words of a question that stand in nothing the asker may see."""
    typed = [word for word in question.typed if len(word) > 3 and not any(char.isdigit() for char in word)]
    known = searcher.known([(WORDS, words.fold(word)) for word in typed])
    forms = {
        word: {(name, term) for name in question.fields if (term := words.stemmer(name)(word))}
        for word in typed
        if (WORDS, words.fold(word)) not in known
    }
    there = searcher.standing_in({form for some in forms.values() for form in some}, scope)
    return [word for word, some in forms.items() if not some & there]


def languages_of(question: Question, searcher: Searcher) -> set[str]:
    """The fields of the languages that most words of the question are of; none without a word that tells."""
    return question.languages(
        searcher.known({(n, term) for n in question.fields for term in question.wanted.get(n, ())})
    )


def misread_words(question: Question, searcher: Searcher, name: str) -> dict[str, list[str]]:
    """The words that nobody has written so, that are forms of another language's words alone, and resemble one of the
    reader's language by all letters but one; with those."""
    typed = {word: words.fold(word) for word in question.typed if len(word) > 4 and not any(map(str.isdigit, word))}
    terms = {(name, term) for word in typed if (term := words.stemmer(name)(word))}
    known = searcher.known({*terms, *((WORDS, form) for form in typed.values())})
    found = {}
    for word, form in typed.items():
        term = words.stemmer(name)(word)
        if term and (name, term) not in known and (WORDS, form) not in known:
            near = [other for other, _ in sorted(searcher.near(form, 1), key=lambda pair: -pair[1])]
            if meant := in_languages(searcher, near, {name}):
                found[word] = meant
    return found


def in_languages(searcher: Searcher, candidates: Sequence[str], languages: Collection[str]) -> list[str]:
    """The words that are of one of these languages."""
    known = _of_languages(searcher, candidates, languages)
    return [word for word in candidates if any((name, word) in known for name in languages)]


def _of_languages(searcher: Searcher, typed: Iterable[str], names: Collection[str]) -> set[tuple[str, str]]:
    """(field, word) of those words that stand in a language's text, or are its stop words."""
    terms = {(name, word): words.stemmer(name)(word) for word in typed for name in names}
    known = searcher.known({(name, term) for (name, _), term in terms.items() if term})
    return {(n, word) for (n, word), term in terms.items() if ((n, term) in known if term else len(word) > 1)}


def similar_words(searcher: Searcher, word: str, name: str = "") -> list[str]:
    """Public words that resemble `word`, or go on from it: the nearest first, then the most frequent. Where there are
    none, those that resemble it in a language's field: by their stems, and from the beginning."""
    folded = words.fold(word)
    near = dict(searcher.near(folded, 1 if len(folded) < 6 else 2))
    if not near and name and len(stem := words.stemmer(name)(word)) > 7:
        alike = searcher.beginning_with(folded[: len(stem) // 2], 200)
        near = {other: many for other, many in alike if distance(stem, words.stemmer(name)(other), 2) < 2}
    if len(folded) > 5:
        near |= dict(sorted(searcher.beginning_with(folded, 200), key=lambda pair: -pair[1])[:5])
    ranked = [
        (distance(folded, other, 3), -frequency, other)
        for other, frequency in near.items()
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
    """A thing found, with its best items, the best first. `is_covered` says whether it is for the wanted version."""

    refs: tuple[Ref, ...]
    score: float
    is_covered: bool | None = None
    is_pinned: bool = False

    @property
    def best(self) -> Ref:
        return self.refs[0]


@dataclass(frozen=True)
class Own:
    """The products a reader has, those they filed tickets about among them, and (product, version) as far as told.

    With `has_all` what they hold is for every product.
    """

    products: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    has_all: bool = False
    named: frozenset[str] = frozenset()

    def asked(self, text: str) -> "Own":
        """What of it counts for this question: a product or a version that it names is what it is about."""
        if not self.products:
            return self
        named = frozenset(words.fold(word) for _, _, word in words.spans(text))
        is_of_version = any("." in name and numbers(name) for name in words.identifiers(text, asked=True))
        return replace(self, named=named, versions=() if is_of_version else self.versions)

    def weigh(self, product: str) -> float:
        if not self.products:
            return 1.0
        if product in self.products or self.named.issuperset(product.split("-")):
            return SAME_PRODUCT
        return 1.0 if self.has_all else OTHER_PRODUCT


NOTHING_OWN = Own()


@dataclass(frozen=True)
class Preference:
    """What this reader would rather have: their language, then the site's; a product, and its version.

    What was chosen counts before what the reader has.
    """

    lang: str
    site_lang: str
    product: str | None = None
    version: str | None = None
    own: Own = NOTHING_OWN

    def weigh(self, ref: Ref) -> float:
        return ref.prior * self._language(ref.lang) * self._product(ref.product) * self._version(ref)

    def covers(self, ref: Ref) -> bool | None:
        """Whether this is for the version that is wanted of its product; None where that can't be said."""
        if not self.version:
            version = dict(self.own.versions).get(ref.product or "")
            return covers(ref.versions, version) if version else None
        if self.product and ref.product not in (None, self.product):
            return None
        return covers(ref.versions, self.version)

    def order(self, hit: Hit) -> tuple[bool, bool, str, float]:
        """Which of the translations and versions of one thing is shown: the greatest."""
        ref = hit.best
        return (_base(ref.lang) == _base(self.lang), hit.is_covered is True, _edition(ref), hit.score)

    def _language(self, lang: str) -> float:
        if not lang or _base(lang) == _base(self.lang):
            return READERS_LANGUAGE
        return SITES_LANGUAGE if _base(lang) == _base(self.site_lang) else OTHER_LANGUAGE

    def _product(self, product: str | None) -> float:
        if not product:
            return 1.0
        if self.product:
            return SAME_PRODUCT if product == self.product else OTHER_PRODUCT
        return self.own.weigh(product)

    def _version(self, ref: Ref) -> float:
        answer = self.covers(ref)
        return 1.0 if answer is None else SAME_VERSION if answer else OTHER_VERSION


def group(found: Sequence[tuple[float, Ref]], preference: Preference) -> list[Hit]:
    """Items to things: one for each address, the translation and version that this reader prefers. Best first."""
    things: dict[tuple[str, int], list[tuple[float, Ref]]] = {}
    for score, ref in found:
        things.setdefault((ref.kind, ref.item_id), []).append((score, ref))
    chosen: dict[str, Hit] = {}
    for scored in things.values():
        scored.sort(key=lambda pair: -pair[0])
        score, ref = scored[0]
        score += OTHER_ITEMS * scored[1][0] if len(scored) > 1 else 0.0
        refs = tuple(ref for _, ref in scored[:3])
        hit = Hit(refs, score * preference.weigh(ref), preference.covers(ref))
        rival = chosen.setdefault(ref.address, hit)
        better = max(hit, rival, key=preference.order)
        chosen[ref.address] = replace(better, score=max(hit.score, rival.score))
    return sorted(chosen.values(), key=lambda hit: (-hit.score, hit.best))


def _base(lang: str) -> str:
    return lang.split("-")[0]


def _edition(ref: Ref) -> str:
    """Of manuals the newest first; articles are of one version."""
    return sort_key(ref.versions) if ref.kind == "document" and ref.versions else ""
