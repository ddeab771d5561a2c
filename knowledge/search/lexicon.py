"""The public words of one segment (of PostgreSQL: those with one first letter), together in memory.

What is completed and corrected is looked up in them.

On the disk each look at a word is some fifty reads; a misspelt word means hundreds of looks.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from struct import unpack_from
from typing import Any

FREQUENCY_AT = 5  # in what Whoosh writes behind a word: a byte of flags, four of its weight, then how many hold it


class Lexicon:
    """The words of a field in order, and in how many items of the segment each stands."""

    def __init__(self, counted: Iterable[tuple[bytes, int]]) -> None:
        self._ends, self._frequencies = array("I", [0]), array("I")
        words = bytearray()
        for word, frequency in counted:
            words += word
            self._ends.append(len(words))
            self._frequencies.append(frequency)
        self._words = bytes(words)
        self._letters: dict[str, tuple[int, array[int]]] = {}

    def beginning_with(self, start: str, most: int) -> Iterator[tuple[str, int]]:
        first, wanted = self._from(start.encode()), start.encode()
        for place in range(first, min(first + most, len(self._frequencies))):
            word = self._at(place)
            if not word.startswith(wanted):
                return
            yield word.decode(), self._frequencies[place]

    def near(self, word: str, reach: int) -> Iterator[tuple[str, int]]:
        """Words with the same first letter that are at most `reach` changed letters away. A changed letter takes one
        out of the set of letters and puts one in: those whose sets differ by more are never looked at."""
        wanted, (first, letters) = _letters(word), self._letters_of(word[:1])
        far, apart = 2 * reach, distances_from(word)
        for place in [place for place, some in enumerate(letters, first) if (some ^ wanted).bit_count() <= far]:
            other = self._at(place).decode()
            if abs(len(other) - len(word)) <= reach and apart(other) <= reach:
                yield other, self._frequencies[place]

    def _letters_of(self, start: str) -> tuple[int, "array[int]"]:
        """Where the words with this first letter begin, and the set of letters of each."""
        if start not in self._letters:
            first, last = self._from(start.encode()), self._from(start.encode() + b"\xff")
            every = array("I", (_letters(self._at(place).decode()) for place in range(first, last)))
            self._letters[start] = first, every
        return self._letters[start]

    def _from(self, word: bytes) -> int:
        return bisect_left(range(len(self._frequencies)), word, key=self._at)

    def _at(self, place: int) -> bytes:
        return self._words[self._ends[place] : self._ends[place + 1]]


def distances_from(word: str) -> Callable[[str], int]:
    """other → insertions, deletions, replacements and swaps of neighbours from `word` to it, as `ranking.distance`
    counts them; a column of the table at a time, in the bits of a number (Hyyrö 2003)."""
    every, last = (1 << len(word)) - 1, 1 << max(len(word) - 1, 0)
    places: dict[str, int] = {}
    for place, letter in enumerate(word):
        places[letter] = places.get(letter, 0) | 1 << place

    def count(other: str) -> int:
        more, less, same, before, apart = every, 0, 0, 0, len(word)
        for letter in other:
            here = places.get(letter, 0)
            swapped = ((~same & here) << 1) & before
            same = (((here & more) + more) ^ more) | here | less | swapped
            up, down = less | (~(same | more) & every), same & more
            apart += bool(up & last) - bool(down & last)
            up = up << 1 | 1
            more, less, before = down << 1 | (~(same | up) & every), up & same, here
        return apart

    return count if word else len


def _letters(word: str) -> int:
    """The set of its letters as bits; some share one."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 31)
    return bits


def words_of(terms: Any, field: str) -> Iterator[tuple[bytes, int]]:
    """(word, frequency) in order, from one reading of the field's part of the file."""
    if field not in terms.indexed_field_names():
        return
    index, mark = terms._tindex, terms._keycoder(field, b"")
    start = index.closest_key_pos(mark)
    end = index.closest_key_pos((int.from_bytes(mark, "big") + 1).to_bytes(2, "big")) or index.endofdata
    part, at = index.dbfile.get(start, end - start), 0
    while at < len(part):
        key, value = unpack_from("!II", part, at)
        data = at + 8 + key
        yield part[at + 8 + len(mark) : data], unpack_from("!I", part, data + FREQUENCY_AT)[0]
        at = data + value
