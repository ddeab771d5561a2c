"""kill -9 of web server and worker amid filings: what was acknowledged is there, once, and was confirmed.

A sample in the suite; `FOYER_FILINGS=50 pytest tests/jobs/test_filing_survives.py` is the whole.
"""

import os
import random
import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path

from argon2 import PasswordHasher
from flask import Flask

from portal.accounts.people import User
from portal.db import db, writing
from portal.mail import Mail
from portal.tickets.ticket import Ticket
from tests import cast
from tests.jobs.conftest import application
from tests.running import Portal, wait_for
from tests.visiting import Visitor

FILINGS = int(os.environ.get("FOYER_FILINGS", "10"))
PATIENCE = 60


def file_one(visitor: Visitor, subject: str, product: str) -> int:
    """File a ticket and return the acknowledged number: like a person, who sends the form again until it answers."""
    until, fields = time.monotonic() + PATIENCE, None
    while time.monotonic() < until:
        try:
            if fields is None:
                page = visitor.get("/tickets/new")
                fields = {name: page.hidden(name) for name in ("csrf_token", "form_key")}
                fields |= {"topic": "product", "product": product, "subject": subject, "body": "It beeps."}
            answer = visitor.post("/tickets/new", **fields)
        except OSError:
            time.sleep(0.1)  # the server is away
            continue
        if answer.status == 302 and (number := re.search(r"/tickets/(\d{8})", answer.location)):
            return int(number[1])
        assert answer.status >= 500, f"{answer.status} {answer.location} {answer.text[:2000]}"
    raise AssertionError("the web server did not come back")


def kill_and_restart(portal: Portal) -> None:
    assert portal.web and portal.worker
    portal.worker.kill()
    time.sleep(random.uniform(0, 0.2))
    portal.web.kill()
    portal.start_web()
    portal.start_worker(module="tests.jobs.kinds")


def people(app: Flask) -> None:
    """The cast, with the password hashed as the web server wants it: the application here is a test's."""
    hashed = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(cast.PASSWORD)
    with app.app_context(), writing():
        world = cast.gather()
        db.session.execute(db.update(User).values(password=hashed))
        cast.subscribe(world.heron, "business", "sla-24x5")
        db.session.commit()


def test_every_acknowledged_ticket_is_there_once_and_confirmed(tmp_path: Path) -> None:
    portal = Portal(tmp_path, mode="production", limit_filing="10000 per hour", secret_key=secrets.token_hex(16))
    with application(portal) as app:
        people(app)
        portal.start_web()
        portal.start_worker(module="tests.jobs.kinds")
        try:
            acknowledged = file_amid_kills(portal)
            wait_for(lambda: portal.run("worker", "--once") and not unsent(app), 60, every=1)
        finally:
            portal.stop()
        assert len(acknowledged) == len(set(acknowledged)) == FILINGS
        with app.app_context():
            assert sorted(db.session.scalars(db.select(Ticket.number))) == sorted(acknowledged)
    confirmed = [message_from_bytes(path.read_bytes())["Subject"] for path in (portal.instance / "mail").glob("*.eml")]
    assert all(any(str(number) in subject for subject in confirmed) for number in acknowledged)


def file_amid_kills(portal: Portal) -> list[int]:
    visitors = [Visitor(portal.url) for _ in range(2)]
    for visitor in visitors:
        assert visitor.sign_in(cast.ADDRESSES["customer"], cast.PASSWORD).status == 302
    done = threading.Semaphore(0)

    def file_and_tell(n: int) -> int:
        number = file_one(visitors[n % 2], f"Filing {n}", "beacon")
        done.release()
        return number

    with ThreadPoolExecutor(2) as pool:
        filings = [pool.submit(file_and_tell, n) for n in range(FILINGS)]
        for _ in range(FILINGS // 3):  # in the middle, at no particular moment
            assert done.acquire(timeout=PATIENCE)
        time.sleep(random.uniform(0, 0.1))
        kill_and_restart(portal)
        return [filing.result() for filing in filings]


def unsent(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(db.select(Mail.id).where(Mail.sent_at.is_(None))).all())
