"""The status page: CPU, readers while thousands of mails go out, a hundred probes: `python -m bench.status`."""

import argparse
import http.client
import multiprocessing
import os
import socket
import socketserver
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import psutil
from flask import Flask
from sqlalchemy import func, select

from bench.pages import Page, Server, bare_page, cookie, warm
from bench.seed import seed
from portal import create_app
from portal.accounts.people import User
from portal.db import db, utcnow, writing
from portal.fragments import forget_fragments
from portal.status import maintenance, reporting, sending
from portal.status.component import Component, ComponentGroup, ComponentSpan
from portal.status.probe import Probe, ProbeResult
from portal.status.subscriber import Sending
from tests import cast
from tests.running import Portal, free_port, wait_for
from tests.status.telling_rows import reported, subscribers

ASKED_A_SECOND = 20
WINDOW = 15  # seconds with the sending on, and as many with it off, in turn
PATHS = ("/status/", "/", "/api/v2/summary.json", "/status/history", "/kb/")
ENOUGH: dict[str, Any] = {"limit_search": "1000000 per minute", "log_level": "WARNING", "web_workers": 1}


def fill(parts: int, incidents: int) -> None:
    """Components in groups with ninety days behind them: incidents that are over, two open ones, two works planned."""
    chance, now = Random(1), utcnow()
    groups = [ComponentGroup(titles={"en": f"Region {number}"}, position=number) for number in range(3)]
    db.session.add_all(groups)
    db.session.flush()
    begins, ids = now - timedelta(days=120), []
    for number in range(parts):
        part = Component(slug=f"part-{number}", titles={"en": f"Part {number}"}, descriptions={}, begins_at=begins)
        part.group_id, part.position = groups[number % 3].id, number
        db.session.add(part)
        db.session.flush()
        db.session.add(ComponentSpan(component_id=part.id, state=part.state, began_at=begins))
        ids.append(part.id)
    given: dict[str, Any] = {"by": None, "now": now, "notify": False}
    for number in range(incidents):
        at, part_id = now - timedelta(days=89 * (1 - number / incidents), minutes=30), chance.choice(ids)
        is_open = number >= incidents - 2
        one = reporting.open_incident(
            title=f"Slow answers, {number}", impact="minor", status="investigating", body="We look into it. " * 5,
            components={part_id: "partial_outage"}, form_key=f"bench-{number}", at=at, **given,
        )  # fmt: skip
        for step, status in enumerate(("identified", "monitoring") if is_open else ("identified", "resolved"), 1):
            when, key = at + timedelta(minutes=10 * step), f"bench-{number}-{step}"
            reporting.add_update(
                one, status=status, body="A switch is broken. " * 5, components={}, form_key=key, at=when, **given
            )
    for number in range(2):
        starts = now + timedelta(days=number + 1)
        maintenance.schedule(
            title="New switches", body="We put them in. " * 5, starts=starts, ends=starts + timedelta(hours=2),
            components=ids[:2], form_key=f"bench-work-{number}", **given,
        )  # fmt: skip
    db.session.commit()


@contextmanager
def filled(folder: Path, **settings: Any) -> Iterator[tuple[Portal, Flask, dict[str, Any]]]:
    portal = Portal(folder, mode="production", **ENOUGH, **settings)
    portal.run("db", "upgrade")
    app = create_app(instance=portal.instance, **portal.settings)
    made = seed(app, tickets=10, articles=50)
    with app.app_context(), writing():
        fill(12, 40)
    try:
        yield portal, app, made
    finally:
        portal.stop()


def measure_pages(folder: Path, rounds: int, requests: int) -> None:
    with bare_page(folder) as (bare, plain), filled(folder) as (portal, app, made):
        portal.start_web()
        assert portal.web
        web, customer = Server(portal.web, portal.port), cookie(app, made["keys"]["customer"])
        pages = [
            Page("status page", "/status/"),
            Page("status page, signed in", "/status/", customer),
            Page("history", "/status/history"),
            *(Page(name, f"/api/v2/{name}") for name in ("summary.json", "status.json")),
            *(Page(name, f"/status/{name}") for name in ("history.atom", "calendar.ics", "badge.svg")),
        ]
        warm(bare, [plain])
        warm(web, pages)
        for _ in range(rounds):
            plain.plain.append(bare.measure(plain, requests))
            for page in pages:
                page.plain.append(web.measure(page, requests))
        unit = statistics.median(plain.plain)
        print("| page | KB | CPU ms | × bare | drawn anew, ms |\n|---|---:|---:|---:|---:|")
        for page in (plain, *pages):
            spent = statistics.median(page.plain)
            anew = f"{drawn_anew(app, page):.1f}" if page is not plain else ""
            print(f"| {page.name} | {page.size / 1000:.1f} | {spent:.2f} | {spent / unit:.1f} | {anew} |")


def drawn_anew(app: Flask, page: Page) -> float:
    """CPU of a request for which nothing was kept: the median of ten, by a test client."""
    client, spent = app.test_client(), []
    if page.cookie:
        client.set_cookie(*page.cookie.split("=", 1))
    for _ in range(10):
        forget_fragments()
        before = time.process_time()
        assert client.get(page.path).status_code == 200
        spent.append((time.process_time() - before) * 1000)
    return statistics.median(spent)


class Reader(threading.Thread):
    """Somebody who asks for one page after another at a steady pace; what each answer took goes where `into` says."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.into, self.ends = port, list[float](), False

    def run(self) -> None:
        line, began = http.client.HTTPConnection("127.0.0.1", self.port), time.monotonic()
        for number in range(10**9):
            time.sleep(max(0.0, began + number / ASKED_A_SECOND - time.monotonic()))
            if self.ends:
                return
            into, due = self.into, max(began + number / ASKED_A_SECOND, 0)
            line.request("GET", PATHS[number % len(PATHS)])
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
            into.append((time.monotonic() - due) * 1000)


@contextmanager
def sink(port: int, taken: Path) -> Iterator[Path]:
    """A mail server in a process of its own that takes everything and writes down for whom: `taken`."""
    process = multiprocessing.get_context("spawn").Process(target=take_mails, args=(port, str(taken)), daemon=True)
    process.start()
    try:
        wait_for(lambda: is_open(port), 30)
        yield taken
    finally:
        process.terminate()
        process.join()


def is_open(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def take_mails(port: int, path: str) -> None:
    class Taker(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 sink\r\n")
            is_text = False
            with open(path, "a", encoding="ascii") as taken:
                for line in self.rfile:
                    word = line[:4].upper()
                    if is_text and line != b".\r\n":
                        continue
                    is_text = word == b"DATA"
                    if word == b"RCPT":
                        taken.write(line.decode().partition("<")[2].partition(">")[0] + "\n")
                    answer = b"354 go on" if is_text else b"221 bye" if word == b"QUIT" else b"250 ok"
                    self.wfile.write(answer + b"\r\n")
                    taken.flush()

    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Taker) as server:
        server.serve_forever()


def measure_sending(folder: Path, recipients: int, pace: int) -> None:
    """Windows with the sending on and off, in turn, so that others' work on the machine is in both alike."""
    settings = {"mail_url": f"smtp://127.0.0.1:{(port := free_port())}", "status_mails_minute": pace}
    with sink(port, folder / "taken") as taken, filled(folder, **settings) as (portal, app, _made):
        with app.app_context(), writing():
            subscribers(recipients)
            reported(app, "Everything beeps")
        switch(app, on=False)
        portal.start_web()
        portal.start_worker()
        wait_for(lambda: waiting(app) >= recipients, 300, every=0.5)
        reader = Reader(portal.port)
        reader.start()
        assert portal.worker
        worker, cpu = Server(portal.worker, portal.port), 0.0
        rest, busy, spent, is_on = list[float](), list[float](), 0.0, False
        while waiting(app):
            switch(app, on=is_on)
            time.sleep(1)
            reader.into = busy if is_on else rest
            before, used, until = time.monotonic(), worker.cpu(), time.monotonic() + WINDOW
            while time.monotonic() < until and (not is_on or waiting(app)):
                time.sleep(1)
            reader.into = []
            if is_on:
                spent, cpu = spent + time.monotonic() - before, cpu + worker.cpu() - used
            is_on = not is_on
        reader.ends = True
        reader.join()
        told = [one for one in taken.read_text().split() if "@many.example" in one]
        print(f"\n{len(told)} mails to {len(set(told))} people in {spent:.0f} s, at most {pace} a minute; "
              f"{cpu * 1000 / len(told):.1f} ms of the worker's CPU each; load {os.getloadavg()[0]:.1f}.")  # fmt: skip
        for name, times in (("nothing sent", rest), ("while it sends", busy)):
            print(f"| {name} | {len(times)} | {at(times, 50):.1f} | {at(times, 95):.1f} |")
        print(f"p95: {(at(busy, 95) / at(rest, 95) - 1) * 100:+.0f} %")


def at(times: list[float], percent: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]


def waiting(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Sending).where(Sending.state == "waiting")) or 0


def switch(app: Flask, *, on: bool) -> None:
    with app.app_context(), writing():
        agent = db.session.scalars(select(User).filter_by(email=cast.ADDRESSES["agent"])).one()
        (sending.switch_on if on else sending.switch_off)(by=agent, now=utcnow())
        db.session.commit()


class Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


def measure_probes(folder: Path, probes: int, minutes: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Well)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with filled(folder) as (portal, app, _made):
        portal.settings["probes_inside"] = "127.0.0.0/8"
        with app.app_context(), writing():
            part = db.session.scalars(select(Component.id).limit(1)).one()
            target = f"http://127.0.0.1:{server.server_port}/"
            made = {"component_id": part, "kind": "http", "target": target, "asks": {"status": 200, "words": "ok"}}
            db.session.add_all(Probe(name=f"Probe {number}", **made) for number in range(probes))
            db.session.commit()
        portal.start_worker()
        assert portal.worker
        worker = Server(portal.worker, portal.port)
        wait_for(lambda: results(app)[0] >= probes, 90, every=0.5)
        before, first = worker.cpu(), results(app)[0]
        time.sleep(60 * minutes)
        spent, (count, span, bad) = worker.cpu() - before, results(app)
    server.shutdown()
    server.server_close()
    looks, cpu = (count - first) / minutes, spent / minutes
    print(f"\n{probes} probes: {looks:.0f} looks a minute, {bad} not well, a round's results within {span:.1f} s, "
          f"{cpu:.2f} s of the worker's CPU a minute.")  # fmt: skip


def results(app: Flask) -> tuple[int, float, int]:
    """How many looks, from the first to the last of the newest minute, and how many found something wrong."""
    with app.app_context():
        times = list(db.session.scalars(select(ProbeResult.at).order_by(ProbeResult.at.desc())))
        bad = db.session.scalar(select(func.count()).select_from(ProbeResult).where(~ProbeResult.is_up)) or 0
        newest = [one for one in times if one > times[0] - timedelta(seconds=30)]
        return len(times), (newest[0] - newest[-1]).total_seconds() if newest else 0.0, bad


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=("pages", "sending", "probes"))
    options.add_argument("--requests", type=int, default=200, help="requests per page and round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--recipients", type=int, default=10_000)
    options.add_argument("--pace", type=int, default=1_500, help="mails a minute")
    options.add_argument("--probes", type=int, default=100)
    options.add_argument("--minutes", type=int, default=3, help="of probes")
    chosen = options.parse_args()
    measures: dict[str, Callable[[Path], None]] = {
        "pages": lambda folder: measure_pages(folder, chosen.rounds, chosen.requests),
        "sending": lambda folder: measure_sending(folder, chosen.recipients, chosen.pace),
        "probes": lambda folder: measure_probes(folder, chosen.probes, chosen.minutes),
    }
    for name, measure in measures.items():
        if chosen.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                print(f"load before {name}: {os.getloadavg()[0]:.1f}, {psutil.cpu_count()} cores")
                measure(Path(folder))
                print(f"load after {name}: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
