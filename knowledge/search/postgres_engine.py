"""PostgreSQL as the engine, for installations of many web nodes: one index for all of them, beside the tables.

The words are the same as Whoosh's, kept as lexemes `field:word` of a text search vector. A build is a schema of its
own; a rebuild makes the next one and switches in one transaction, so that readers see a whole index or the one before,
and an indexer that dies leaves nothing behind. The best candidates by PostgreSQL's own rank are then scored by BM25
with Whoosh's constants, so that both engines put the same things first.
"""

import json
import logging
import math
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Lock, local
from typing import Any, NamedTuple, TypeVar

from flask import current_app
from sqlalchemy import Connection, text

from knowledge.edition import Edition
from knowledge.search.changes import forget_changes, noted_changes
from knowledge.search.cutting import SCHEMA, cut, every_item, items_of, key_of
from knowledge.search.engine import Busy, Unavailable, Wanted
from knowledge.search.items import Item, Ref, Scope
from knowledge.search.ranking import COVERAGE, K1, B, distance
from knowledge.search.words import WORDS
from portal.db import db

log = logging.getLogger(__name__)

RESULTS_KEPT = 200
LOCK = 0x466F796572  # of the one writer, among the database's advisory locks
RANKED = 10  # words of a question that take part in the rough rank: the rarest
CANDIDATES = 400  # ranked roughly by PostgreSQL, then exactly here
LONGEST_WORD = 200
MOST_PLACES = 255  # of one word in a vector
PATIENCE = "5s"  # for one statement of a search

Answer = TypeVar("Answer")

_STATE = """
CREATE SCHEMA IF NOT EXISTS foyer_search;
CREATE TABLE IF NOT EXISTS foyer_search.state (
    id integer PRIMARY KEY CHECK (id = 1), build text NOT NULL, schema integer NOT NULL, generation integer NOT NULL,
    token text NOT NULL, edition integer NOT NULL)
"""
_TABLES = """
CREATE SCHEMA {build};
CREATE TABLE {build}.item (
    id bigserial PRIMARY KEY, thing text NOT NULL, kind text NOT NULL, audience text NOT NULL, lang text NOT NULL,
    product text NOT NULL, ref jsonb NOT NULL, counts jsonb NOT NULL, lengths jsonb NOT NULL, words tsvector NOT NULL);
CREATE TABLE {build}.word (word text COLLATE "C" PRIMARY KEY, items integer NOT NULL);
CREATE TABLE {build}.field (field text PRIMARY KEY, items integer NOT NULL, words bigint NOT NULL)
"""
_INDEXES = """
CREATE INDEX ON {build}.item USING gin (words);
CREATE INDEX ON {build}.item (thing)
"""
_COUNT_WORDS = """
INSERT INTO {build}.word AS known (word, items)
SELECT word, {sign} count(*) FROM {build}.item, unnest(tsvector_to_array(words)) AS word WHERE {which} GROUP BY word
ON CONFLICT (word) DO UPDATE SET items = known.items + excluded.items
"""
_COUNT_FIELDS = """
INSERT INTO {build}.field AS known (field, items, words)
SELECT field, {sign} count(*), {sign} sum(length::integer)
FROM {build}.item, jsonb_each_text(lengths) AS counted (field, length) WHERE {which} GROUP BY field
ON CONFLICT (field) DO UPDATE SET items = known.items + excluded.items, words = known.words + excluded.words
"""
_ADD = """
INSERT INTO {build}.item (thing, kind, audience, lang, product, ref, counts, lengths, words)
VALUES (:thing, :kind, :audience, :lang, :product, CAST(:ref AS jsonb), CAST(:counts AS jsonb),
    CAST(:lengths AS jsonb), CAST(:words AS tsvector))
"""
_IN_SCOPE = """
audience = ANY(:audiences) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
AND (CAST(:lang AS text) IS NULL OR lang = :lang) AND (CAST(:product AS text) IS NULL OR product = :product)
"""


class State(NamedTuple):
    """Which build is live, and of which database and edition it is."""

    build: str
    schema: int
    generation: int
    token: str
    edition: int


class PostgresSearcher:
    """One build, read on a connection of its own: what breaks here leaves the request's transaction alone."""

    def __init__(self, connection: Connection, build: str) -> None:
        self._connection, self._build = connection, build

    def fields(self) -> frozenset[str]:
        rows = self._all("SELECT field FROM {build}.field WHERE items > 0")
        return frozenset(row.field for row in rows)

    def known(self, words: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        frequencies = self._frequencies(words)
        return frozenset(word for word in words if frequencies.get(_lexeme(*word)))

    def stands_in(self, field: str, term: str, scope: Scope) -> bool:
        query = "SELECT 1 FROM {build}.item WHERE words @@ CAST(:query AS tsquery) AND" + _IN_SCOPE + "LIMIT 1"
        return bool(self._all(query, query=_quoted(_lexeme(field, term)), **_scoped(scope)))

    def beginning_with(self, start: str, most: int) -> list[tuple[str, int]]:
        first = _lexeme(WORDS, start)
        query = """
            SELECT word, items FROM {build}.word WHERE word >= :first AND word < :last AND items > 0
            ORDER BY word LIMIT :most"""
        return self._words(self._all(query, first=first, last=first + chr(0x10FFFF), most=most))

    def near(self, word: str, reach: int) -> list[tuple[str, int]]:
        first = _lexeme(WORDS, word[:1])
        query = """
            SELECT word, items FROM {build}.word WHERE word >= :first AND word < :last AND items > 0
            AND length(word) BETWEEN :least AND :most"""
        length = len(_lexeme(WORDS, word))
        limits = {"least": length - reach, "most": length + reach}
        found = self._words(self._all(query, first=first, last=first + chr(0x10FFFF), **limits))
        return [(other, items) for other, items in found if distance(word, other, reach + 1) <= reach]

    def best(self, wanted: Sequence[Wanted], scope: Scope, limit: int) -> list[tuple[float, Ref]]:
        frequencies = self._frequencies([word[:2] for word in wanted])
        boosts = {_lexeme(*word[:2]): word.boost for word in wanted if frequencies.get(_lexeme(*word[:2]))}
        if not boosts or not scope.audiences:
            return []
        fields = {row.field: row for row in self._all("SELECT field, items, words FROM {build}.field WHERE items > 0")}
        total = self._all("SELECT count(*) AS items FROM {build}.item")[0].items
        weights = {word: boost * (math.log(total / (frequencies[word] + 1)) + 1) for word, boost in boosts.items()}
        scored = []
        for row in self._candidates(weights, scope):
            counts = [(word, int(times)) for word, times in row.counts.items() if times]
            score = sum(weights[word] * _bm25(times, row.lengths, fields, total, word) for word, times in counts)
            if len(weights) > 1:
                score += (len(counts) - 1) / (len(weights) - COVERAGE) ** 2
            scored.append((score, Ref(*row.ref)))
        return sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:limit]

    def refs(self) -> Iterator[Ref]:
        return (Ref(*row.ref) for row in self._all("SELECT ref FROM {build}.item"))

    def count(self) -> int:
        return int(self._all("SELECT count(*) AS items FROM {build}.item")[0].items)

    def _candidates(self, weights: dict[str, float], scope: Scope) -> Sequence[Any]:
        """The items that PostgreSQL ranks best, how often each word stands in them, and how long their fields are."""
        heaviest = sorted(weights, key=lambda word: -weights[word])[:RANKED]
        rank = " + ".join(
            f"CAST(:weight{number} AS float) * ts_rank(words, CAST(:query{number} AS tsquery))"
            for number in range(len(heaviest))
        )
        counted = ", ".join(
            f"CAST(:word{number} AS text), counts -> CAST(:word{number} AS text)" for number in range(len(weights))
        )
        query = f"""
            SELECT ref, lengths, jsonb_build_object({counted}) AS counts FROM (
                SELECT ref, counts, lengths FROM {{build}}.item
                WHERE words @@ CAST(:query AS tsquery) AND {_IN_SCOPE}
                ORDER BY {rank} DESC, id LIMIT :most) AS candidate"""
        return self._all(
            query,
            query=" | ".join(map(_quoted, weights)),
            most=CANDIDATES,
            **{f"word{number}": word for number, word in enumerate(weights)},
            **{f"weight{number}": weights[word] for number, word in enumerate(heaviest)},
            **{f"query{number}": _quoted(word) for number, word in enumerate(heaviest)},
            **_scoped(scope),
        )

    def _frequencies(self, words: Iterable[tuple[str, str]]) -> dict[str, int]:
        lexemes = list({_lexeme(*word) for word in words})
        rows = self._all("SELECT word, items FROM {build}.word WHERE word = ANY(:words) AND items > 0", words=lexemes)
        return {row.word: row.items for row in rows}

    def _words(self, rows: Iterable[Any]) -> list[tuple[str, int]]:
        return [(row.word.partition(":")[2], row.items) for row in rows]

    def _all(self, statement: str, /, **values: Any) -> Sequence[Any]:
        return self._connection.execute(text(statement.replace("{build}", self._build)), values).all()


class PostgresEngine:
    """Builds and their one writer, and the results this process was asked for lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock, self._at = Lock(), local()
        self._asked_to_heal_at = -1e9

    @contextmanager
    def opened(self, token: str) -> Iterator[PostgresSearcher]:
        state = None
        try:
            with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                connection.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}'"))
                state = _state(connection)
                if state is None or state.schema != SCHEMA or state.token != token:
                    raise Unavailable("the index is missing, or of another schema or database")
                self._at.state = (state.token, state.build, state.generation)
                yield PostgresSearcher(connection, state.build)
        except Exception as error:
            self._ask_to_heal(state)
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def state(self) -> Hashable:
        return self._at.state

    def kept(self, key: Hashable, answer: Callable[[], Answer]) -> Answer:
        key = (self.state(), key)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = answer()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > RESULTS_KEPT:
                self._kept.popitem(last=False)
        return found

    def apply(self) -> int:
        with self._writing() as connection:
            state, (token, number) = _state(connection), Edition.current()
            if state is None or state.schema != SCHEMA or state.token != token or state.edition > number:
                return self._rebuild(connection)
            notes, changed = noted_changes()
            things = [f"{kind}:{item_id}" for kind, ids in changed.items() for item_id in ids]
            which = "thing = ANY(:things)"
            for count in (_COUNT_WORDS, _COUNT_FIELDS):
                _run(connection, count, state.build, sign="-", which=which, things=things)
            _run(connection, "DELETE FROM {build}.item WHERE thing = ANY(:things)", state.build, things=things)
            items = [item for kind, ids in changed.items() for item in items_of(kind, sorted(ids))]
            _add(connection, state.build, items)
            for count in (_COUNT_WORDS, _COUNT_FIELDS):
                _run(connection, count, state.build, sign="", which=which, things=things)
            _switch(connection, state._replace(generation=state.generation + 1, edition=number))
        forget_changes(notes)
        return len(things)

    def rebuild(self) -> int:
        with self._writing() as connection:
            return self._rebuild(connection)

    def tidy(self, *, older_than: datetime) -> int:
        return 0  # a build that isn't finished was never committed

    def ailing(self, *, anew: bool = False) -> str:
        token, number = Edition.current()
        try:
            with db.engine.connect() as connection:
                state = _state(connection)
                if state is None:
                    return "missing" if token else ""
                if state.schema != SCHEMA:
                    return "of another schema"
                if state.token != token or state.edition > number:
                    return "of another database"
                PostgresSearcher(connection, state.build).fields()
        except Exception as error:
            return f"torn ({type(error).__name__})"
        return ""

    def generation(self) -> int:
        with db.engine.connect() as connection:
            state = _state(connection)
        return state.generation if state else 0

    def count(self) -> int:
        with self.opened(Edition.current()[0]) as searcher:
            return searcher.count()

    def close(self) -> None:
        with self._lock:
            self._kept.clear()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with db.engine.begin() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
                raise Busy
            connection.execute(text(_STATE))
            yield connection

    def _rebuild(self, connection: Connection) -> int:
        before, (token, number) = _state(connection), Edition.current()
        notes, _ = noted_changes()
        build, things = f"foyer_search_{secrets.token_hex(6)}", set()
        _run(connection, _TABLES, build)
        batch: list[Item] = []
        for item in every_item():
            things.add(key_of(item.ref))
            batch.append(item)
            if len(batch) >= 500:
                _add(connection, build, batch)
                batch = []
        _add(connection, build, batch)
        for count in (_COUNT_WORDS, _COUNT_FIELDS):
            _run(connection, count, build, sign="", which="true")
        _run(connection, _INDEXES, build)
        _run(connection, "ANALYZE {build}.item", build)
        _switch(connection, State(build, SCHEMA, before.generation + 1 if before else 1, token, number))
        _forget_builds(connection, {build, before.build if before else build})
        forget_changes(notes)
        return len(things)

    def _ask_to_heal(self, broken: State | None) -> None:
        now = time.monotonic()
        if now - self._asked_to_heal_at < 10:
            return
        self._asked_to_heal_at = now
        log.warning("search index unavailable, asking for a new one")
        with suppress(Exception):  # the queue is away: the worker looks every minute
            current_app.extensions["heal_index"](broken.generation if broken else None)


def _state(connection: Connection) -> State | None:
    """The live build, or None when there is none."""
    if not connection.scalar(text("SELECT to_regclass('foyer_search.state') IS NOT NULL")):
        return None
    query = "SELECT build, schema, generation, token, edition FROM foyer_search.state"
    row = connection.execute(text(query)).first()
    return State(*row) if row else None


def _switch(connection: Connection, state: State) -> None:
    query = """
        INSERT INTO foyer_search.state (id, build, schema, generation, token, edition)
        VALUES (1, :build, :schema, :generation, :token, :edition) ON CONFLICT (id) DO UPDATE SET build = :build,
        schema = :schema, generation = :generation, token = :token, edition = :edition"""
    connection.execute(text(query), state._asdict())


def _forget_builds(connection: Connection, keep: Collection[str]) -> None:
    """Remove builds that nobody reads any more."""
    builds = connection.scalars(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'foyer_search\\_%'")).all()
    for build in set(builds) - set(keep):
        _run(connection, "DROP SCHEMA {build} CASCADE", build)


def _add(connection: Connection, build: str, items: Sequence[Item]) -> None:
    if items:
        connection.execute(text(_ADD.replace("{build}", build)), [_row(item) for item in items])


def _row(item: Item) -> dict[str, Any]:
    ref, fields = item.ref, cut(item)
    counts = Counter(_lexeme(field, word) for field, words in fields.items() for word in words)
    return {
        "thing": key_of(ref),
        "kind": ref.kind,
        "audience": item.audience,
        "lang": ref.lang,
        "product": ref.product or "",
        "ref": json.dumps(ref),
        "counts": json.dumps(counts),
        "lengths": json.dumps({field: len(words) for field, words in fields.items()}),
        "words": " ".join(f"{_quoted(word)}:{_places(times)}" for word, times in counts.items()),
    }


def _places(times: int) -> str:
    """Where a word stands does not matter, how often does: so it stands first, second …"""
    return ",".join(map(str, range(1, min(times, MOST_PLACES) + 1)))


def _lexeme(field: str, word: str) -> str:
    return f"{field}:{word[:LONGEST_WORD]}"


def _quoted(word: str) -> str:
    """A lexeme in a text search vector or query: nothing in it is an operator."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _bm25(times: int, lengths: dict[str, int], fields: dict[str, Any], total: int, word: str) -> float:
    """As Whoosh does it: a field's average is over all items, those of other languages too."""
    name = word.partition(":")[0]
    average = fields[name].words / total
    return times * (K1 + 1) / (times + K1 * (1 - B + B * lengths[name] / average))


def _scoped(scope: Scope) -> dict[str, Any]:
    narrowed = {"kind": scope.kind, "lang": scope.lang, "product": scope.product}
    return {"audiences": list(scope.audiences), **narrowed}


def _run(connection: Connection, statement: str, build: str, sign: str = "", which: str = "", **values: Any) -> None:
    """Run statements with a build's name put in, one after the other."""
    filled = statement.replace("{build}", build).replace("{sign}", sign).replace("{which}", which)
    for one in filled.split(";"):
        connection.execute(text(one), values)
