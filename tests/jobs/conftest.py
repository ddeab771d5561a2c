"""Portals with nothing but their database, a worker each, and the application that writes jobs for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from portal import create_app
from portal.db import db, utcnow, writing
from portal.jobs import Job, enqueue, sweep
from portal.schema import upgrade
from tests.jobs import kinds  # noqa: F401  (what the tests ask for)
from tests.running import Portal, redis


@contextmanager
def application(portal: Portal) -> Iterator[Flask]:
    """The application on the portal's settings and database, in this process."""
    app = create_app(testing=True, instance=portal.instance, **portal.settings)
    upgrade(app)
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        app.extensions["queue"].storage.close()


@dataclass
class Bench:
    """One portal on one queue, and a folder in which the jobs of a test leave their marks."""

    portal: Portal
    app: Flask
    folder: Path

    def start(self) -> None:
        self.portal.start_worker(module="tests.jobs.kinds")

    def ask(self, kind: str, run_after: datetime | None = None, **payload: str) -> int:
        with self.app.app_context(), writing():
            row = enqueue(kind, run_after=run_after, folder=str(self.folder), **payload)
            db.session.commit()
            return row.id

    def change(self, job_id: int, **values: Any) -> None:
        with self.app.app_context(), writing():
            db.session.execute(update(Job).where(Job.id == job_id).values(**values))
            db.session.commit()

    def job(self, job_id: int) -> tuple[str, int, str | None]:
        """(state, attempts, last error)"""
        with self.app.app_context():
            row = db.session.execute(db.select(Job.state, Job.attempts, Job.last_error).where(Job.id == job_id)).one()
            return row[0], row[1], row[2]

    def state(self, job_id: int) -> str:
        return self.job(job_id)[0]

    def moment(self, column: str, job_id: int) -> datetime:
        with self.app.app_context():
            found = db.session.scalar(db.select(getattr(Job, column)).where(Job.id == job_id))
            assert found
            return found

    def marks(self, name: str) -> list[str]:
        """What jobs have left in that file so far."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def allow(self, name: str) -> None:
        (self.folder / name).touch()

    def let_time_pass(self) -> None:
        """What the clock and the sweep of each minute do: waits are over, and the bell rings again."""
        with self.app.app_context(), writing():
            past = utcnow() - timedelta(seconds=1)
            db.session.execute(update(Job).where(Job.state == "pending").values(run_after=past))
            db.session.commit()
            sweep()


@pytest.fixture(scope="module", params=["sqlite", "redis", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The same on each engine; PostgreSQL holds the portal's tables and the queue, as one would run it."""
    folder = tmp_path_factory.mktemp(request.param)
    portal = Portal(folder, mode="production")
    if request.param == "postgresql":
        portal.settings["database_url"] = portal.settings["queue_url"] = request.getfixturevalue(
            "postgresql"
        ).new_database()
    if request.param == "redis":
        with redis(folder) as (url, _server):
            portal.settings["queue_url"] = url
            yield from started(portal)
    else:
        yield from started(portal)


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from started(Portal(tmp_path_factory.mktemp("sqlite"), mode="production"))


def started(portal: Portal) -> Iterator[Bench]:
    with application(portal) as app:
        bench = Bench(portal, app, portal.folder)
        bench.start()
        try:
            yield bench
        finally:
            portal.stop()


@pytest.fixture
def queue(engine: Bench, tmp_path: Path) -> Bench:
    return Bench(engine.portal, engine.app, tmp_path)


@pytest.fixture
def bench(on_sqlite: Bench, tmp_path: Path) -> Bench:
    return Bench(on_sqlite.portal, on_sqlite.app, tmp_path)
