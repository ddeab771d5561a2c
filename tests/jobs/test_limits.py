"""Rate limits counted in Redis: shared by web processes, and still there when Redis is not."""

import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.jobs.conftest import application
from tests.running import Portal, redis

pytestmark = pytest.mark.redis


def sign_in(url: str) -> int:
    """The status of one attempt with a wrong password, from a browser of its own."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    address = f"{url}/account/sign-in"
    page = browser.open(address, timeout=10).read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token, page
    fields = {"email": "nobody@heron.example", "password": "wrong wrong wrong wrong", "csrf_token": token[1]}
    try:
        return int(browser.open(address, urllib.parse.urlencode(fields).encode(), timeout=10).status)
    except urllib.error.HTTPError as error:
        return error.code


def test_limits_are_shared_through_redis_and_never_open(tmp_path: Path) -> None:
    with redis(tmp_path) as (url, server):
        shared = {"mode": "production", "limits_url": url, "limit_sign_in": "3 per minute", "secret_key": "x" * 32}
        portals = [Portal(tmp_path / name, **shared) for name in ("one", "two")]
        for portal in portals:
            portal.settings["database_url"] = f"sqlite:///{tmp_path / 'portal.db'}"
        with application(portals[0]):
            pass
        try:
            for portal in portals:
                portal.start_web()
            first, second = (portal.url for portal in portals)
            statuses = [sign_in(first), sign_in(second), sign_in(first), sign_in(second), sign_in(first)]
            assert statuses[3:] == [429, 429] and 429 not in statuses[:3]
            server.kill()
            without = [sign_in(first) for _ in range(5)]
            assert without[-1] == 429 and not [status for status in without if status >= 500]
        finally:
            for portal in portals:
                portal.stop()
