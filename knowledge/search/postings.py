"""Scores of a question's words, from whole lists of postings.

Whoosh scores one section after another through a tree of objects; where a word stands in thousands of sections, that is
most of a search, and its bonus for covering more words changes when a word's list comes to its end, and from segment to
segment. Here the list of each word is read at once, scored by the same formula, and kept: a segment's files never
change, so what was read of one serves every later generation of the index that still has it.
"""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from heapq import nlargest
from itertools import accumulate, compress
from typing import Any, NamedTuple

from whoosh.codec.whoosh3 import LENGTHS_COLUMN
from whoosh.util.numeric import byte_to_length

from knowledge.search.engine import Wanted
from knowledge.search.lexicon import Lexicon, words_of
from knowledge.search.ranking import COVERAGE, K1, B
from knowledge.search.words import WORDS

MOST_KEPT = 400_000  # postings, of 8 bytes each
MASKS_KEPT = 60  # one byte for each section
RENEWED_AT = 0.005  # the part of itself by which a field's average length may change before lists are scored anew
SURELY = 0.999999  # sums of the same numbers in another order differ in their last digits
LOOKED_UP = 12  # a list is looked into, not walked through, when it has so many times more sections than are still in
AT_ONCE = 16_384  # sections that are scored together
WORTH_IT = 2  # the same of looking for what can still come first, which costs as much as walking through what is in
Mask = bytearray  # by section of a segment, 1 for what may be found


class List(NamedTuple):
    """A word's sections in a segment in order, what it is worth in each but for its rarity, and the most it is."""

    average: float
    numbers: "array[int]"
    values: "array[float]"
    most: float


class Read:
    """What was read of segments, by their ids; kept from one generation to the next."""

    def __init__(self) -> None:
        self.lists: OrderedDict[tuple[str, str, str], List] = OrderedDict()
        self.many = 0
        self.lengths: dict[tuple[str, str], bytes] = {}
        self.lexicons: dict[tuple[str], Lexicon] = {}
        self.masks: OrderedDict[tuple[str, Hashable], Mask] = OrderedDict()

    def keep(self, key: tuple[str, str, str], found: List) -> None:
        if key in self.lists:
            self.many -= len(self.lists.pop(key).numbers)
        self.lists[key] = found
        self.many += len(found.numbers)
        while self.many > MOST_KEPT and len(self.lists) > 1:
            self.many -= len(self.lists.popitem(last=False)[1].numbers)

    def forget_all_but(self, segments: Collection[str]) -> None:
        some: Any
        for some in (self.lengths, self.lexicons, self.masks, self.lists):
            for key in [key for key in some if key[0] not in segments]:
                gone = some.pop(key)
                self.many -= len(gone.numbers) if isinstance(gone, List) else 0


class Postings:
    """The postings of one searcher, which never change: a newer index has a new searcher."""

    def __init__(self, searcher: Any, read: Read | None = None) -> None:
        self.searcher, self.read = searcher, read or Read()
        self.leaves = [(reader, base, reader.segment().segment_id()) for reader, base in _leaves(searcher)]
        self.read.forget_all_but({name for _, _, name in self.leaves})
        self._averages: dict[str, float] = {}

    def best(self, words: Iterable[Wanted], allowed: Sequence[Mask], limit: int) -> list[tuple[float, int]]:
        """(score, number) of the best among the allowed sections (a mask for each segment) that hold any of the words.
        Best first, then by number."""
        words = list(words)
        bonus = 1 / (len(words) - COVERAGE) ** 2 if words else 0.0
        found: list[tuple[float, int]] = []
        for (reader, base, name), mask in zip(self.leaves, allowed, strict=True):
            lists = [(self._worth(word), self._list(reader, name, *word[:2])) for word in words]
            found = best_with(found, lists, bonus, mask, limit, base)
        share = (len(words) - 1) / len(words) if len(words) > 1 else 1.0
        return [(score * share, number) for score, number in found]

    def holds(self, field: str, term: str, allowed: Sequence[Mask]) -> bool:
        """Whether the term stands in an allowed section."""
        for (reader, _, name), mask in zip(self.leaves, allowed, strict=True):
            kept = self.read.lists.get((name, field, term))
            if any(map(mask.__getitem__, kept.numbers if kept else self.numbers(reader, field, term))):
                return True
        return False

    def allowed(self, key: Hashable, terms: Mapping[str, Collection[str]]) -> list[Mask]:
        """By segment, the sections that hold, of each field, one of the terms, and aren't deleted."""
        masks = []
        for reader, _, name in self.leaves:
            mask = self.read.masks.pop((name, key), None)
            if mask is None:
                every = (1 << (8 * reader.doc_count_all())) - 1
                for field, some in terms.items():
                    every &= int.from_bytes(self._mask_of(reader, field, some), "little")
                mask = Mask(every.to_bytes(reader.doc_count_all(), "little"))
            self.read.masks[name, key] = mask
            masks.append(mask)
            if reader.has_deletions():
                masks[-1] = mask[:]
                for number in reader._perdoc.deleted_docs():
                    masks[-1][number] = 0
        while len(self.read.masks) > MASKS_KEPT:
            self.read.masks.popitem(last=False)
        return masks

    def lexicons(self) -> list[Lexicon]:
        """The public words of each segment."""
        for reader, _, name in self.leaves:
            if (name,) not in self.read.lexicons:
                self.read.lexicons[(name,)] = Lexicon(words_of(reader._terms, WORDS))
        return [self.read.lexicons[(name,)] for _, _, name in self.leaves]

    def numbers(self, reader: Any, field: str, term: str) -> Iterable[int]:
        """The sections of a segment that hold a term; those of deleted articles too."""
        if (field, term) not in reader:
            return ()
        return (number for numbers, _ in blocks(reader.postings(field, term)) for number in numbers)

    def _mask_of(self, reader: Any, field: str, terms: Collection[str]) -> Mask:
        mask = Mask(reader.doc_count_all())
        for term in terms:
            for number in self.numbers(reader, field, term):
                mask[number] = 1
        return mask

    def _worth(self, word: Wanted) -> float:
        return float(self.searcher.idf(word.field, word.term)) * (K1 + 1) * word.boost

    def _list(self, reader: Any, name: str, field: str, term: str) -> List:
        average, found = self._average(field), self.read.lists.get((name, field, term))
        if found and abs(found.average - average) <= RENEWED_AT * average:
            self.read.lists.move_to_end((name, field, term))
            return found
        numbers, values = array("I"), array("d")
        if (field, term) in reader:
            norms = [K1 * (1 - B + B * byte_to_length(byte) / average) for byte in range(256)]
            lengths = self._lengths_of(reader, name, field)
            for numbered, weights in blocks(reader.postings(field, term)):
                numbers.extend(numbered)
                pairs = zip(numbered, weights, strict=True)
                values.extend([weight / (weight + norms[lengths[number]]) for number, weight in pairs])
        found = List(average, numbers, array("f", values), max(values, default=0.0))
        if numbers:
            self.read.keep((name, field, term), found)
        return found

    def _average(self, field: str) -> float:
        if field not in self._averages:
            self._averages[field] = float(self.searcher.avg_field_length(field) or 1)
        return self._averages[field]

    def _lengths_of(self, reader: Any, name: str, field: str) -> bytes:
        """How long the field is in each section of a segment: one byte each, as Whoosh writes them."""
        if (name, field) not in self.read.lengths:
            column = reader._perdoc.column_reader(f"_{field}_len", LENGTHS_COLUMN)
            found = bytes(column._dbfile.get(column._basepos, column._count))
            self.read.lengths[name, field] = found.ljust(reader.doc_count_all(), b"\0")
        return self.read.lengths[name, field]


def best_with(
    found: list[tuple[float, int]],
    lists: list[tuple[float, List]],
    bonus: float,
    mask: Mask,
    limit: int,
    base: int = 0,
) -> list[tuple[float, int]]:
    """(score, number) of the best of what was found before and of these lists, whose numbers count from `base`."""
    for piece in in_pieces([(worth, some) for worth, some in lists if some.numbers], len(mask)):
        least = found[-1][0] if len(found) == limit else 0.0
        scores = [(round(score, 9), base + n) for n, score in best_of(piece, bonus, mask, limit, least).items()]
        found = sorted([*found, *scores], key=_order)[:limit]
    return found


def in_pieces(lists: list[tuple[float, List]], sections: int) -> Iterable[list[tuple[float, List]]]:
    """The same lists for some sections after others: scores of all at once would be most of a process's memory, and
    what the first hold cuts short what must be looked at in the rest."""
    if sections <= AT_ONCE:
        yield lists
        return
    for start in range(0, sections, AT_ONCE):
        piece = []
        for worth, some in lists:
            first, last = (bisect_left(some.numbers, end) for end in (start, start + AT_ONCE))
            if first < last:
                piece.append((worth, some._replace(numbers=some.numbers[first:last], values=some.values[first:last])))
        yield piece


def best_of(
    lists: Sequence[tuple[float, List]], bonus: float, mask: Mask, limit: int, least: float
) -> dict[int, float]:
    """Scores of the best allowed sections of a segment, and of some others. Each list comes with what its word is
    worth; `least` is what a score must reach to count at all.

    The shortest lists come first: they hold the rarest words, which are worth most. When what is still to come can't
    lift a section that holds none of the words so far among the best, only those that are in are looked at (MaxScore).
    """
    lists = sorted(lists, key=lambda one: len(one[1].numbers))
    scores: dict[int, float] = {}
    for place, (worth, some) in enumerate(lists):
        to_come = sum(other_worth * other.most for other_worth, other in lists[place:])
        more = len(lists) - place
        if len(scores) >= limit and len(some.numbers) > WORTH_IT * len(scores):
            least = max(least, nlargest(limit, scores.values())[-1])
            enough = (least - to_come - more * bonus) * SURELY
            scores = {number: score for number, score in scores.items() if score >= enough}
        if to_come + (more - 1) * bonus >= least * SURELY:
            _add(scores, worth, some, bonus, mask)
        else:
            _lift(scores, worth, some, bonus)
    if len(scores) > limit:
        least = nlargest(limit, scores.values())[-1] * SURELY
        scores = {number: score for number, score in scores.items() if score >= least}
    return scores


def _add(scores: dict[int, float], worth: float, some: List, bonus: float, mask: Mask) -> None:
    """Add what a word is worth, also to sections that held none before."""
    pairs: Iterable[tuple[int, float]] = zip(some.numbers, some.values, strict=True)
    if 0 in mask:
        pairs = compress(pairs, map(mask.__getitem__, some.numbers))
    if not scores:
        scores.update([(number, value * worth) for number, value in pairs])
        return
    known = scores.get
    for number, value in pairs:
        before = known(number)
        scores[number] = value * worth if before is None else before + value * worth + bonus


def _lift(scores: dict[int, float], worth: float, some: List, bonus: float) -> None:
    """Add what a word is worth to the sections that are in already."""
    numbers, values = some.numbers, some.values
    if len(numbers) > LOOKED_UP * len(scores):
        last = len(numbers)
        for number, score in scores.items():
            place = bisect_left(numbers, number)
            if place < last and numbers[place] == number:
                scores[number] = score + values[place] * worth + bonus
    else:
        for number, value in zip(numbers, values, strict=True):
            if number in scores:
                scores[number] += value * worth + bonus


def blocks(matcher: Any) -> Iterable[tuple[Sequence[int], Iterable[float]]]:
    """(numbers, weights) of a term's postings, a block of the file at a time."""
    matcher = getattr(matcher, "child", matcher)  # the deleted are left out later, with all that isn't allowed
    matcher.reset()
    while matcher.is_active():
        if hasattr(matcher, "_next_block"):
            matcher._read_data()
            matcher._read_weights()
            yield list(accumulate(matcher._data[0])), matcher._weights  # numbers stand there as steps
            matcher._next_block()
        else:  # so few that they stand beside the term
            yield [matcher.id()], [matcher.weight()]
            matcher.next()


def _leaves(searcher: Any) -> list[tuple[Any, int]]:
    return [leaf for leaf in searcher.reader().leaf_readers() if leaf[0].segment() is not None]


def _order(pair: tuple[float, int]) -> tuple[float, int]:
    return -pair[0], pair[1]
