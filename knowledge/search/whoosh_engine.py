"""Whoosh as the engine: one long-lived searcher per process, renewed when `current.json` changes.

Whoosh's readers keep a position in their files and must not be shared by threads at the same moment, so a lock lets one
search through at a time. Nothing is lost by it: a search is pure Python and would hold the interpreter anyway.
"""

import logging
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from sys import intern
from threading import RLock
from typing import Any, TypeVar

from flask import current_app

from knowledge.edition import Edition
from knowledge.search.changes import forget_changes, noted_changes
from knowledge.search.cutting import SCHEMA
from knowledge.search.engine import Unavailable, Wanted
from knowledge.search.items import Ref, Scope
from knowledge.search.postings import Mask, Postings, Read
from knowledge.search.whoosh_index import IndexFolder, Pointer

log = logging.getLogger(__name__)

RESULTS_KEPT = 50  # each with up to a hundred hits
REFS_KEPT = 4_000
FILTERS_KEPT = 30  # a byte for each section
MOST_AT_ONCE = 5000  # more changes than this are quicker built anew

Answer = TypeVar("Answer")


class WhooshSearcher:
    """A searcher and what it has worked out: which sections each scope may see."""

    def __init__(self, index: Any, read: Read) -> None:
        self._searcher = index.searcher()
        self._reader = self._searcher.reader()
        self._names = frozenset(self._reader.indexed_field_names())
        self._postings = Postings(self._searcher, read)
        self._refs: dict[int, Ref] = {}
        self._allowed: dict[Scope, list[Mask]] = {}

    def fields(self) -> frozenset[str]:
        return self._names

    def known(self, words: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        return frozenset(word for word in words if word in self._reader)

    def standing_in(self, words: Collection[tuple[str, str]], scope: Scope) -> frozenset[tuple[str, str]]:
        allowed = self._allowed_in(scope) if words else []
        return frozenset(word for word in words if self._postings.holds(*word, allowed))

    def beginning_with(self, start: str, most: int) -> list[tuple[str, int]]:
        counted = _together(lexicon.beginning_with(start, most) for lexicon in self._postings.lexicons())
        return sorted(counted.items())[:most]

    def near(self, word: str, reach: int) -> list[tuple[str, int]]:
        return list(_together(lexicon.near(word, reach) for lexicon in self._postings.lexicons()).items())

    def best(self, wanted: Sequence[Wanted], scope: Scope, limit: int) -> list[tuple[float, Ref]]:
        best = self._postings.best(wanted, self._allowed_in(scope), limit)
        return [(score, self._ref(number)) for score, number in best]

    def count(self) -> int:
        return int(self._reader.doc_count())

    def refs(self) -> Iterator[Ref]:
        for number in self._reader.all_doc_ids():
            yield Ref(*self._searcher.stored_fields(number)["ref"])

    def _ref(self, number: int) -> Ref:
        if number not in self._refs:
            if len(self._refs) >= REFS_KEPT:
                self._refs.clear()
            kept = self._searcher.stored_fields(number)["ref"]
            parts: list[Any] = [intern(part) if type(part) is str else part for part in kept]
            self._refs[number] = Ref(*parts)
        return self._refs[number]

    def close(self) -> None:
        with suppress(Exception):
            self._searcher.close()

    def _allowed_in(self, scope: Scope) -> list[Mask]:
        if scope not in self._allowed:
            narrowed = (("kind", scope.kind), ("lang", scope.lang), ("product", scope.product))
            terms = {"audience": scope.audiences} | {field: (value,) for field, value in narrowed if value}
            while len(self._allowed) >= FILTERS_KEPT:
                self._allowed.pop(next(iter(self._allowed)))
            self._allowed[scope] = self._postings.allowed(scope, terms)
        return self._allowed[scope]


def _together(counted: Iterable[Iterable[tuple[str, int]]]) -> Counter[str]:
    """The same words of several segments as one."""
    found: Counter[str] = Counter()
    for some in counted:
        for word, items in some:
            found[word] += items
    return found


class WhooshEngine:
    """The searcher of this process, the results asked for lately, and the one writer."""

    def __init__(self, place: IndexFolder) -> None:
        self.place = place
        self.lock = RLock()
        self.pointer: Pointer | None = None
        self._stamp: tuple[int, int] | None = None
        self._index: Any = None
        self._searcher: WhooshSearcher | None = None
        self._read = Read()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._asked_to_heal_at = -1e9

    @contextmanager
    def opened(self, token: str) -> Iterator[WhooshSearcher]:
        with self.lock:
            try:
                self._renew()
                if self.pointer is None or self._searcher is None or self.pointer.token != token:
                    raise Unavailable("the index is of another database")
                yield self._searcher
            except Exception as error:
                broken = self.pointer
                self.close()
                self._read = Read()
                self._ask_to_heal(broken)
                raise Unavailable(f"{type(error).__name__}: {error}") from error

    def state(self) -> Hashable:
        assert self.pointer
        return (self.pointer.token, self.pointer.build, self.pointer.generation)

    def kept(self, key: Hashable, answer: Callable[[], Answer]) -> Answer:
        key = (self.state(), key)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = self._kept[key] = answer()
        while len(self._kept) > RESULTS_KEPT:
            self._kept.popitem(last=False)
        return found

    def apply(self) -> int:
        with self.place.writing():
            return self._apply()

    def rebuild(self) -> int:
        with self.place.writing():
            return self._rebuild()

    def tidy(self, *, older_than: datetime) -> int:
        with self.place.writing():
            return self.place.tidy(older_than=older_than)

    def ailing(self, *, anew: bool = False) -> str:
        token, number = Edition.current()
        pointer = self.place.pointer()
        if not token and not pointer:
            return ""  # nothing was ever written
        if pointer is None:
            return "missing"
        if pointer.schema != SCHEMA:
            return "of another schema"
        if pointer.token != token or pointer.edition > number:
            return "of another database"
        try:
            self.place.look_at(pointer, anew=anew)
            self.place.try_out(pointer)
        except Exception as error:
            return f"torn ({type(error).__name__})"
        return ""

    def generation(self) -> int:
        pointer = self.place.pointer()
        return pointer.generation if pointer else 0

    def count(self) -> int:
        with self.opened(Edition.current()[0]) as searcher:
            return searcher.count()

    def close(self) -> None:
        with self.lock:
            if self._searcher is not None:
                self._searcher.close()
            with suppress(Exception):
                if self._index is not None:
                    self._index.close()
            self._searcher = self._index = self.pointer = self._stamp = None
            self._kept.clear()

    def _apply(self) -> int:
        pointer = self.place.pointer()
        token, number = Edition.current()
        if pointer is None or pointer.schema != SCHEMA or pointer.token != token or pointer.edition > number:
            return self._rebuild()
        notes, changed = noted_changes()
        count = sum(map(len, changed.values()))
        if count > MOST_AT_ONCE:
            return self._rebuild()
        try:
            self.place.change(pointer, changed)
        except Exception as error:
            log.warning("search index can't be written, building it anew", exc_info=error)
            return self._rebuild()
        self.place.point(replace(pointer, generation=pointer.generation + 1, edition=number))
        forget_changes(notes)
        return count

    def _rebuild(self) -> int:
        before = self.place.pointer()
        token, number = Edition.current()
        notes, _ = noted_changes()
        build, count = self.place.build()
        self.place.point(Pointer(build, SCHEMA, before.generation + 1 if before else 1, token, number))
        self.place.forget_builds({build, before.build if before else build})
        forget_changes(notes)
        return count

    def _renew(self) -> None:
        stat = os.stat(self.place.pointer_path)
        stamp = (stat.st_ino, stat.st_mtime_ns)
        if stamp == self._stamp:
            return
        self.close()
        pointer = self.place.pointer()
        if pointer is None or pointer.schema != SCHEMA:
            raise Unavailable("the index is of another schema")
        try:
            self._index = self.place.open(pointer)
            self._searcher = WhooshSearcher(self._index, self._read)
        except Exception:
            if self.place.pointer() == pointer:
                raise
            self._renew()  # switched meanwhile, twice: the build that it named is gone
            return
        self.pointer, self._stamp = pointer, stamp

    def _ask_to_heal(self, broken: Pointer | None) -> None:
        now = time.monotonic()
        if now - self._asked_to_heal_at < 10:
            return
        self._asked_to_heal_at = now
        log.warning("search index unavailable, asking for a new one")
        with suppress(Exception):  # the queue is away: the worker looks every minute
            current_app.extensions["heal_index"](broken.generation if broken else None)
