"""Slow and external work: rows written in the business transaction, executed by Huey, retried, never lost.

A row is the truth and the queue only a bell: when a worker dies with a job, or the queue is away, the sweep finds
the row again. A job may run twice; whoever writes one makes a second run harmless.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy import Index, String, Text, event, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.config import Settings
from portal.db import Model, db, utcnow, writing

if TYPE_CHECKING:
    from huey import Huey

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
ATTEMPTS = 12
LONGEST_WAIT = timedelta(minutes=15)


class Job(Model):
    """One piece of work, written with the change that asks for it (the outbox)."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_open", "state", "run_after"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="pending")  # pending, running, done, dead
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    done_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Kind:
    run: Callable[..., None]
    attempts: int


_kinds: dict[str, Kind] = {}


class WorkerLost(Exception):
    """A job took its workers with it (out of memory, killed) as often as it may be tried."""


def job(kind: str, *, attempts: int = ATTEMPTS) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the function that does jobs of this kind. It is called with the payload, inside a transaction."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        assert kind not in _kinds, f"two jobs of kind {kind!r}"
        _kinds[kind] = Kind(run, attempts)
        return run

    return register


def enqueue(kind: str, *, run_after: datetime | None = None, **payload: Any) -> Job:
    """Write a job in the current transaction; the worker hears of it when that commits."""
    assert kind in _kinds, f"nobody does jobs of kind {kind!r}"
    row = Job(kind=kind, payload=payload, run_after=run_after or utcnow())
    db.session.add(row)
    return row


def run_job(job_id: int) -> None:
    """Claim one job and do it. Somebody else's, done or not yet due: nothing happens."""
    row = _claim(job_id)
    if row is None:
        return
    kind, payload, attempts = row.kind, row.payload, row.attempts
    try:
        if attempts > _most_attempts(kind):
            raise WorkerLost("every worker that began it was lost")
        _kinds[kind].run(**payload)
        db.session.execute(update(Job).where(Job.id == job_id).values(state="done", done_at=utcnow(), last_error=None))
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        log.warning("job failed", extra={"job": job_id, "kind": kind, "attempt": attempts}, exc_info=error)
        _give_back(job_id, kind, attempts, error)


def run_due(limit: int = 1000) -> int:
    """Do every job that is due, in this thread; returns how many were tried. For tests and for the sweep."""
    done = 0
    while done < limit and (ids := _due_ids()):
        for job_id in ids:
            run_job(job_id)
            done += 1
    return done


def sweep() -> None:
    """Ring the bell again for jobs that are due: their first bell was lost, or their worker died."""
    for job_id in _due_ids():
        _ring(job_id)


def _due_ids() -> list[int]:
    now = utcnow()
    ids = list(db.session.scalars(select(Job.id).where(_claimable(now)).order_by(Job.run_after).limit(500)))
    db.session.rollback()
    return ids


def _claimable(now: datetime) -> Any:
    waiting = (Job.state == "pending") & (Job.run_after <= now)
    return or_(waiting, (Job.state == "running") & (Job.lease_until < now))


def _claim(job_id: int) -> Job | None:
    with writing():
        now = utcnow()
        claimed = db.session.execute(
            update(Job)
            .where(Job.id == job_id, _claimable(now))
            .values(state="running", attempts=Job.attempts + 1, lease_until=now + LEASE)
            .returning(Job.id)
        ).first()
        row = db.session.get(Job, job_id) if claimed else None
        db.session.commit()
    return row


def _give_back(job_id: int, kind: str, attempts: int, error: Exception) -> None:
    wait = min(timedelta(seconds=5 * 2 ** min(attempts, 20)), LONGEST_WAIT) * random.uniform(0.8, 1.0)
    state = "pending" if attempts < _most_attempts(kind) else "dead"
    text = f"{type(error).__name__}: {error}"[:2000]
    db.session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(state=state, run_after=utcnow() + wait, lease_until=None, last_error=text)
    )
    db.session.commit()


def _most_attempts(kind: str) -> int:
    """Also of a kind that only another release knows: its worker may come back."""
    return _kinds[kind].attempts if kind in _kinds else ATTEMPTS


# The queue -----------------------------------------------------------------------------------------------------------


def open_queue(config: Settings) -> "Huey":
    """The Huey queue the settings name: a SQLite file, Redis or PostgreSQL."""
    from huey import SqliteHuey

    if config.queue_url.startswith("redis"):
        from huey import RedisHuey
        from redis import ConnectionPool

        pool = ConnectionPool.from_url(config.queue_url, socket_timeout=5, socket_connect_timeout=2)
        return RedisHuey("foyer", connection_pool=pool)
    if config.queue_url.startswith("postgres"):
        from huey import PostgresHuey

        return PostgresHuey("foyer", dsn=config.queue_url)
    return SqliteHuey("foyer", filename=str(config.instance / "queue.db"), fsync=True)


def init_jobs(app: Flask, config: Settings) -> None:
    queue = open_queue(config)
    from huey import crontab

    app.extensions["queue"] = queue

    @queue.task(name="run")
    def run(job_id: int) -> None:
        with app.app_context():
            run_job(job_id)

    @queue.periodic_task(crontab(minute="*"), name="sweep")
    def sweep_every_minute() -> None:
        with app.app_context():
            sweep()

    app.extensions["bell"] = run


def _ring(job_id: int) -> None:
    try:
        current_app.extensions["bell"](job_id)
    except Exception as error:  # the queue is away: the sweep will find the row
        log.warning("queue unavailable", extra={"job": job_id}, exc_info=error)


@event.listens_for(Session, "after_flush")
def _note_new_jobs(session: Session, _context: Any) -> None:
    new = [row.id for row in session.new if isinstance(row, Job)]
    if new:
        session.info.setdefault("bells", []).extend(new)


@event.listens_for(Session, "after_commit")
def _ring_for_new_jobs(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint's end: nobody else sees the rows yet
        return
    for job_id in session.info.pop("bells", []):
        _ring(job_id)


@event.listens_for(Session, "after_rollback")
def _forget_new_jobs(session: Session) -> None:
    if session.in_nested_transaction():  # jobs from before the savepoint stay; a bell for no row does no harm
        return
    session.info.pop("bells", None)
