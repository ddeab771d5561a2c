"""Rate limits counted in Redis: shared by web processes, and still there when Redis is not."""

from pathlib import Path

import pytest

from tests.jobs.conftest import application
from tests.running import Portal, redis
from tests.visiting import Visitor

pytestmark = pytest.mark.redis


def try_password(portal: Portal) -> int:
    """The status of one attempt with a wrong password, from a browser of its own."""
    return Visitor(portal.url).sign_in("nobody@heron.example", "wrong wrong wrong wrong").status


def test_limits_are_shared_through_redis_and_never_open(tmp_path: Path) -> None:
    with redis(tmp_path) as (url, server):
        shared = {"mode": "production", "limits_url": url, "limit_sign_in": "3 per minute", "secret_key": "x" * 32}
        shared["database_url"] = f"sqlite:///{tmp_path / 'portal.db'}"
        first, second = (Portal(tmp_path / name, **shared) for name in ("one", "two"))
        with application(first):
            pass
        try:
            first.start_web()
            second.start_web()
            statuses = [try_password(portal) for portal in (first, second, first, second, first)]
            assert statuses[3:] == [429, 429] and 429 not in statuses[:3]
            server.kill()
            without = [try_password(first) for _ in range(5)]
            assert without[-1] == 429 and max(without) < 500
        finally:
            first.stop()
            second.stop()
