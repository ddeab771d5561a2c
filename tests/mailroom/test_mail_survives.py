"""kill -9 of worker and fetcher amid mail that comes in by LMTP and IMAP: every mail is filed, and filed once.

A sample in the suite; with `FOYER_KILLS=300` two thirds of the kills are here, the others are said in
tests/tickets/test_watching_survives.py, with the command for all.
"""

import os
import random
import secrets
import socket
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

KILLS = max(1, int(os.environ.get("FOYER_KILLS", "9")) // 3)  # of each
MAILS = 6 + KILLS  # by IMAP
SENDERS = 3
PATIENCE = 120


def people(app: Flask) -> None:
    with app.app_context(), writing():
        world = cast.gather()
        cast.subscribe(world.heron, "business", "sla-24x5")
        db.session.commit()


def kill_now_and_then(portal: Portal, port: int) -> None:
    """At no particular moment, now and then also while it starts."""
    for _kill in range(KILLS):
        if random.random() < 0.8:
            wait_for(lambda: is_open(port), 60)
        time.sleep(random.uniform(0, 1))
        assert portal.worker
        portal.worker.kill()
        portal.start_worker()


def is_open(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


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
        with ThreadPoolExecutor(SENDERS) as pool:
            senders = [pool.submit(write_until, over, port, name) for name in range(SENDERS)]
            try:
                kill_now_and_then(portal, port)
                over.set()
                sent = sum(sender.result() for sender in senders)
            finally:
                over.set()
                portal.stop()
        print(f"{KILLS} kills amid {sent} mails by LMTP")
        assert len(filed(app)) == len(set(filed(app))) == sent
        with app.app_context():
            for row in db.session.scalars(db.select(ReceivedMail)):
                assert len(raw_of(row)) == row.size


def write_until(over: threading.Event, port: int, sender: int) -> int:
    """One mail after the other, each until it is taken; returns how many."""
    count = 0
    while count == 0 or not over.is_set():
        time.sleep(random.uniform(0, 0.5))
        hand_over(port, mail(subject=f"Mail {count} of {sender}"), seconds=PATIENCE)
        count += 1
    return count


def test_mail_by_imap_is_filed_once_whatever_dies(tmp_path: Path) -> None:
    with imap_server(tmp_path) as box:
        portal = Portal(tmp_path, mode="production", imap_url=box.url, limit_filing="100000 per hour")
        with application(portal) as app:
            people(app)
            box.put(*[mail(subject=f"Mail {number}") for number in range(MAILS)])
            for _ in range(KILLS):
                fetch_and_die(portal, box)
            wait_for(lambda: portal.run("mail", "fetch") and box.count("UNSEEN") == 0, PATIENCE, every=1)
            print(f"{KILLS} kills amid {MAILS} mails by IMAP")
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
