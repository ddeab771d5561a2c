"""kill -9 of the worker amid commits to the index: searches go on, and in the end nothing is missing and nothing stale.

A sample in the suite; `INDEX_KILLS=200 pytest -s tests/knowledge/test_indexing_survives.py` is the whole, and says when
the kills came.
"""

import json
import os
import random
import signal
import string
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from knowledge.articles.writing import Manuscript, publish
from knowledge.search.changes import outstanding
from knowledge.search.index import ailing
from portal.db import db, utcnow, writing
from portal.jobs import Job, run_due, sweep
from tests.jobs.conftest import application
from tests.running import ROOT, Portal, wait_for
from tests.visiting import Visitor

pytestmark = pytest.mark.whoosh

KILLS = int(os.environ.get("INDEX_KILLS", "4"))
ARTICLES = 40
CHANGED = 12  # at once
MOST_STALE = 300  # of the words that are gone, the last ones are looked for


class Shelf:
    """The articles as they should be found: each text begins with a word that stands nowhere else."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.words: dict[str, str] = {}  # by article, of those that are published
        self.gone: list[str] = []
        self.change([f"article-{number}" for number in range(ARTICLES)])
        with app.app_context():
            run_due()

    def change(self, slugs: list[str]) -> None:
        """Publish these with a new word, in one transaction; now and then one is archived instead."""
        with self.app.app_context(), writing():
            for slug in slugs:
                if slug in self.words:
                    self.gone.append(self.words.pop(slug))
                word, is_archived = new_word(), bool(self.gone) and random.random() < 0.1
                body = f"{word} {FILLING}\n\n## More\n\n{FILLING}"
                status = "archived" if is_archived else "published"
                publish(Manuscript(f"en/{slug}", slug, "en", f"About {word}", body, status=status), now=utcnow())
                self.gone.append(word) if is_archived else self.words.update({slug: word})
            db.session.commit()


def new_word() -> str:
    return "".join(random.choices(string.ascii_lowercase, k=14))


FILLING = " ".join(new_word() for _ in range(150))


class Searching(threading.Thread):
    """Visitors who search all the while, on the pages and through the API."""

    def __init__(self, url: str, shelf: Shelf) -> None:
        super().__init__(daemon=True)
        self.visitor, self.shelf, self.stop = Visitor(url), shelf, threading.Event()
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        while not self.stop.wait(0.02):
            word = random.choice(list(self.shelf.words.values()))
            address = random.choice(("/api/search?q=", "/search?q=", "/search/suggest?q="))
            try:
                self.answers[self.visitor.get(address + quote(f"about {word}")).status] += 1
            except OSError:
                self.answers[0] += 1


@contextmanager
def searching(url: str, shelf: Shelf) -> Iterator[Searching]:
    thread = Searching(url, shelf)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop.set()
        thread.join()


class Nursery:
    """Where the workers of this test come from."""

    def __init__(self, portal: Portal) -> None:
        command = [sys.executable, "-m", "tests.jobs.nursery"]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        streams: dict[str, Any] = {"stdin": pipe, "stdout": pipe, "stderr": nowhere, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, env=portal.environment, **streams)
        self.worker = 0

    def start(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.worker = int(self.process.stdout.readline())

    def kill(self) -> None:
        assert self.process.stdout
        os.kill(self.worker, signal.SIGKILL)
        assert int(self.process.stdout.readline()) == self.worker
        self.worker = 0

    def close(self) -> None:
        if self.worker:
            self.kill()
        self.process.communicate(timeout=10)


def begun(app: Flask) -> int:
    """How often a worker began to index."""
    with app.app_context():
        return db.session.scalar(db.select(db.func.sum(Job.attempts)).where(Job.kind == "index")) or 0


def waiting(app: Flask) -> int:
    with app.app_context():
        return outstanding()


def kill_amid_a_commit(nursery: Nursery, shelf: Shelf, folder: Path, wait: float) -> str:
    """Change some articles and kill the worker so long after it began to index. Returns how far it had come."""
    pointer, files = stand(folder)
    times = begun(shelf.app)
    shelf.change(random.sample(list(shelf.words), CHANGED) if len(shelf.words) > CHANGED else ALL)
    nursery.start()
    wait_for(lambda: begun(shelf.app) > times, 30, every=0.002)
    time.sleep(wait)
    nursery.kill()
    now = stand(folder)
    if now[0] != pointer:
        return "switched" if waiting(shelf.app) else "done"
    return "writing" if now[1] != files else "reading"


def kill_many(nursery: Nursery, shelf: Shelf, folder: Path) -> Counter[str]:
    """At random moments of an indexing, whose duration is guessed anew after each. Now and then there is no index."""
    moments: Counter[str] = Counter()
    took = 0.1
    while moments.total() - moments["done"] < KILLS:  # one that came too late doesn't count
        if moments.total() % 7 == 3:
            (folder / "current.json").unlink(missing_ok=True)
        came = kill_amid_a_commit(nursery, shelf, folder, random.uniform(0, took))
        took *= 0.8 if came == "done" else 1.1
        moments[came] += 1
    return moments


ALL = [f"article-{number}" for number in range(ARTICLES)]


def stand(folder: Path) -> tuple[str, set[tuple[str, int]]]:
    """What the index points to, and the files there are."""
    pointer = folder / "current.json"
    files = {(str(path), path.stat().st_size) for path in folder.rglob("*") if path.is_file() and path != pointer}
    return pointer.read_text() if pointer.exists() else "", files


def found(visitor: Visitor, word: str) -> list[str]:
    answer = visitor.get(f"/api/search?q={word}")
    assert answer.status == 200, answer.text
    return [result["id"] for result in json.loads(answer.text)["results"]]


def test_a_killed_indexer_loses_nothing_and_leaves_nothing_stale(tmp_path: Path) -> None:
    portal = Portal(tmp_path, mode="production", limit_search="1000000 per minute")
    with application(portal) as app:
        shelf = Shelf(app)
        nursery = Nursery(portal)
        portal.start_web()
        try:
            with searching(portal.url, shelf) as searches:
                moments = kill_many(nursery, shelf, portal.instance / "search")
                nursery.start()
                wait_for(lambda: is_up_to_date(app), 30, every=0.5)
            print(f"\n{moments.total()} kills: {dict(moments)}; searches by status: {dict(searches.answers)}")
            assert set(searches.answers) == {200}
            visitor = Visitor(portal.url)
            assert {slug: found(visitor, word) for slug, word in shelf.words.items()} == {
                slug: [f"en/{slug}"] for slug in shelf.words
            }
            assert not any(found(visitor, word) for word in shelf.gone[-MOST_STALE:])
        finally:
            nursery.close()
            portal.stop()


def is_up_to_date(app: Flask) -> bool:
    """What the clock of the last worker does each minute, and whether it has helped."""
    with app.app_context(), writing():
        sweep()
        db.session.commit()
        return not outstanding() and not ailing()
