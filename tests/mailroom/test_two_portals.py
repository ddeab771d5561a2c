"""Two portals that mail each other, each with a real worker and listener: neither goes on for long."""

import os
import smtplib
import time
from pathlib import Path

from flask import Flask

from portal.db import db
from portal.mail import Mail
from portal.mailroom.received import ReceivedMail
from tests.jobs.conftest import application
from tests.mailroom.writing import mail
from tests.running import Portal, free_port, wait_for

SECONDS = float(os.environ.get("FOYER_LOOP_SECONDS", "5"))
ONE, OTHER = "help@one.example", "help@other.example"


def counted(app: Flask) -> tuple[int, int, int]:
    """(mails written, of these sent, mails received)"""
    with app.app_context():
        sent = [row is not None for row in db.session.scalars(db.select(Mail.sent_at))]
        return len(sent), sum(sent), len(db.session.scalars(db.select(ReceivedMail.id)).all())


def test_two_portals_answer_each_other_once_at_most(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    portals = [
        Portal(
            tmp_path / name,
            mode="production",
            mail_from=address,
            mail_listen=f"smtp://127.0.0.1:{ports[at]}",
            mail_url=f"smtp://127.0.0.1:{ports[1 - at]}",
        )
        for at, (name, address) in enumerate((("one", ONE), ("other", OTHER)))
    ]
    with application(portals[0]) as one, application(portals[1]) as other:
        for portal in portals:
            portal.start_worker()
        try:
            deliver(ports[0], mail(OTHER, "Hello"), sender=OTHER)  # a forger starts it
            deliver(ports[1], mail(ONE, "Hello"), sender=ONE)
            wait_for(lambda: counted(one)[2] == 2 and counted(other)[2] == 2, 30)
            time.sleep(SECONDS)
        finally:
            for portal in portals:
                portal.stop()
        assert counted(one) == counted(other) == (1, 1, 2)


def deliver(port: int, raw: bytes, *, sender: str) -> None:
    def is_taken() -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as line:
                return line.sendmail(sender, ["help@there.example"], raw) == {}
        except OSError:
            return False

    wait_for(is_taken, 30, every=0.2)
