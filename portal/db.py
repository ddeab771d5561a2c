"""The database: one metadata, UTC moments, and the transaction rules that SQLite and PostgreSQL share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Dialect, Executable, MetaData, Row, Select, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An instant. Aware UTC in Python; naive values are refused, so that a local time can't slip in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "a moment needs its time zone"
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. `datetime` columns are moments, lists and dictionaries are JSON."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            datetime: Moment(),
            dict[str, Any]: JSON(),
            list[Any]: JSON(),
            list[str]: JSON(),
        },
    )


# Values stay out of error texts, which are logged and kept with failed jobs.
db = SQLAlchemy(model_class=Base, engine_options={"hide_parameters": True})

if TYPE_CHECKING:

    class Model(Base):
        """What every table extends; type checkers can't see through `db.Model`."""

        __abstract__ = True

else:
    Model = db.Model

_writing: ContextVar[bool] = ContextVar("writing", default=False)
WRITES = ("INSERT", "UPDATE", "DELETE", "SAVEPO")  # what begins so writes, or is about to


def utcnow() -> datetime:
    """The time now, in UTC: the one clock of the shell around the pure core."""
    return datetime.now(UTC)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions that begin inside take the write lock at once (SQLite: BEGIN IMMEDIATE).

    What is read inside can then not change before it is written. On PostgreSQL it has no effect: rows that are
    read, changed and written there are locked with `with_for_update()`.
    """
    db.session.rollback()
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def share_conditions() -> None:
    """Let PostgreSQL know which rows an index covers, where a table says it for SQLite alone (`sqlite_where`).

    Tables name one database only: a second name would load its dialects in every process, 4 MB. What makes or
    compares tables calls this first.
    """
    for index in (index for table in Base.metadata.tables.values() for index in table.indexes):
        if index.dialect_options["sqlite"]["where"] is not None:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


@event.listens_for(Base.metadata, "before_create")
def _before_create(_metadata: MetaData, connection: Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        share_conditions()


def get_or_404(query: Select[Any]) -> Any:
    """The one row of a `visible_to(person)` query; what isn't there and what isn't yours both answer 404."""
    row = db.session.execute(query).unique().scalar_one_or_none()
    return abort(404) if row is None else row


def read(query: Executable, **given: Any) -> Sequence[Row[Any]]:
    """The rows of a query of columns, with its parameters: half of what they cost by way of the session.

    Pages that are asked for often build such a query once and read it here. What the session holds is written before.
    """
    db.session.flush()
    return db.session.connection().execute(query, given).all()


def init_db(app: Flask) -> None:
    db.init_app(app)

    @app.before_request
    def take_write_lock_first() -> None:
        # Flask-Security hashes passwords inside its requests: those begin as readers, and are upgraded below.
        unsafe = request.method not in ("GET", "HEAD", "OPTIONS")
        _writing.set(unsafe and request.blueprint != "security")

    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _use_sqlite_well(db.engine)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _use_sqlite_well(engine: Engine) -> None:
    """WAL, full sync, and no transaction that fails because it began as a reader and turned writer."""

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # Of the file's pages 0.4 MB for each connection, not 2: the system keeps them too (1 % of a page's time).
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=15000",
            "foreign_keys=ON",
            "cache_size=-400",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # Its own knows a to z alone: 'über' would not find 'Über' in lists, as it does on PostgreSQL.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = _writing.get()
        connection.info["reading"] = not immediate
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN DEFERRED")

    @event.listens_for(engine, "before_cursor_execute")
    def upgrade(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        # A reader whose snapshot is stale may not write ("database is locked", at once, whatever the timeout).
        # Ending the read and beginning anew gives what PostgreSQL gives under READ COMMITTED. A savepoint would end
        # with the read that it was set in: whoever sets one is about to write.
        if connection.info.get("reading") and statement.lstrip()[:6].upper() in WRITES:
            connection.info["reading"] = False
            cursor.execute("COMMIT")
            cursor.execute("BEGIN IMMEDIATE")
