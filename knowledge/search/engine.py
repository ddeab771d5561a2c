"""The reading side: one long-lived searcher per process, renewed when `current.json` changes.

Whoosh's readers keep a position in their files and must not be shared by threads at the same moment, so a lock lets one
search through at a time. Nothing is lost by it: a search is pure Python and would hold the interpreter anyway.
"""

import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, TypeVar

from flask import current_app
from whoosh.query import And, Every, Or, Term

from knowledge.search.index import SCHEMA, IndexFolder, Pointer
from knowledge.search.postings import Postings, Word

log = logging.getLogger(__name__)

RESULTS_KEPT = 500
REFERENCES_KEPT = 20_000
FILTERS_KEPT = 12  # sets of document numbers: some megabytes each where there are 100,000 sections
NOBODY = "\0"  # a right that no document carries

Answer = TypeVar("Answer")


class Unavailable(Exception):
    """There is no index that can be read now."""


class Engine:
    """The searcher of this process, the sets of documents each right may see, and the results asked for lately."""

    def __init__(self, place: IndexFolder) -> None:
        self.place = place
        self.lock = RLock()
        self.pointer: Pointer | None = None
        self._stamp: tuple[int, int] | None = None
        self._index: Any = None
        self._searcher: Any = None
        self._postings: Any = None
        self._references: dict[int, Any] = {}
        self._allowed: dict[Hashable, set[int]] = {}
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._asked_to_heal_at = -1e9

    @contextmanager
    def opened(self, token: str) -> Iterator["Any"]:
        """The searcher over the newest index of the database with this token, for one thread at a time.

        Raises `Unavailable`, and has the index healed, when there is none or when it breaks inside the block.
        """
        with self.lock:
            try:
                self._renew()
                if self.pointer is None or self.pointer.token != token:
                    raise Unavailable("the index is of another database")
                yield self._searcher
            except Exception as error:
                broken = self.pointer
                self.close()
                self._ask_to_heal(broken)
                raise Unavailable(f"{type(error).__name__}: {error}") from error

    def allowed(self, rights: tuple[str, ...], lang: str | None, product: str | None) -> set[int]:
        """The documents that may be found with these rights and filters. No rights find nothing.

        Whoosh takes an empty set for no filter at all: whoever searches with this looks whether it is empty first.
        """
        key = (rights, lang, product)
        if key not in self._allowed:
            wanted = [Or([Term("rights", right) for right in rights] + [Term("rights", NOBODY)])]
            wanted += [Term("lang", lang)] if lang else []
            wanted += [Term("product", product)] if product else []
            while len(self._allowed) >= FILTERS_KEPT:
                self._allowed.pop(next(iter(self._allowed)))
            self._allowed[key] = set(self._searcher.docs_for_query(And([*wanted, Every()])))
        return self._allowed[key]

    def best(self, words: Iterable[Word], allowed: set[int], limit: int) -> list[tuple[float, Any]]:
        """(score, reference) of the sections that the words fit best, among those allowed."""
        return [(score, self._reference(number)) for score, number in self._postings.best(words, allowed, limit)]

    def _reference(self, number: int) -> Any:
        """What the index says of a section: its article's id, its position, the article's address and so on."""
        if number not in self._references:
            if len(self._references) >= REFERENCES_KEPT:
                self._references.clear()
            self._references[number] = self._searcher.stored_fields(number)["ref"]
        return self._references[number]

    @property
    def edition(self) -> Hashable:
        """Which index this is; another one has another."""
        assert self.pointer
        return (self.pointer.token, self.pointer.build, self.pointer.generation)

    def kept(self, key: Hashable, answer: Callable[[], Answer]) -> Answer:
        """The answer to the same question on the same generation, else a new one."""
        key = (self.edition, key)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = self._kept[key] = answer()
        while len(self._kept) > RESULTS_KEPT:
            self._kept.popitem(last=False)
        return found

    def close(self) -> None:
        with self.lock:
            for part in (self._searcher, self._index):
                with suppress(Exception):
                    if part is not None:
                        part.close()
            self._searcher = self._index = self._postings = self.pointer = self._stamp = None
            self._references.clear()
            self._allowed.clear()
            self._kept.clear()

    def _renew(self) -> None:
        stat = os.stat(self.place.pointer_path)
        stamp = (stat.st_ino, stat.st_mtime_ns)
        if stamp == self._stamp:
            return
        self.close()
        pointer = self.place.pointer()
        if pointer is None or pointer.schema != SCHEMA:
            raise Unavailable("the index is of another schema")
        self._index = self.place.open(pointer)
        self._searcher = self._index.searcher()
        self._postings = Postings(self._searcher)
        self.pointer, self._stamp = pointer, stamp

    def _ask_to_heal(self, broken: Pointer | None) -> None:
        now = time.monotonic()
        if now - self._asked_to_heal_at < 10:
            return
        self._asked_to_heal_at = now
        log.warning("search index unavailable, asking for a new one")
        with suppress(Exception):  # the queue is away: the worker looks every minute
            current_app.extensions["heal_index"](broken.generation if broken else None)


def engine() -> Engine:
    """The engine of the running application."""
    return current_app.extensions["search"]
