"""`python -m tests.status.away`: a portal whose database is gone, its status page, and what was said meanwhile.

Real processes: a portal with the demo writes its static copy, then it is stopped and its database taken away. A plain
web server has the copy; an incident is posted and resolved; the database comes back and takes it in, once.
"""

import json
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.running import Portal, Process, free_port, wait_for

TITLE = "Everything is dark"
PATHS = ("", "history.html", "history.atom", "history.rss", "calendar.ics", "badge.svg", "api/v2/summary.json")
BEGAN = time.monotonic()


def say(*words: Any) -> None:
    print(f"{time.monotonic() - BEGAN:6.1f} s ", *words, flush=True)


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode())


@contextmanager
def served(copy: Path) -> Iterator[str]:
    """The address of a web server that knows nothing but files, in a process of its own."""
    port = free_port()
    command = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(copy))
    process = Process(*command, log=copy.parent / "served.log")

    def answers() -> bool:
        try:
            return bool(read(f"http://127.0.0.1:{port}/"))
        except urllib.error.URLError:
            return False

    try:
        wait_for(answers)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.stop()


def show(base: str, what: str) -> None:
    found = {path or "index.html": len(read(base + path)) for path in PATHS}
    summary = json.loads(read(base + "api/v2/summary.json"))
    say(what, ", ".join(f"{path} {size} bytes" for path, size in found.items()))
    say("   summary:", summary["status"], [one["name"] for one in summary["incidents"]])


def taken_in(database: Path) -> list[tuple[Any, ...]]:
    query = "SELECT i.status, i.source, count(u.id) FROM incident i JOIN incident_update u ON u.incident_id = i.id"
    with closing(sqlite3.connect(database, timeout=15)) as connection:
        return connection.execute(f"{query} WHERE i.title = ? GROUP BY i.id", (TITLE,)).fetchall()


def walk(portal: Portal) -> None:
    copy, database = portal.instance / "status", portal.instance / "portal.db"
    portal.start_web()
    portal.start_worker()
    wait_for((copy / "index.html").exists, 90)
    say("the copy is written")
    portal.stop()
    away = database.rename(database.with_name("away.db"))
    database.mkdir()  # whoever opens it fails
    with served(copy) as base:
        show(base, "no portal, no database:")
        asked = ("--title", TITLE, "--component", "console=major_outage", "--body", "We look.")
        say("posted:", posted := portal.run("status", "post", *asked).strip())
        show(base, "after that:")
        assert TITLE in read(base) and TITLE in read(base + "history.atom")
        summary = json.loads(read(base + "api/v2/summary.json"))
        (mine,) = [one for one in summary["incidents"] if one["name"] == TITLE]
        assert mine["id"] in posted
        portal.run("status", "post", "--resolve", mine["id"], "--body", "Light again.")
        assert "Light again." in read(base + "history.atom")
        say("resolved")
        database.rmdir()
        away.rename(database)
        portal.start_worker()
        wait_for(lambda: taken_in(database), 90)
        say("the database is back and has it:", taken_in(database))
        time.sleep(3)
        assert taken_in(database) == [("resolved", "offline", 2)]
        told = json.loads(read(base + "api/v2/incidents.json"))["incidents"]
        assert [one["name"] for one in told].count(TITLE) == 1
        say("once in the database, once in the copy")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        here = Portal(Path(folder), mode="demo", log_level="WARNING")
        try:
            walk(here)
        finally:
            here.stop()
