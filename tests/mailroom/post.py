"""Real processes that mail comes in by: an IMAP server, and a mail server that does not give up."""

import imaplib
import smtplib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running import Process, free_port, wait_for

FOLDER = "Help"


@dataclass
class Mailbox:
    """A mailbox on a real IMAP server."""

    port: int

    @property
    def url(self) -> str:
        return f"imap://demouser:demopass@127.0.0.1:{self.port}/{FOLDER}"

    def open(self) -> imaplib.IMAP4:
        line = imaplib.IMAP4("127.0.0.1", self.port, timeout=60)
        line.login("demouser", "demopass")
        return line

    def put(self, *mails: bytes) -> None:
        with self.open() as line:
            for raw in mails:
                assert line.append(FOLDER, "", imaplib.Time2Internaldate(time.time()), raw)[0] == "OK"

    def count(self, what: str) -> int:
        """How many mails are UNSEEN, SEEN or the like."""
        with self.open() as line:
            line.select(FOLDER, readonly=True)
            return len(line.search(None, what)[1][0].split())

    def answers(self) -> bool:
        try:
            with self.open() as line:
                return line.create(FOLDER)[0] in ("OK", "NO")
        except (OSError, imaplib.IMAP4.error):
            return False


@contextmanager
def imap_server(folder: Path, *tls: str) -> Iterator[Mailbox]:
    """Pymap, with everything in its memory. `tls` are its options for a certificate."""
    box = Mailbox(free_port())
    options = ["--host", "127.0.0.1", "--port", str(box.port), *(tls or ["--no-tls"]), "--no-service", "admin"]
    program = str(Path(sys.executable).with_name("pymap"))
    server = Process(program, *options, "dict", "--demo-data", log=folder / "imap.log")
    try:
        if not tls:
            wait_for(box.answers)
        yield box
    finally:
        server.kill()


def hand_over(port: int, raw: bytes, *, seconds: float = 60) -> None:
    """By LMTP, again and again until it is taken: as a mail server does."""
    until = time.monotonic() + seconds
    while True:
        try:
            with smtplib.LMTP("127.0.0.1", port, timeout=60) as line:
                line.sendmail("carla@heron.example", ["help@vendor.example"], raw)
            return
        except (OSError, smtplib.SMTPException):
            assert time.monotonic() < until, "nobody takes mail any more"
            time.sleep(0.1)
