"""Pages while 200 chats go on, on two web processes: `python -m bench.chats`."""

import argparse
import http.client
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from flask import Flask

from bench.pages import cookie
from portal import create_app
from portal.accounts.people import Role, User
from portal.accounts.sessions import open_sign_in
from portal.chat.chat import Chat, ChatMessage
from portal.chat.showing import ASKS_EVERY
from portal.db import db, utcnow
from tests import postgresql
from tests.running import Portal, redis

SAYS_EVERY = 40.0  # seconds between two messages of a side
PAGES = ("/", "/contact", "/support-policy")


def fill(app: Flask, chats: int) -> tuple[list[tuple[int, str]], str]:
    """(chat, cookie of its customer) for each, and the cookie of the agent who has them all."""
    found: list[tuple[int, dict[str, Any]]] = []
    with app.test_request_context():
        role = Role(name="agent")
        agent = User(email="agent@vendor.example", name="Amir", password="x", fs_uniquifier="agent", active=True)
        agent.roles.append(role)
        db.session.add(agent)
        db.session.flush()
        for number in range(chats):
            person = User(email=f"c{number}@heron.example", name=f"Customer {number}", password="x", active=True)
            person.fs_uniquifier = f"customer-{number}"
            person.confirmed_at = utcnow()
            chat = Chat(requester=person, agent=agent, state="open", rank=1, language="en", zone="Europe/Berlin")
            chat.messages += [ChatMessage(author=person, body=f"It beeps, {n}.") for n in range(10)]
            db.session.add_all([person, chat])
            db.session.flush()
            found.append((chat.id, key_of(person)))
        agent.confirmed_at = utcnow()
        key = key_of(agent)
        db.session.commit()
    return [(chat, cookie(app, own)) for chat, own in found], cookie(app, key)


def key_of(person: User) -> dict[str, Any]:
    row, token = open_sign_in(person, is_kept=True, now=utcnow())
    db.session.flush()
    return {"_user_id": token, "sign_in": row.id}


class Side:
    """One open page of a chat, that asks as often as it is told to."""

    def __init__(self, port: int, chat: int, cookie: str, offset: float) -> None:
        self.line, self.chat, self.due = http.client.HTTPConnection("127.0.0.1", port, timeout=60), chat, offset
        self.headers, self.every = {"Cookie": cookie, "HX-Request": "true"}, ASKS_EVERY
        self.after, self.mark, self.asked = 0, "", 0

    def ask(self) -> None:
        self.line.request("GET", f"/chat/{self.chat}/talk?mark={self.mark}&after={self.after}", headers=self.headers)
        answer = self.line.getresponse()
        text = answer.read().decode()
        assert answer.status in (200, 204), f"{answer.status} {text[:300]}"
        if answer.status == 200:
            self.mark = text.partition('name="mark" value="')[2].partition('"')[0]
            self.every = int(text.partition('hx-trigger="every ')[2].partition("s")[0])
            self.after = int(text.partition('name="after" value="')[2].partition('"')[0])
        self.asked += 1


def drive(sides: list[Side], stop: threading.Event) -> None:
    """Ask for each as often as its page does; one that is late asks at once, and does not catch up."""
    started = time.monotonic()
    while not stop.is_set():
        side = min(sides, key=lambda one: one.due)
        wait = started + side.due - time.monotonic()
        if wait > 0:
            stop.wait(wait)
            continue
        side.ask()
        side.due = max(side.due + side.every, time.monotonic() - started + side.every / 2)


def talk(app: Flask, chats: list[int], stop: threading.Event) -> None:
    """Both sides of all chats say something, evenly spread."""
    with app.app_context():
        count = 0
        while not stop.wait(SAYS_EVERY / (2 * len(chats))):
            chat = db.session.get_one(Chat, chats[count % len(chats)])
            author = chat.requester_id if count % 2 else chat.agent_id
            chat.messages.append(ChatMessage(author_id=author, body="And now?", is_agents=not count % 2))
            chat.version, chat.said_at = chat.version + 1, utcnow()
            db.session.commit()
            count += 1


def page_times(port: int, seconds: float) -> list[float]:
    """Milliseconds of one reader who asks for pages in turn, ten a second."""
    line, times, until = http.client.HTTPConnection("127.0.0.1", port, timeout=60), [], time.monotonic() + seconds
    while time.monotonic() < until:
        for page in PAGES:
            began = time.perf_counter()
            line.request("GET", page)
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.1)
    return times


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--chats", type=int, default=200)
    options.add_argument("--seconds", type=float, default=40)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name, postgresql.running() as server, redis(Path(name)) as (limits, _server):
        shared = {"mode": "production", "database_url": server.new_database(), "limits_url": limits, "web_workers": 2}
        portal = Portal(Path(name), **shared, log_level="WARNING")
        portal.run("db", "upgrade")
        app = create_app(instance=portal.instance, **portal.settings)
        customers, agent = fill(app, chosen.chats)
        portal.start_web()
        try:
            page_times(portal.port, 5)
            quiet = page_times(portal.port, chosen.seconds)
            busy, asked = with_chats(app, portal, customers, agent, chosen.seconds)
        finally:
            portal.stop()
    print(f"pages p50 {statistics.median(quiet):.1f} p95 {p95(quiet):.1f} ms; with {chosen.chats} chats", end=" ")
    print(
        f"p50 {statistics.median(busy):.1f} p95 {p95(busy):.1f} ms ({p95(busy) / p95(quiet):.2f}x); {asked:.0f} asked/s"
    )


def with_chats(
    app: Flask, portal: Portal, customers: list[tuple[int, str]], agent: str, seconds: float
) -> tuple[list[float], float]:
    """The customers' pages all open; of the agents', those of one chat in five: nobody looks at 200 at once."""
    sides = [Side(portal.port, chat, own, n * ASKS_EVERY / len(customers)) for n, (chat, own) in enumerate(customers)]
    sides += [Side(portal.port, chat, agent, n * 0.01) for n, (chat, _own) in enumerate(customers[::5])]
    stop, share = threading.Event(), 8
    threads = [threading.Thread(target=drive, args=(sides[n::share], stop)) for n in range(share)]
    threads.append(threading.Thread(target=talk, args=(app, [chat for chat, _own in customers], stop)))
    for thread in threads:
        thread.start()
    try:
        time.sleep(5)
        before, began = sum(side.asked for side in sides), time.monotonic()
        times = page_times(portal.port, seconds)
        return times, (sum(side.asked for side in sides) - before) / (time.monotonic() - began)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
