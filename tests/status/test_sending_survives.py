"""kill -9 of the worker and a mail server that goes away, in the middle of a mass sending: everybody gets their mail.

A sample in the suite; `FOYER_RECIPIENTS=10000 FOYER_KILLS=20 pytest tests/status/test_sending_survives.py -s` is the
whole: so many recipients and kills, and a quarter as many outages.
"""

import os
import random
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flask import Flask

from portal.db import db, utcnow, writing
from portal.jobs import sweep
from portal.status.sending import resume
from portal.status.subscriber import Sending
from tests.jobs.conftest import application
from tests.running import Portal, free_port, mail_server, wait_for
from tests.status.telling_rows import reported, subscribers

RECIPIENTS = int(os.environ.get("FOYER_RECIPIENTS", "200"))
KILLS = int(os.environ.get("FOYER_KILLS", "2"))
OUTAGES = max(1, KILLS // 4)
A_MINUTE = 9000


def sent(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count(Sending.id)).where(Sending.state == "sent")) or 0


def ring(app: Flask) -> None:
    """What the worker does each minute."""
    with app.app_context():
        with writing():
            resume(now=utcnow())
            db.session.commit()
        sweep()


class Server:
    """The mail server, which goes and comes back; what it took while it was there."""

    def __init__(self, port: int) -> None:
        self.port, self.stack, self.taken = port, ExitStack(), list[list[Any]]()

    def start(self) -> None:
        self.taken.append(self.stack.enter_context(mail_server(self.port)))

    def stop(self) -> None:
        self.stack.close()

    @property
    def mails(self) -> list[Any]:
        return [mail for some in self.taken for mail in some]


def test_everybody_gets_it_through_kills_and_outages(tmp_path: Path) -> None:
    server = Server(free_port())
    url = f"smtp://127.0.0.1:{server.port}"
    portal = Portal(tmp_path, mode="production", mail_url=url, status_mails_minute=A_MINUTE)
    blows = ["kill"] * KILLS + ["outage"] * OUTAGES
    random.shuffle(blows)
    began = time.monotonic()
    with application(portal) as app:
        with app.app_context(), writing():
            subscribers(RECIPIENTS)
            reported(app)
        server.start()
        portal.start_worker(module="tests.jobs.kinds")
        try:
            for number, blow in enumerate(blows, 1):
                mark = RECIPIENTS * number // (len(blows) + 1)

                def has_come_so_far(mark: int = mark) -> bool:
                    ring(app)
                    return sent(app) >= mark

                wait_for(has_come_so_far, 600, every=0.2)
                time.sleep(random.uniform(0, 0.1))
                if blow == "kill":
                    assert portal.worker
                    portal.worker.kill()
                    portal.start_worker(module="tests.jobs.kinds")
                else:
                    server.stop()
                    time.sleep(1)
                    server.start()
            wait_for(lambda: ring(app) or sent(app) == RECIPIENTS, 900, every=0.5)  # type: ignore[func-returns-value]
        finally:
            portal.stop()
            server.stop()
    got = Counter(str(mail["To"]) for mail in server.mails)
    again = sum(got.values()) - len(got)
    took = time.monotonic() - began
    print(f"{len(got)} of {RECIPIENTS} in {took:.0f} s: {KILLS} kills, {OUTAGES} outages, {again} twice")
    assert len(got) == RECIPIENTS
    assert again <= KILLS + OUTAGES
    ids = Counter(str(mail["Message-ID"]) for mail in server.mails)
    assert len(ids) == RECIPIENTS, "the second of a mail has the same Message-ID"
    assert {str(mail["List-Unsubscribe-Post"]) for mail in server.mails} == {"List-Unsubscribe=One-Click"}
    assert len({str(mail["References"]) for mail in server.mails}) == 1
