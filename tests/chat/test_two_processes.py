"""A customer on one web process, an agent on another, and between them nothing but PostgreSQL."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from portal.accounts.people import User
from portal.db import db
from tests import cast
from tests.jobs.conftest import application
from tests.postgresql import Server
from tests.running import ROOT, Portal, wait_for
from tests.visiting import Answer, Visitor

HASHED = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(cast.PASSWORD)


@dataclass
class Two:
    """Who chats, each at a process of their own."""

    customer: Visitor
    agent: Visitor
    pages: Portal


def around_the_clock(folder: Path) -> Path:
    """The demo's policy with a chat that never closes, so that the test runs at any hour."""
    text = (ROOT / "portal/sla/policies/demo.toml").read_text(encoding="utf-8")
    path = folder / "open.toml"
    path.write_text(text.replace('hours = "chat"\n', ""), encoding="utf-8")
    return path


@pytest.fixture
def two(tmp_path: Path, postgresql: Server) -> Iterator[Two]:
    shared = {
        "mode": "production",
        "secret_key": "x" * 32,
        "database_url": postgresql.new_database(),
        "policy": around_the_clock(tmp_path),
        "log_level": "WARNING",
    }
    portals = [Portal(tmp_path / name, **shared) for name in ("one", "two")]
    with application(portals[0]) as app, app.app_context():
        world = cast.gather()
        cast.subscribe(world.heron, "business")
        db.session.execute(db.update(User).values(password=HASHED))
        db.session.commit()
    try:
        for portal in portals:
            portal.start_web()
        customer, agent = (Visitor(portal.url) for portal in portals)
        assert customer.sign_in(cast.ADDRESSES["customer"], cast.PASSWORD).status == 302
        assert agent.sign_in(cast.ADDRESSES["agent"], cast.PASSWORD).status == 302
        yield Two(customer, agent, portals[0])
    finally:
        for portal in portals:
            portal.stop()


def begin(two: Two) -> int:
    token = two.customer.get("/chat/").hidden("csrf_token")
    answer = two.customer.post("/chat/", csrf_token=token, body="It beeps.", product="beacon")
    assert answer.status == 302, answer.text
    return int(answer.location.rsplit("/", 1)[1])


def say(visitor: Visitor, page: str, chat: int, body: str) -> Answer:
    form = visitor.get(page)
    token, key = form.hidden("csrf_token"), re.search(r'name="form_key"[^>]*value="(\w+)"', form.text)
    assert key
    return visitor.post(f"/chat/{chat}/say", csrf_token=token, form_key=key[1], body=body)


def test_both_see_what_the_other_says(two: Two) -> None:
    chat = begin(two)
    assert "Carla" in two.agent.get("/desk/chats").text
    assert say(two.agent, f"/desk/chats/{chat}", chat, "Is the lamp on?").status == 302
    page = two.customer.get(f"/chat/{chat}").text
    assert "Is the lamp on?" in page and "Amir is in charge" in page
    assert say(two.customer, f"/chat/{chat}", chat, "It is.").status == 302
    assert "It is." in two.agent.get(f"/chat/{chat}/talk").text


def test_a_stream_rings_for_what_another_process_wrote(two: Two) -> None:
    chat, heard = begin(two), []

    def listen() -> None:
        with two.customer.opener.open(f"{two.pages.url}/chat/{chat}/stream", timeout=90) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            for line in stream:
                heard.append((time.monotonic(), line))

    ear = threading.Thread(target=listen)
    ear.start()
    wait_for(lambda: len(heard) > 5, 10)
    before = len(heard)
    assert say(two.agent, f"/desk/chats/{chat}", chat, "Here I am.").status == 302
    said_at = time.monotonic()
    wait_for(lambda: len(heard) > before, 5)
    assert b"news" in heard[before][1] and heard[before][0] - said_at < 4
    assert two.customer.get(f"/chat/{chat}/stream").status == 204  # four threads spare one; pages have the others
    assert two.customer.get("/contact").status == 200
    began = heard[0][0]
    ear.join(timeout=90)
    assert not ear.is_alive() and 20 < time.monotonic() - began < 35
    with two.customer.opener.open(f"{two.pages.url}/chat/{chat}/stream", timeout=60) as again:
        assert again.status == 200 and again.readline()


def test_of_two_who_take_it_at_once_one_has_it(two: Two) -> None:
    chat = begin(two)
    admin = Visitor(two.pages.url)
    admin.sign_in(cast.ADDRESSES["admin"], cast.PASSWORD)
    answers: list[int] = []

    def take(visitor: Visitor, token: str) -> None:
        answers.append(visitor.post(f"/desk/chats/{chat}/take", csrf_token=token, instead_of="").status)

    tokens = [(one, one.get(f"/desk/chats/{chat}").hidden("csrf_token")) for one in (two.agent, admin)]
    threads = [threading.Thread(target=take, args=pair) for pair in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 422]
