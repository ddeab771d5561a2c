"""Scores of a question's words, from whole lists of postings.

Whoosh scores one section after another through a tree of objects; where a word stands in thousands of sections, that is
most of a search, and its bonus for covering more words changes when a word's list comes to its end, and from segment to
segment. Here the list of each word is read at once, scored by the same formula, and kept for the next question.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from heapq import nlargest
from typing import Any

from whoosh.codec.whoosh3 import LENGTHS_COLUMN
from whoosh.util.numeric import byte_to_length

from knowledge.search.engine import Wanted
from knowledge.search.ranking import COVERAGE, K1, B

MOST_KEPT = 400_000  # postings, of 12 bytes each
Scored = tuple["array[int]", "array[float]"]  # sections in order, what the word is worth in each


class Postings:
    """The postings of one searcher, which never change: a newer index has a new searcher."""

    def __init__(self, searcher: Any) -> None:
        self.searcher = searcher
        self._kept: OrderedDict[tuple[str, str], Scored] = OrderedDict()
        self._many = 0
        self._lengths: dict[tuple[int, str], bytes] = {}

    def best(self, words: Iterable[Wanted], allowed: set[int], limit: int) -> list[tuple[float, int]]:
        """(score, number) of the best among the `allowed` sections that hold any of the words. Best first, then by
        number. Nothing is allowed by an empty set."""
        lists = sorted((self._boosted(*word) for word in words), key=lambda scored: -len(scored[0]))
        if not lists or not allowed:
            return []
        bonus = 1 / (len(lists) - COVERAGE) ** 2
        scores = dict(zip(*lists[0], strict=True))
        known = scores.get
        for numbers, values in lists[1:]:
            for number, value in zip(numbers, values, strict=True):
                before = known(number)
                scores[number] = value if before is None else before + value + bonus
        if len(allowed) < self.searcher.doc_count_all():
            scores = {number: scores[number] for number in scores.keys() & allowed}
        if len(scores) > limit:
            least = nlargest(limit, scores.values())[-1]
            scores = {number: score for number, score in scores.items() if score >= least}
        first = sorted(((-score, number) for number, score in scores.items()))[:limit]
        share = (len(lists) - 1) / len(lists) if len(lists) > 1 else 1.0
        return [(-score * share, number) for score, number in first]

    def _boosted(self, field: str, term: str, boost: float) -> Scored:
        numbers, values = self._scored(field, term)
        return (numbers, values) if boost == 1 else (numbers, array("d", [value * boost for value in values]))

    def _scored(self, field: str, term: str) -> Scored:
        """The sections that hold a term, with its worth in each; those of deleted articles too."""
        if found := self._kept.get((field, term)):
            self._kept.move_to_end((field, term))
            return found
        numbers, values = array("I"), array("d")
        idf = self.searcher.idf(field, term) * (K1 + 1)
        average = self.searcher.avg_field_length(field) or 1
        norms = [K1 * (1 - B + B * byte_to_length(byte) / average) for byte in range(256)]
        for reader, base in self.searcher.reader().leaf_readers():
            if (field, term) not in reader:
                continue
            lengths = self._lengths_of(reader, base, field)
            for numbered, weights in blocks(reader.postings(field, term)):
                numbers.extend([base + number for number in numbered])
                pairs = zip(numbered, weights, strict=True)
                values.extend([idf * weight / (weight + norms[lengths[number]]) for number, weight in pairs])
        self._keep((field, term), (numbers, values))
        return numbers, values

    def _keep(self, key: tuple[str, str], scored: Scored) -> None:
        self._kept[key] = scored
        self._many += len(scored[0])
        while self._many > MOST_KEPT and len(self._kept) > 1:
            self._many -= len(self._kept.popitem(last=False)[1][0])

    def _lengths_of(self, reader: Any, base: int, field: str) -> bytes:
        """How long the field is in each section of a segment: one byte each, as Whoosh writes them."""
        if (base, field) not in self._lengths:
            column = reader._perdoc.column_reader(f"_{field}_len", LENGTHS_COLUMN)
            found = bytes(column._dbfile.get(column._basepos, column._count))
            self._lengths[base, field] = found.ljust(reader.doc_count_all(), b"\0")
        return self._lengths[base, field]


def blocks(matcher: Any) -> Iterable[tuple[Iterable[int], Iterable[float]]]:
    """(numbers, weights) of a term's postings, a block of the file at a time."""
    matcher = getattr(matcher, "child", matcher)  # the deleted are left out later, with all that isn't allowed
    matcher.reset()
    while matcher.is_active():
        if hasattr(matcher, "_next_block"):
            matcher.id(), matcher.weight()  # has the block read
            yield matcher._ids, matcher._weights
            matcher._next_block()
        else:  # so few that they stand beside the term
            yield [matcher.id()], [matcher.weight()]
            matcher.next()
