"""What an engine must do, so that one can stand in for another: Whoosh in files, PostgreSQL for many web nodes.

An engine keeps words that `cutting.py` cut, under references, and gives the best references for weighted words. What
the words of a question are, how results are grouped and what is shown of them is decided above it, for all engines.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from flask import current_app

from knowledge.search.items import Ref, Scope

Answer = TypeVar("Answer")


class Unavailable(Exception):
    """There is no index that can be read now."""


class Busy(Exception):
    """Another process or thread is writing the index."""


class Wanted(NamedTuple):
    """A word as a field holds it, and how much it counts."""

    field: str
    term: str
    boost: float


class Searcher(Protocol):
    """An index as it is at one moment."""

    def fields(self) -> frozenset[str]:
        """The fields that hold any word."""

    def known(self, words: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Those (field, word) that stand anywhere, also where the reader may not look: never to be told."""

    def standing_in(self, words: Collection[tuple[str, str]], scope: Scope) -> frozenset[tuple[str, str]]:
        """Those (field, word) that stand in something of this scope."""

    def beginning_with(self, start: str, most: int) -> list[tuple[str, int]]:
        """Public words (the field `words.WORDS`) that begin so, and in how many items each stands."""

    def near(self, word: str, reach: int) -> list[tuple[str, int]]:
        """The same of words with the same first letter that are at most `reach` (1 or 2) changed letters away."""

    def best(self, wanted: Sequence[Wanted], scope: Scope, limit: int) -> list[tuple[float, Ref]]:
        """The best items for these words joined by OR, with a bonus for those that hold more of them. Best first."""

    def refs(self) -> Iterable[Ref]:
        """All items that it holds."""


class Engine(Protocol):
    """Reading and writing an index. Writers hold its one lock, or raise `Busy`."""

    def opened(self, token: str) -> AbstractContextManager[Searcher]:
        """The newest index of the database with this token, for one thread at a time.

        Raises `Unavailable`, and has the index healed, when there is none or when it breaks inside the block.
        """

    def state(self) -> Hashable:
        """Inside `opened`: which state of which index this is. Another one has another."""

    def kept(self, key: Hashable, answer: Callable[[], Answer]) -> Answer:
        """Inside `opened`: the answer to the same question on the same state of the index, else a new one."""

    def apply(self) -> int:
        """Index what `changes.py` noted, in this transaction; returns how many things that were."""

    def rebuild(self) -> int:
        """Build the index anew beside the live one, then switch; returns how many things are in it."""

    def tidy(self, *, older_than: datetime) -> int:
        """Remove what indexers that died have left, and builds that are no longer live; returns how much."""

    def ailing(self, *, anew: bool = False) -> str:
        """What is wrong with the index, in a word, or "" for a healthy one; `anew` reads what was read before too."""

    def generation(self) -> int:
        """Which state of the index is live: it grows with every change; 0 when there is none."""

    def count(self) -> int:
        """How many items the live index holds. Raises `Unavailable`."""

    def close(self) -> None:
        """Let go of files and of what is kept."""


def engine() -> Engine:
    """The engine of the running application."""
    return current_app.extensions["search"]
