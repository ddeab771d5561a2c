"""CPU per request of the portal's pages against a bare Flask page on the same server: `python -m bench.pages`."""

import argparse
import http.client
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import psutil
from flask import Flask

from bench.seed import drawn, seed
from portal import create_app
from portal.db import db
from tests.running import Portal, Process, free_port, wait_for

TARGETS = {"home": 1.5, "article": 1.5}
OTHERS = 3.0
AS_A_BROWSER = "gzip, deflate, br, zstd"


@dataclass
class Page:
    """One address as somebody asks for it, and what it cost: CPU milliseconds a request, in each round."""

    name: str
    path: str
    cookie: str = ""
    questions: Iterator[str] | None = None  # each is asked once: the path ends with it
    plain: list[float] = field(default_factory=list)
    packed: list[float] = field(default_factory=list)
    size: int = 0


class Server:
    """A web server's processes, and one kept connection to it."""

    def __init__(self, process: Process, port: int) -> None:
        self.parent = psutil.Process(process.child.pid)
        self.line = http.client.HTTPConnection("127.0.0.1", port)

    def processes(self) -> list[psutil.Process]:
        return [self.parent, *self.parent.children(recursive=True)]

    def cpu(self) -> float:
        """Seconds of CPU that the server has used so far."""
        return sum(used.user + used.system for used in (p.cpu_times() for p in self.processes()))

    def memory(self) -> float:
        """Resident megabytes."""
        return sum(p.memory_info().rss for p in self.processes()) / 1e6

    def ask(self, page: Page, encoding: str) -> int:
        headers = {"Accept-Encoding": encoding, "Accept": "text/html", "Accept-Language": "en"}
        path = page.path + next(page.questions) if page.questions else page.path
        self.line.request("GET", path, headers=headers | ({"Cookie": page.cookie} if page.cookie else {}))
        answer = self.line.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{page.name}: {answer.status} {answer.headers.get('Location')} {body[:300]!r}"
        for given in answer.headers.get_all("Set-Cookie", []):  # as browsers do: it carries the token of forms
            if page.cookie.startswith(given.split("=")[0] + "="):
                page.cookie = given.split(";")[0]
        return len(body)

    def measure(self, page: Page, requests: int, encoding: str = "identity") -> float:
        """CPU milliseconds a request, over so many one after another."""
        self.line.close()  # the server may have ended the connection while others were measured
        page.size = self.ask(page, encoding) if encoding == "identity" else page.size
        before = self.cpu()
        for _ in range(requests):
            self.ask(page, encoding)
        return (self.cpu() - before) * 1000 / requests


def cookie(app: Flask, key: dict[str, Any]) -> str:
    """The session cookie of a signed-in person."""
    now = int(time.time())
    session = {**key, "_fresh": True, "seen": now, "fs_cc": "set"}
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(session)}"


def new_questions() -> Iterator[str]:
    """Two to four words, drawn as those of the articles are, never the same ones twice."""
    chance, asked = Random(1), set[frozenset[str]]()
    while True:
        words = list(dict.fromkeys(drawn(chance, chance.choice((2, 3, 4)))))
        if frozenset(words) not in asked:
            asked.add(frozenset(words))
            yield "+".join(words)


@contextmanager
def portal_on(folder: Path, tickets: int, articles: int) -> Iterator[tuple[Portal, list[Page]]]:
    """The portal with its worker, filled, and the pages to ask it for."""
    portal = Portal(folder, mode="production", limit_search="1000000 per minute", log_level="WARNING", web_workers=1)
    portal.run("db", "upgrade")
    app = create_app(instance=portal.instance, **portal.settings)
    started = time.monotonic()
    made = seed(app, tickets=tickets, articles=articles)
    customer, agent = (cookie(app, made["keys"][name]) for name in ("customer", "agent"))
    with app.app_context():
        db.engine.dispose()
    print(f"{tickets} tickets and {articles} articles in {time.monotonic() - started:.0f} s", file=sys.stderr)
    portal.run("reindex")
    portal.start_worker()
    portal.start_web()
    yield (
        portal,
        [
            Page("home", "/"),
            Page("article", f"/kb/{made['article']}"),
            Page("search, asked before", "/search?q=firmware+update"),
            Page("search, new question", "/search?q=", questions=new_questions()),
            Page("new ticket", "/tickets/new", customer),
            Page("ticket", f"/tickets/{made['ticket']}", customer),
            Page("desk queue", "/desk/", agent),
            Page("support policy", "/support-policy"),
            Page("home, signed in", "/", customer),
            Page("tickets", "/tickets/", customer),
        ],
    )
    portal.stop()


@contextmanager
def bare_page(folder: Path) -> Iterator[tuple[Server, Page]]:
    """The yardstick on granian, with the settings that the portal gives it."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "bench.bare:app"]
    environment = os.environ | {"BARE_DATABASE": f"sqlite:///{folder / 'bare.db'}", "PYTHONPATH": os.getcwd()}
    process = Process(*command, log=folder / "bare.log", env=environment)
    try:
        wait_for(lambda: is_up(port), 30)
        yield Server(process, port), Page("bare page, 20 rows", "/")
    finally:
        process.stop()


def is_up(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        line.request("GET", "/")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tickets", type=int, default=10_000)
    options.add_argument("--articles", type=int, default=2_000)
    options.add_argument("--requests", type=int, default=200, help="requests per page and round")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            bare_page(folder) as (bare, bare_page_),
            portal_on(folder, chosen.tickets, chosen.articles) as (portal, pages),
        ):
            assert portal.web and portal.worker
            web = Server(portal.web, portal.port)
            warm(bare, [bare_page_])
            warm(web, pages)
            for _ in range(chosen.rounds):  # in turn, so that a busy machine is busy for all of them
                bare_page_.plain.append(bare.measure(bare_page_, chosen.requests))
                for page in pages:
                    page.plain.append(web.measure(page, chosen.requests))
                    page.packed.append(web.measure(page, chosen.requests // 2, AS_A_BROWSER))
            memory = {"web": web.memory(), "worker": Server(portal.worker, portal.port).memory()}
            report(bare_page_, pages, memory, chosen)


def warm(server: Server, pages: list[Page]) -> None:
    for page in pages:
        for encoding in ("identity", AS_A_BROWSER):
            for _ in range(20):
                server.ask(page, encoding)


def report(bare: Page, pages: list[Page], memory: dict[str, float], chosen: argparse.Namespace) -> None:
    """The table of README.md, as Markdown."""
    unit = statistics.median(bare.plain)
    cores = psutil.cpu_count()
    machine = f"{cores} cores, {psutil.virtual_memory().total / 1e9:.0f} GB, {platform.system()} {platform.machine()}"
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {machine}, one granian worker.")
    print(f"{chosen.tickets:,} tickets, {chosen.articles:,} articles.")
    print(f"Median of {chosen.rounds} rounds of {chosen.requests} requests.\n")
    print("| page | KB | CPU ms | × bare | target | CPU ms, compressed |")
    print("|---|---:|---:|---:|---:|---:|")
    print(f"| {bare.name} | {bare.size / 1000:.1f} | {unit:.2f} | 1.0 | | |")
    for page in pages:
        spent, packed = statistics.median(page.plain), statistics.median(page.packed)
        ratio, target = spent / unit, TARGETS.get(page.name, OTHERS)
        verdict = f"{target} {'met' if ratio <= target else 'missed'}"
        print(f"| {page.name} | {page.size / 1000:.1f} | {spent:.2f} | {ratio:.1f} | {verdict} | {packed:.2f} |")
    each = ", ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in memory.items())
    print(f"\nResident memory afterwards: {each}, together {sum(memory.values()):.0f} MB.")


if __name__ == "__main__":
    main()
