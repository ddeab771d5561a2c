"""A real worker process on each queue: SQLite's file, Redis and PostgreSQL."""

import pytest

from portal.db import utcnow
from tests.jobs.conftest import Bench
from tests.running import wait_for

pytestmark = pytest.mark.redis


def test_a_committed_job_is_done_once(queue: Bench) -> None:
    job = queue.ask("test_note", name="done")
    wait_for(lambda: queue.state(job) == "done")
    assert queue.job(job) == ("done", 1, None)
    assert len(queue.marks("done")) == 1


def test_jobs_survive_kill_9_of_their_worker(queue: Bench) -> None:
    begun = queue.ask("test_slow")
    wait_for(lambda: queue.marks("begun"))
    assert queue.portal.worker
    queue.portal.worker.kill()
    waiting = queue.ask("test_note", name="waiting")
    assert (queue.state(begun), queue.state(waiting)) == ("running", "pending")
    queue.allow("go-on")
    wait_for(lambda: utcnow() > queue.moment("lease_until", begun))
    queue.start()
    wait_for(lambda: queue.state(begun) == queue.state(waiting) == "done")
    assert queue.job(begun) == ("done", 2, None)
    assert len(set(queue.marks("begun"))) == 2, "two processes began it"
    assert len(queue.marks("done")) == len(queue.marks("waiting")) == 1
