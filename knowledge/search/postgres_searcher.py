"""Reading PostgreSQL's index: few and short queries, and what they brought kept until the index changes.

A word's list (which items hold it, how often, how long their fields are) is one row for each segment, packed, so that
a question reads some rows instead of thousands. Lists are scored by the code that scores Whoosh's, so that both
engines put the same things first. Rights are worked out by the database, from the very snapshot that is read.
"""

import math
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from sys import byteorder
from threading import Lock
from typing import Any

from sqlalchemy import Connection, text

from knowledge.search.engine import Wanted
from knowledge.search.items import Ref, Scope
from knowledge.search.lexicon import Lexicon
from knowledge.search.postings import List, Mask, Read, best_with
from knowledge.search.ranking import COVERAGE, K1, B
from knowledge.search.words import WORDS

LONGEST_WORD = 200
WORDS_KEPT = 8_000  # and how often each stands; also of those that nobody wrote
REFS_KEPT = 4_000
MASKS_KEPT = 30  # a byte for each item

_IN_SCOPE = """
audience = ANY(:audiences) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
AND (CAST(:lang AS text) IS NULL OR lang = :lang) AND (CAST(:product AS text) IS NULL OR product = :product)
"""


class Remembered:
    """What a process has read of one state of the index. What a state says never changes."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.read = Read()
        self.fields: dict[str, float] = {}  # the average length of each
        self.total = -1
        self.frequencies: dict[str, int] = {}
        self.masks: dict[Scope, Mask] = {}
        self.refs: dict[int, Ref] = {}
        self.lexicons: dict[str, Lexicon] = {}


class PostgresSearcher:
    """One build, read on a connection of its own: what breaks here leaves the request's transaction alone."""

    def __init__(self, connection: Connection, build: str, remembered: Remembered | None = None) -> None:
        self._connection, self._build = connection, build
        self._remembered = remembered or Remembered()

    def fields(self) -> frozenset[str]:
        return frozenset(self._lengths())

    def known(self, words: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        frequencies = self._frequencies(words)
        return frozenset(word for word in words if frequencies[lexeme(*word)])

    def standing_in(self, words: Collection[tuple[str, str]], scope: Scope) -> frozenset[tuple[str, str]]:
        if not (known := {word: lexeme(*word) for word in self.known(words)}):
            return frozenset()
        mask, lists = self._allowed_in(scope), self._lists(known.values())
        return frozenset(word for word, form in known.items() if any(map(mask.__getitem__, lists[form].numbers)))

    def beginning_with(self, start: str, most: int) -> list[tuple[str, int]]:
        first = lexeme(WORDS, start)
        query = """
            SELECT word, items FROM {build}.word WHERE word >= :first AND word < :last AND items > 0
            ORDER BY word LIMIT :most"""
        return self._words(self._all(query, first=first, last=first + chr(0x10FFFF), most=most))

    def near(self, word: str, reach: int) -> list[tuple[str, int]]:
        return list(self._lexicon(word[:1]).near(word, reach))

    def best(self, wanted: Sequence[Wanted], scope: Scope, limit: int) -> list[tuple[float, Ref]]:
        frequencies = self._frequencies([word[:2] for word in wanted])
        boosts = {lexeme(*word[:2]): word.boost for word in wanted if frequencies[lexeme(*word[:2])]}
        if not boosts or not scope.audiences:
            return []
        mask, lists, total = self._allowed_in(scope), self._lists(boosts), self._total()
        weighed = [
            (boost * (math.log(total / (frequencies[word] + 1)) + 1) * (K1 + 1), lists[word])
            for word, boost in boosts.items()
        ]
        bonus = 1 / (len(weighed) - COVERAGE) ** 2
        best = best_with([], weighed, bonus, mask, limit)
        refs = self._refs_of([number for _, number in best])
        share = (len(weighed) - 1) / len(weighed) if len(weighed) > 1 else 1.0
        return [(score * share, refs[number]) for score, number in best]

    def refs(self) -> Iterator[Ref]:
        return (Ref(*row.ref) for row in self._all("SELECT ref FROM {build}.item"))

    def count(self) -> int:
        return int(self._all("SELECT count(*) AS items FROM {build}.item")[0].items)

    def _total(self) -> int:
        self._lengths()
        return self._remembered.total

    def _lengths(self) -> dict[str, float]:
        """The average length of each field that holds any word: over all items, as Whoosh has it."""
        kept = self._remembered
        if kept.total < 0:
            query = """
                SELECT field, words, (SELECT count(*) FROM {build}.item) AS total FROM {build}.field WHERE items > 0"""
            rows = self._all(query)
            kept.fields = {row.field: float(row.words) / row.total for row in rows}
            kept.total = rows[0].total if rows else 0
        return kept.fields

    def _frequencies(self, words: Iterable[tuple[str, str]]) -> dict[str, int]:
        """In how many items each word stands, wherever; 0 for those that nobody wrote."""
        kept = self._remembered.frequencies
        lexemes = {lexeme(*word) for word in words}
        found = {word: kept[word] for word in lexemes if word in kept}
        if missing := list(lexemes - found.keys()):
            query = "SELECT word, items FROM {build}.word WHERE word = ANY(:words) AND items > 0"
            counted = dict.fromkeys(missing, 0)
            counted.update((row.word, row.items) for row in self._all(query, words=missing))
            if len(kept) > WORDS_KEPT:
                kept = self._remembered.frequencies = {}
            kept.update(counted)
            found |= counted
            self._lists([word for word, items in counted.items() if items])  # wanted soon, and so in one query
        return found

    def _lists(self, lexemes: Collection[str]) -> dict[str, List]:
        """The lists of these words, of the deleted too: no mask lets them through."""
        kept, found = self._remembered, dict[str, List]()
        with kept.lock:
            for word in lexemes:
                if some := kept.read.lists.get((word, "", "")):
                    kept.read.lists.move_to_end((word, "", ""))
                    found[word] = some
        if missing := [word for word in lexemes if word not in found]:
            query = "SELECT word, items, times, lengths FROM {build}.posting WHERE word = ANY(:words) ORDER BY segment"
            rows = self._all(query, words=missing)
            for word in missing:
                found[word] = self._list(word, [row for row in rows if row.word == word])
            with kept.lock:
                for word in missing:
                    kept.read.keep((word, "", ""), found[word])
        return found

    def _list(self, word: str, rows: Sequence[Any]) -> List:
        average = self._lengths()[word.partition(":")[0]]
        numbers = unpacked("I", [row.items for row in rows])
        times, lengths = unpacked("H", [row.times for row in rows]), unpacked("H", [row.lengths for row in rows])
        least, each = K1 * (1 - B), K1 * B / average
        pairs = zip(times, lengths, strict=True)
        values = array("f", [many / (many + least + each * length) for many, length in pairs])
        return List(average, numbers, values, max(values, default=0.0))

    def _allowed_in(self, scope: Scope) -> Mask:
        """A byte for each item: 1 for those that this reader may see and that are in what is wanted."""
        masks = self._remembered.masks
        if (mask := masks.get(scope)) is None:
            query = (
                "SELECT string_agg(int4send(id::integer), '') AS items,"
                " (SELECT last_value FROM {build}.item_id_seq) AS last FROM {build}.item WHERE" + _IN_SCOPE
            )
            narrowed = {"kind": scope.kind, "lang": scope.lang, "product": scope.product}
            (row,) = self._all(query, audiences=list(scope.audiences), **narrowed)
            mask = Mask(row.last + 1)
            for number in unpacked("I", [row.items or b""]):
                mask[number] = 1
            if len(masks) >= MASKS_KEPT:
                masks = self._remembered.masks = {}
            masks[scope] = mask
        return mask

    def _lexicon(self, letter: str) -> Lexicon:
        """The public words that begin with a letter, fetched as one."""
        kept = self._remembered.lexicons
        if letter not in kept:
            first = lexeme(WORDS, letter)
            query = """
                SELECT string_agg(word, chr(10) ORDER BY word) AS words,
                    string_agg(int4send(items), '' ORDER BY word) AS items
                FROM {build}.word WHERE word >= :first AND word < :last AND items > 0"""
            (row,) = self._all(query, first=first, last=first + chr(0x10FFFF))
            words = row.words.split("\n") if row.words else []
            forms = (word.partition(":")[2].encode() for word in words)
            kept[letter] = Lexicon(zip(forms, unpacked("I", [row.items or b""]), strict=True))
        return kept[letter]

    def _refs_of(self, numbers: Sequence[int]) -> dict[int, Ref]:
        kept = self._remembered.refs
        found = {number: kept[number] for number in numbers if number in kept}
        if missing := [number for number in numbers if number not in found]:
            rows = self._all("SELECT id, ref FROM {build}.item WHERE id = ANY(:ids)", ids=missing)
            new = {row.id: Ref(*row.ref) for row in rows}
            if len(kept) > REFS_KEPT:
                kept = self._remembered.refs = {}
            kept.update(new)
            found |= new
        return found

    def _words(self, rows: Iterable[Any]) -> list[tuple[str, int]]:
        return [(row.word.partition(":")[2], row.items) for row in rows]

    def _all(self, statement: str, /, **values: Any) -> Sequence[Any]:
        return self._connection.execute(text(statement.replace("{build}", self._build)), values).all()


def lexeme(field: str, word: str) -> str:
    return f"{field}:{word[:LONGEST_WORD]}"


def unpacked(kind: str, parts: Iterable[bytes]) -> "array[int]":
    """Numbers as the database's `int4send` (I) and `int2send` (H) packed them, one part after the other."""
    numbers = array(kind, b"".join(parts))
    if byteorder == "little":
        numbers.byteswap()
    return numbers
