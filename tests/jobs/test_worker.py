"""What becomes of a job: never without its transaction, again when it fails, put aside when it keeps failing."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from portal.db import db, utcnow, writing
from portal.jobs import enqueue, run_due, sweep
from tests.jobs.conftest import Bench, application
from tests.running import Portal, redis, wait_for


def test_a_job_rolled_back_is_never_done(bench: Bench) -> None:
    with bench.app.app_context(), writing():
        enqueue("test_note", folder=str(bench.folder), name="undone")
        db.session.flush()
        db.session.rollback()
    job = bench.ask("test_note", name="done")
    wait_for(lambda: bench.state(job) == "done")
    assert bench.marks("undone") == []


def test_a_failing_job_is_tried_again_later(bench: Bench) -> None:
    job = bench.ask("test_fail")
    wait_for(lambda: bench.job(job)[2])
    assert bench.job(job) == ("pending", 1, "OSError: the disk of the test is full")
    assert timedelta(seconds=2) < bench.moment("run_after", job) - utcnow() <= timedelta(seconds=10)
    bench.allow("mended")
    bench.let_time_pass()
    wait_for(lambda: bench.state(job) == "done")
    assert len(bench.marks("tried")) == 2


def test_a_job_given_up_is_shown_and_can_be_revived(bench: Bench) -> None:
    job = bench.ask("test_fail")
    wait_for(lambda: bench.job(job)[2])
    bench.let_time_pass()
    wait_for(lambda: bench.state(job) == "dead")
    assert "the disk of the test is full" in bench.portal.run("jobs", "list", "--dead")
    bench.allow("mended")
    bench.portal.run("jobs", "retry", str(job))
    wait_for(lambda: bench.state(job) == "done")
    assert len(bench.marks("tried")) == 3


def test_a_job_that_loses_every_worker_is_given_up(bench: Bench) -> None:
    job = bench.ask("test_note", name="done", run_after=utcnow() + timedelta(hours=1))
    bench.change(job, state="running", attempts=3, lease_until=utcnow() - timedelta(seconds=1))
    with bench.app.app_context():
        run_due()
    assert bench.job(job) == ("dead", 4, "WorkerLost: every worker that began it was lost")
    assert bench.marks("done") == []


def test_a_job_of_another_release_waits_for_it(bench: Bench) -> None:
    job = bench.ask("test_note", name="done", run_after=utcnow() + timedelta(hours=1))
    bench.change(job, kind="test_of_tomorrow", run_after=utcnow() - timedelta(seconds=1))
    with bench.app.app_context():
        run_due()
    given_back = ("pending", 1, "KeyError: 'test_of_tomorrow'")  # by us, or by the worker that was quicker
    wait_for(lambda: bench.job(job) == given_back)
    bench.change(job, state="done")


def test_the_bell_rings_when_all_is_committed_not_at_a_savepoint(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setitem(bench.app.extensions, "bell", rung.append)
    with bench.app.app_context(), writing():
        outer = enqueue("test_note", folder=str(bench.folder), name="done")
        db.session.flush()
        with suppress(OSError), db.session.begin_nested():
            raise OSError("undoes the savepoint alone")
        with db.session.begin_nested():
            inner = enqueue("test_note", folder=str(bench.folder), name="done")
        assert rung == []
        db.session.commit()
        assert rung == [outer.id, inner.id]


def test_two_workers_and_many_bells_do_a_job_once(bench: Bench) -> None:
    first = bench.portal.worker
    assert first
    bench.start()
    try:
        jobs = [bench.ask("test_note", name="done") for _ in range(20)]
        for _ in range(5):
            with bench.app.app_context():
                sweep()
        wait_for(lambda: all(bench.state(job) == "done" for job in jobs))
        assert len(bench.marks("done")) == 20
    finally:
        first.stop()


@pytest.mark.redis
def test_without_its_queue_the_portal_goes_on_and_the_sweep_catches_up(tmp_path: Path) -> None:
    portal = Portal(tmp_path, mode="production")
    with redis(tmp_path) as (url, server):
        portal.settings["queue_url"] = url
        with application(portal) as app:
            server.kill()
            lonely = Bench(portal, app, tmp_path)
            job = lonely.ask("test_note", name="done")
            assert lonely.state(job) == "pending"
            with app.app_context():
                assert run_due() == 1
            assert lonely.state(job) == "done" and len(lonely.marks("done")) == 1
