"""What changed from one text to another: line beside line, and within changed lines word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

SAME, CHANGED, ADDED, REMOVED, SKIPPED = "same", "changed", "added", "removed", "skipped"
AROUND = 3  # unchanged lines that are shown beside a change
LONGEST_LINE = 4000  # characters; a longer one is shown as changed as a whole
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Part:
    """A stretch of a line; `is_changed` if the other side has no such stretch."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True)
class Line:
    """Two lines side by side; either may have no parts. A skipped one stands for `count` that are alike."""

    kind: str
    left: tuple[Part, ...] = ()
    right: tuple[Part, ...] = ()
    count: int = 0


def compare(left: str, right: str) -> list[Line]:
    """The lines of two texts. Stretches that are alike are left out but for a few lines around each change."""
    one, other = left.splitlines(), right.splitlines()
    found: list[Line] = []
    for kind, a, b, c, d in SequenceMatcher(None, one, other).get_opcodes():
        if kind == "equal":
            found += _skip([Line(SAME, (Part(text),), (Part(text),)) for text in one[a:b]], a == 0, b == len(one))
        else:
            found += _changed(one[a:b], other[c:d])
    return found


def is_alike(lines: Sequence[Line]) -> bool:
    return all(line.kind in (SAME, SKIPPED) for line in lines)


def _changed(one: list[str], other: list[str]) -> Iterator[Line]:
    for before, after in zip_longest(one, other):
        if before is None:
            yield Line(ADDED, right=(Part(after, True),))
        elif after is None:
            yield Line(REMOVED, left=(Part(before, True),))
        else:
            yield Line(CHANGED, *_words(before, after))


def _words(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    if max(len(before), len(after)) > LONGEST_LINE:
        return (Part(before, True),), (Part(after, True),)
    one, other = _WORDS.findall(before), _WORDS.findall(after)
    left, right = [], []
    for kind, a, b, c, d in SequenceMatcher(None, one, other).get_opcodes():
        if a < b:
            left.append(Part("".join(one[a:b]), kind != "equal"))
        if c < d:
            right.append(Part("".join(other[c:d]), kind != "equal"))
    return tuple(left), tuple(right)


def _skip(alike: list[Line], is_first: bool, is_last: bool) -> list[Line]:
    head, tail = 0 if is_first else AROUND, 0 if is_last else AROUND
    if len(alike) <= head + tail + 1:
        return alike
    end = len(alike) - tail
    return [*alike[:head], Line(SKIPPED, count=end - head), *alike[end:]]
