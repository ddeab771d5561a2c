"""The search at full size beside SQLite FTS5: `python -m bench.search [--documents N] [--engines whoosh,postgresql]`.

Everything is measured in one run. Questions are drawn as the words of the documents are, and none is asked twice but
where it says so. README says what the rows mean.
"""

import argparse
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_plus

import psutil
from flask import Flask
from flask_login import AnonymousUserMixin
from sqlalchemy import text

from bench.pages import Page, Server
from bench.prose import LANGUAGES, language_of, sentence, title
from bench.seed import insert
from knowledge.articles.article import Article, Section
from knowledge.articles.writing import Manuscript, publish
from knowledge.edition import Edition
from knowledge.search.finding import search
from knowledge.search.index import apply_changes
from knowledge.search.presenting import present
from portal import create_app
from portal.db import db, utcnow, writing
from tests import postgresql
from tests.running import Portal

LENGTH = 60  # words of a document
RARE = 100  # so many words of a language are in no question for rarer words, as no stop words are in ours
WEB = "/search/suggest?q="


def questions(seed: int, first: int = 0) -> Iterator[tuple[str, str]]:
    """(language, two to four words), drawn as those of the documents are, never the same ones twice. `first` leaves out
    so many of the most frequent words."""
    chance, asked = Random(seed), set[frozenset[str]]()
    while True:
        lang = language_of(chance.randrange(1000))
        words = list(dict.fromkeys(sentence(lang, chance, chance.choice((2, 3, 4)), first)))
        if frozenset(words) not in asked:
            asked.add(frozenset(words))
            yield lang, " ".join(words)


# Filling -------------------------------------------------------------------------------------------------------------


def document(number: int) -> tuple[str, str, str]:
    """(language, title, text), the same at each run."""
    chance, lang = Random(number), language_of(number)
    return lang, title(lang, chance), " ".join(sentence(lang, chance, LENGTH)).capitalize() + "."


def fill(app: Flask, many: int) -> None:
    """Articles of one section each, past the portal's verbs: what is measured is the search."""
    shape: dict[str, Any] = {"tags": [], "toc": [], "body": "", "html": "", "checksum": "", "updated_at": utcnow()}
    shape |= {"summary": "", "visibility": "public", "status": "published", "machine_translated": False}
    with app.app_context(), writing():
        for start in range(1, many + 1, 5000):
            articles, sections = [], []
            for number in range(start, min(start + 5000, many + 1)):
                lang, name, words = document(number)
                own = {"id": number, "external_id": f"bench-{number}", "slug": f"guide-{number}"}
                articles.append(shape | own | {"lang": lang, "title": name, "revision": 0, "position": 0})
                sections.append({"article_id": number, "position": 0, "anchor": "", "heading": "", "text": words})
            insert(Article.__table__, articles)  # type: ignore[arg-type]
            insert(Section.__table__, sections)  # type: ignore[arg-type]
        Edition.advance()
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("SELECT setval('article_id_seq', :last)"), {"last": many})
        db.session.commit()
        db.session.execute(text("ANALYZE"))
        db.session.commit()


def fts5(path: Path, many: int) -> tuple[Callable[[str], Any], float]:
    """SQLite FTS5 as one would set it up, on the disk too: (ask it for ten with snippets, CPU seconds to fill it)."""
    base = sqlite3.connect(path)
    base.execute("CREATE VIRTUAL TABLE found USING fts5 (title, body, tokenize='unicode61 remove_diacritics 2')")
    rows = [document(number)[1:] for number in range(1, many + 1)]
    started = time.process_time()
    base.executemany("INSERT INTO found (title, body) VALUES (?, ?)", rows)
    base.commit()
    spent = time.process_time() - started
    query = """SELECT rowid, title, snippet(found, 1, '<mark>', '</mark>', '…', 32) FROM found
        WHERE found MATCH ? ORDER BY bm25(found, 5, 1) LIMIT 10"""

    def ask(question: str) -> Any:
        return base.execute(query, (" OR ".join(f'"{word}"' for word in question.split()),)).fetchall()

    return ask, spent


# Measuring -----------------------------------------------------------------------------------------------------------


class Bench:
    """One engine's portal, and what was measured of it, by row."""

    def __init__(self, name: str, portal: Portal, many: int) -> None:
        self.name, self.portal, self.many = name, portal, many
        self.app = create_app(instance=portal.instance, **portal.settings)
        self.rows: dict[str, str] = {}

    def build(self, theirs: float) -> None:
        """Build the index in a process of its own, as `python -m portal reindex` does."""
        command = [sys.executable, "-m", "portal", "reindex"]
        before = time.monotonic()
        child = subprocess.Popen(command, env=self.portal.environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        seconds, spent = time.monotonic() - before, used.ru_utime + used.ru_stime
        self.rows["index build, documents a second"] = f"{self.many / seconds:,.0f}"
        self.rows["… its CPU seconds, × FTS5"] = f"{spent:.0f} s, {spent / theirs:.0f}×"
        self.rows["… the indexer's peak memory"] = verdict(used.ru_maxrss * 1024 / 1e6, 400, "MB")
        self.rows["index on the disk"] = f"{self.size() / 1e6:.0f} MB"

    def size(self) -> float:
        if self.name == "whoosh":
            folder = self.portal.instance / "search"
            return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        query = """SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE nspname LIKE 'foyer_search_%' AND relkind = 'r'"""
        with self.app.app_context():
            return float(db.session.scalar(text(query)) or 0)

    def beside(self, ask: Callable[[str], Any], many: int, kind: str, first: int) -> None:
        """Ten results with the words marked, read from the database; FTS5 is asked the same in turn."""
        clock = time.thread_time if self.name == "whoosh" else time.perf_counter  # a server works elsewhere
        ours, theirs = [], []
        for number, (lang, question) in enumerate(islice(questions(1, first), many + 100)):
            theirs_took = timed(partial(ask, question), clock)
            with self.app.test_request_context():
                took = timed(partial(self.top_ten, question, lang), clock)
            if number >= 100:  # the first ones warm both up
                ours.append(took)
                theirs.append(theirs_took)
        ratio = statistics.median(ours) / statistics.median(theirs)
        self.rows[f"{kind}: ten results with highlights, p50, × FTS5"] = verdict(ratio, 10, "×", 1)
        for name, some in (("here", ours), ("FTS5", theirs)):
            self.rows[f"… p50 and p95, {name} ({kind})"] = f"{statistics.median(some):.1f} and {p95(some):.1f} ms"

    def top_ten(self, question: str, lang: str) -> None:
        found = search(question, AnonymousUserMixin(), lang)
        assert not found.is_degraded
        shown = present(found, found.hits[:10], AnonymousUserMixin(), lang)
        assert shown or not found.hits

    def typing(self, many: int) -> None:
        """Questions as they are typed, by every second letter, each through the whole view."""
        took, spent, client = [], [], self.app.test_client()
        for lang, question in islice(questions(2), many):
            for end in range(2, len(question) + 1, 2):
                path = WEB + quote_plus(question[:end]) + f"&lang={lang}"
                before = time.thread_time()
                took.append(timed(partial(client.get, path)))
                spent.append((time.thread_time() - before) * 1000)
        self.rows["as one types, p95"] = verdict(p95(took[50:]), 50, "ms", 1)
        self.rows["… p50"] = f"{statistics.median(took[50:]):.1f} ms"
        self.rows["… p50 and p95 of the CPU of the web process alone"] = (
            f"{statistics.median(spent[50:]):.1f} and {p95(spent[50:]):.1f} ms"
        )

    def change(self, many: int) -> None:
        """One article published again, until it is in the index: the indexer's part alone, and the search after it."""
        took, after = [], []
        for number, (lang, question) in enumerate(islice(questions(3), many), 1):
            with self.app.test_request_context():
                with writing():
                    self.publish(number, utcnow())
                    db.session.commit()
                with writing():
                    took.append(timed(apply_changes))
                    db.session.commit()
            with self.app.test_request_context():
                after.append(timed(partial(self.top_ten, question, lang)))
        self.rows["one changed article in the index, p50"] = verdict(statistics.median(took), 50, "ms", 1)
        self.rows["… p95"] = f"{p95(took):.1f} ms"
        self.rows["… the next question of a process, p50"] = f"{statistics.median(after):.0f} ms"

    def publish(self, number: int, now: datetime) -> None:
        lang, name, words = document(number)
        body = f"{words} {' '.join(sentence(lang, Random(now.microsecond), 3))}"
        publish(Manuscript(f"bench-{number}", f"guide-{number}", lang, name, body), now=now)

    def serve(self, many: int, seconds: float) -> None:
        """What the real web server does: memory, searches a second, and searches while the indexer works."""
        self.portal.start_web()
        assert self.portal.web
        server = Server(self.portal.web, self.portal.port)
        rate = 1000 / statistics.mean(self.ask_all(questions(4), many))
        self.rows[f"web process after {many:,} searches"] = verdict(server.memory(), 150, "MB")
        self.rows["searches a second, each asked once"] = f"{rate:,.0f}"
        again = list(islice(questions(4), 50))
        self.ask_all(iter(again), 50)
        self.rows["… asked before"] = f"{1000 / statistics.mean(self.ask_all(iter(again * 10), 500)):,.0f}"
        self.portal.start_worker()
        time.sleep(3)
        pace, asked = rate / 4, questions(5)
        quiet = self.paced(asked, pace, seconds)
        changing = self.during(self.keep_changing, asked, pace, seconds)
        quiet += self.paced(asked, pace, seconds)
        building = self.during(self.keep_building, asked, pace, seconds)
        quiet += self.paced(asked, pace, seconds)
        for name, some in (("an article changes every second", changing), ("the index is built anew", building)):
            slower = statistics.median(some) / statistics.median(quiet) * 100 - 100
            self.rows[f"searches slower while {name}, p50"] = verdict(slower, 20, "%")
            self.rows[f"… p95 then, and without ({name})"] = f"{p95(some):.0f} and {p95(quiet):.0f} ms"
        self.portal.stop()

    def ask_all(self, asked: Iterator[tuple[str, str]], many: int) -> list[float]:
        """How long each took through the view of results, in milliseconds, one after the other."""
        assert self.portal.web
        server = Server(self.portal.web, self.portal.port)
        pages = (Page("search", f"/search?q={quote_plus(question)}&lang={lang}") for lang, question in asked)
        return [timed(partial(server.ask, page, "identity")) for page in islice(pages, many)]

    def paced(self, asked: Iterator[tuple[str, str]], rate: float, seconds: float) -> list[float]:
        """The same at a steady rate: from when each was due, so that a pause counts for all who wait in it."""
        assert self.portal.web
        server, took, first = Server(self.portal.web, self.portal.port), [], time.monotonic()
        for number in range(int(rate * seconds)):
            lang, question = next(asked)
            due = first + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            server.ask(Page("search", f"/search?q={quote_plus(question)}&lang={lang}"), "identity")
            took.append((time.monotonic() - due) * 1000)
        return took

    def during(self, work: Callable[[threading.Event], None], *how: Any) -> list[float]:
        ended = threading.Event()
        thread = threading.Thread(target=work, args=(ended,))
        thread.start()
        time.sleep(2)
        took = self.paced(*how)
        ended.set()
        thread.join()
        return took

    def keep_changing(self, ended: threading.Event) -> None:
        number = 0
        while not ended.wait(1):
            number += 1
            with self.app.test_request_context(), writing():
                self.publish(number, utcnow())
                db.session.commit()

    def keep_building(self, ended: threading.Event) -> None:
        child = subprocess.Popen(
            [sys.executable, "-m", "portal", "reindex"], env=self.portal.environment, stdout=subprocess.DEVNULL
        )
        while not ended.wait(0.2):
            assert child.poll() is None, "the building was over too early: measure for a shorter time"
        child.kill()
        child.wait()


def timed(what: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Milliseconds by this clock."""
    started = clock()
    what()
    return (clock() - started) * 1000


# What a thread works: others' work on the machine is not in it.
worked = partial(timed, clock=time.thread_time)


def p95(took: Sequence[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]


def verdict(value: float, most: float, unit: str, digits: int = 0) -> str:
    return f"{value:,.{digits}f} {unit} ({most} {'met' if value <= most else 'missed'})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--documents", type=int, default=100_000)
    options.add_argument("--questions", type=int, default=500)
    options.add_argument("--seconds", type=float, default=15, help="of each time of asking while the indexer works")
    options.add_argument("--engines", default="whoosh,postgresql")
    given = options.parse_args()
    told: dict[str, dict[str, str]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ask, spent = fts5(folder / "fts5.db", given.documents)
        for name in given.engines.split(","):
            own: dict[str, object] = {"mode": "production", "limit_search": "1000000 per minute"}
            if name == "postgresql":
                server = stack.enter_context(postgresql.running())
                own |= {"search_engine": name, "database_url": server.new_database()}
            portal = Portal(folder / name, **own, log_level="WARNING", web_workers=1)
            stack.callback(portal.stop)
            portal.run("db", "upgrade")
            told[name] = measured(Bench(name, portal, given.documents), ask, spent, given)
    report(told, given)


def measured(bench: Bench, ask: Callable[[str], Any], spent: float, given: argparse.Namespace) -> dict[str, str]:
    steps: list[tuple[str, Callable[[], None]]] = [
        ("filled", lambda: fill(bench.app, bench.many)),
        ("built", lambda: bench.build(spent)),
        ("asked beside FTS5", lambda: bench.beside(ask, given.questions, "any words", 0)),
        ("asked for rarer words", lambda: bench.beside(ask, given.questions, "rarer words", RARE)),
        ("typed", lambda: bench.typing(given.questions // 10)),
        ("changed", lambda: bench.change(30)),
        ("served", lambda: bench.serve(2 * given.questions, given.seconds)),
    ]
    for name, step in steps:
        print(f"{bench.name}: {name} in {timed(step) / 1000:.0f} s", file=sys.stderr, flush=True)
        for row, cell in bench.rows.items():
            print(f"  {row}: {cell}", file=sys.stderr, flush=True)
    with bench.app.app_context():
        db.engine.dispose()
    return bench.rows


def report(told: dict[str, dict[str, str]], given: argparse.Namespace) -> None:
    """The table of README.md, as Markdown."""
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    machine = f"{psutil.cpu_count()} cores, {platform.system()} {platform.machine()}, load {load}"
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {machine}.")
    print(f"{given.documents:,} documents of {LENGTH} words in {len(LANGUAGES)} languages.\n")
    print("| measure | " + " | ".join(told) + " |\n|---|" + "---:|" * len(told))
    for row in next(iter(told.values())):
        print(f"| {row} | " + " | ".join(rows.get(row, "") for rows in told.values()) + " |")


if __name__ == "__main__":
    main()
