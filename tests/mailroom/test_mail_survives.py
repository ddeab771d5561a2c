"""kill -9 of the worker amid mail that comes in by LMTP and IMAP: every mail is filed, and filed once.

A sample in the suite; `FOYER_MAILS=300 pytest tests/mailroom/test_mail_survives.py` is the whole, with a kill for each.
"""

import os
import random
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flask import Flask

from portal.db import db, writing
from portal.mailroom.received import ReceivedMail, raw_of
from portal.tickets.ticket import Ticket
from tests import cast
from tests.jobs.conftest import application
from tests.mailroom.post import Mailbox, hand_over, imap_server
from tests.mailroom.writing import mail
from tests.running import Portal, Process, free_port, wait_for

MAILS = int(os.environ.get("FOYER_MAILS", "9"))
KILLS = MAILS if "FOYER_MAILS" in os.environ else 3
PATIENCE = 60 + 2 * MAILS


def people(app: Flask) -> None:
    with app.app_context(), writing():
        world = cast.gather()
        cast.subscribe(world.heron, "business", "sla-24x5")
        db.session.commit()


def kill_now_and_then(portal: Portal, kills: int, is_over: threading.Event) -> None:
    """At no particular moment, also while it starts."""
    for count in range(kills):
        if is_over.wait(random.uniform(0.5, 3)):
            print(f"{count} kills")
            break
        assert portal.worker
        portal.worker.kill()
        portal.start_worker()


def filed(app: Flask) -> list[str]:
    with app.app_context():
        return sorted(db.session.scalars(db.select(Ticket.subject)))


def test_mail_by_lmtp_is_filed_once_whatever_dies(tmp_path: Path) -> None:
    port = free_port()
    listens = {"mail_listen": f"lmtp://127.0.0.1:{port}", "limit_filing": "100000 per hour"}
    portal = Portal(tmp_path, mode="production", secret_key=secrets.token_hex(16), **listens)
    with application(portal) as app:
        people(app)
        portal.start_worker()
        over = threading.Event()
        killer = threading.Thread(target=kill_now_and_then, args=(portal, KILLS, over))
        killer.start()
        try:
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(lambda n: slowly(port, n), range(MAILS)))
        finally:
            over.set()
            killer.join()
            portal.stop()
        assert filed(app) == sorted(f"Mail {number}" for number in range(MAILS))
        with app.app_context():
            for row in db.session.scalars(db.select(ReceivedMail)):
                assert len(raw_of(row)) == row.size


def slowly(port: int, number: int) -> None:
    time.sleep(random.uniform(0, 10 * KILLS / MAILS))  # so that the mails last as long as the kills
    hand_over(port, mail(subject=f"Mail {number}"), seconds=PATIENCE)


def test_mail_by_imap_is_filed_once_whatever_dies(tmp_path: Path) -> None:
    with imap_server(tmp_path) as box:
        portal = Portal(tmp_path, mode="production", imap_url=box.url, limit_filing="100000 per hour")
        with application(portal) as app:
            people(app)
            box.put(*[mail(subject=f"Mail {number}") for number in range(MAILS)])
            for _ in range(KILLS):
                fetch_and_die(portal, box)
            wait_for(lambda: portal.run("mail", "fetch") and box.count("UNSEEN") == 0, PATIENCE, every=1)
            assert filed(app) == sorted(f"Mail {number}" for number in range(MAILS))


def fetch_and_die(portal: Portal, box: Mailbox) -> None:
    """Kill a fetcher in the middle of its round: some time after it began to take."""
    import sys

    log = portal.folder / "fetch.log"
    process = Process(sys.executable, "-m", "portal", "mail", "fetch", log=log, env=portal.environment)
    before = box.count("UNSEEN")
    until = time.monotonic() + 30
    while process.child.poll() is None and box.count("UNSEEN") == before and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.05))
    process.kill()
