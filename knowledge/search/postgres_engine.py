"""PostgreSQL as the engine, for installations of many web nodes: one index for all of them, beside the tables.

The words are the same as Whoosh's, kept as lexemes `field:word` of a text search vector. A build is a schema of its
own; a rebuild makes the next one and switches in one transaction, so that readers see a whole index or the one before,
and an indexer that dies leaves nothing behind. From the vectors the database makes packed lists of each word, a segment
for the build and one for each change, which `postgres_searcher.py` reads; the segments of changes become one in time.
"""

import json
import logging
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Lock, local
from typing import Any, NamedTuple, TypeVar

from flask import current_app
from sqlalchemy import Connection, text

from knowledge.edition import Edition
from knowledge.search.changes import forget_changes, noted_changes
from knowledge.search.cutting import SCHEMA, cut, every_item, items_of, key_of
from knowledge.search.engine import Busy, Unavailable
from knowledge.search.items import Item
from knowledge.search.postgres_searcher import PostgresSearcher, Remembered, lexeme
from portal.db import db

log = logging.getLogger(__name__)

RESULTS_KEPT = 50
LOCK = 0x466F796572  # of the one writer, among the database's advisory locks
LAYOUT = 100 * SCHEMA + 1  # grows with every change of the tables below, too
SEGMENTS = 50  # of changes, at most, until they become one
MOST_PLACES = 255  # of one word in a vector
PATIENCE = "5s"  # for one statement of a search

Answer = TypeVar("Answer")

# Both in one query: how long a statement of a search may take, and which build is live.
_OPEN = f"""
SELECT set_config('statement_timeout', '{PATIENCE}', true), build, schema, generation, token, edition
FROM foyer_search.state
"""
_STATE = """
CREATE SCHEMA IF NOT EXISTS foyer_search;
CREATE TABLE IF NOT EXISTS foyer_search.state (
    id integer PRIMARY KEY CHECK (id = 1), build text NOT NULL, schema integer NOT NULL, generation integer NOT NULL,
    token text NOT NULL, edition integer NOT NULL)
"""
_TABLES = """
CREATE SCHEMA {build};
CREATE TABLE {build}.item (
    id bigserial PRIMARY KEY, segment integer NOT NULL, thing text NOT NULL, kind text NOT NULL,
    audience text NOT NULL, lang text NOT NULL, product text NOT NULL, ref jsonb NOT NULL, lengths jsonb NOT NULL,
    words tsvector NOT NULL);
CREATE TABLE {build}.word (word text COLLATE "C" PRIMARY KEY, items integer NOT NULL);
CREATE TABLE {build}.posting (
    word text COLLATE "C", segment integer, items bytea NOT NULL, times bytea NOT NULL, lengths bytea NOT NULL,
    PRIMARY KEY (word, segment));
CREATE TABLE {build}.field (field text PRIMARY KEY, items integer NOT NULL, words bigint NOT NULL)
"""
_INDEXES = """
CREATE INDEX ON {build}.item (thing);
CREATE INDEX ON {build}.item (segment) WHERE segment > 0
"""
# Where a word stands was never kept, how often is: in as many places.
_PACK = """
INSERT INTO {build}.posting (word, segment, items, times, lengths)
SELECT lexeme, :segment, string_agg(int4send(id::integer), '' ORDER BY id),
    string_agg(int2send(cardinality(positions)::smallint), '' ORDER BY id),
    string_agg(int2send(least((lengths ->> split_part(lexeme, ':', 1))::integer, 32767)::smallint), '' ORDER BY id)
FROM {build}.item, unnest(words) WHERE {which} GROUP BY lexeme
"""
_FORGET_SEGMENTS = "DELETE FROM {build}.posting WHERE segment > 0"
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
INSERT INTO {build}.item (segment, thing, kind, audience, lang, product, ref, lengths, words)
VALUES (:segment, :thing, :kind, :audience, :lang, :product, CAST(:ref AS jsonb), CAST(:lengths AS jsonb),
    CAST(:words AS tsvector))
"""


class State(NamedTuple):
    """Which build is live, and of which database and edition it is."""

    build: str
    schema: int
    generation: int
    token: str
    edition: int


class PostgresEngine:
    """Builds and their one writer, and the results this process was asked for lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock, self._at = Lock(), local()
        self._remembered: tuple[Hashable, Remembered] = (None, Remembered())
        self._asked_to_heal_at = -1e9

    @contextmanager
    def opened(self, token: str) -> Iterator[PostgresSearcher]:
        state = None
        try:
            with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                row = connection.execute(text(_OPEN)).first()
                state = State(*row[1:]) if row else None
                if state is None or state.schema != LAYOUT or state.token != token:
                    raise Unavailable("the index is missing, or of another schema or database")
                self._at.state = (state.token, state.build, state.generation)
                yield PostgresSearcher(connection, state.build, self._remembered_of(self._at.state))
        except Exception as error:
            self._ask_to_heal(state)
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def _remembered_of(self, state: Hashable) -> Remembered:
        with self._lock:
            if self._remembered[0] != state:
                self._remembered = state, Remembered()
            return self._remembered[1]

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
            if state is None or state.schema != LAYOUT or state.token != token or state.edition > number:
                return self._rebuild(connection)
            notes, changed = noted_changes()
            things = [f"{kind}:{item_id}" for kind, ids in changed.items() for item_id in ids]
            which = "thing = ANY(:things)"
            for count in (_COUNT_WORDS, _COUNT_FIELDS):
                _run(connection, count, state.build, sign="-", which=which, things=things)
            _run(connection, "DELETE FROM {build}.item WHERE thing = ANY(:things)", state.build, things=things)
            items = [item for kind, ids in changed.items() for item in items_of(kind, sorted(ids))]
            segment = state.generation + 1
            _add(connection, state.build, items, segment)
            if segment % SEGMENTS:
                _run(connection, _PACK, state.build, which="segment = :segment", segment=segment)
            else:  # pack all that changed since the build together
                _run(connection, _FORGET_SEGMENTS, state.build)
                _run(connection, _PACK, state.build, which="segment > 0", segment=segment)
            for count in (_COUNT_WORDS, _COUNT_FIELDS):
                _run(connection, count, state.build, sign="", which=which, things=things)
            _switch(connection, state._replace(generation=segment, edition=number))
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
                if state.schema != LAYOUT:
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
            self._remembered = (None, Remembered())

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
        _run(connection, _PACK, build, which="true", segment=0)
        _run(connection, _INDEXES, build)
        _run(connection, "ANALYZE {build}.item", build)
        _switch(connection, State(build, LAYOUT, before.generation + 1 if before else 1, token, number))
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


def _add(connection: Connection, build: str, items: Sequence[Item], segment: int = 0) -> None:
    if items:
        connection.execute(text(_ADD.replace("{build}", build)), [_row(item) | {"segment": segment} for item in items])


def _row(item: Item) -> dict[str, Any]:
    ref, fields = item.ref, cut(item)
    counts = Counter(lexeme(field, word) for field, words in fields.items() for word in words)
    return {
        "thing": key_of(ref),
        "kind": ref.kind,
        "audience": item.audience,
        "lang": ref.lang,
        "product": ref.product or "",
        "ref": json.dumps(ref),
        "lengths": json.dumps({field: len(words) for field, words in fields.items()}),
        "words": " ".join(f"{_quoted(word)}:{_places(times)}" for word, times in counts.items()),
    }


def _places(times: int) -> str:
    """Where a word stands does not matter, how often does: so it stands first, second …"""
    return ",".join(map(str, range(1, min(times, MOST_PLACES) + 1)))


def _quoted(word: str) -> str:
    """A lexeme in a text search vector or query: nothing in it is an operator."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _run(connection: Connection, statement: str, build: str, sign: str = "", which: str = "", **values: Any) -> None:
    """Run statements with a build's name put in, one after the other."""
    filled = statement.replace("{build}", build).replace("{sign}", sign).replace("{which}", which)
    for one in filled.split(";"):
        connection.execute(text(one), values)
